//! A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.
//! `./toy_raft` is driven; with RAFT_TRACE set, `./toy_raft run` is traced.
//!
//!     rustc --edition 2021 -O toy_raft.rs
mod raft_kit;

use raft_kit::{list, object, serve, text, Json, Server, Trace};
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::time::Duration;

#[derive(Clone, Default)]
struct Entry { term: u64, value: String }

struct Message { id: String, source: String, dest: String, term: u64, body: Body } // with the id in a trace

enum Body {
    VoteRequest { last_index: usize, last_term: u64 },
    VoteResponse { granted: bool },
    AppendRequest { prev: usize, prev_term: u64, entries: Vec<Entry>, commit: usize },
    AppendResponse { success: bool, match_index: usize },
}
use Body::*;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Role { #[default] Follower, Candidate, Leader }
use Role::*;

#[derive(Default)]
struct Raft {
    me: String,
    peers: Vec<String>,
    current_term: u64,
    voted_for: Option<String>,
    log: Vec<Entry>, // from index 1 on: the first is of no term
    role: Role,
    commit_index: usize,
    votes: HashSet<String>,
    next_index: HashMap<String, usize>,
    match_index: HashMap<String, usize>,
}

fn is_asked_for(option: &str) -> bool { std::env::args().any(|each| each == option) }

impl Raft {
    fn start(me: &str, servers: &[String]) -> Raft {
        let peers = servers.iter().filter(|each| *each != me).cloned().collect();
        Raft { me: me.into(), peers, log: vec![Entry::default()], ..Raft::default() }
    }

    fn message(&self, dest: &str, body: Body) -> Message {
        let (source, dest) = (self.me.clone(), dest.into());
        Message { id: String::new(), source, dest, term: self.current_term, body }
    }

    fn end(&self) -> (u64, usize) { (self.log[self.log.len() - 1].term, self.log.len() - 1) }

    fn store(&mut self, mut at: usize, entries: &[Entry], commit: usize) -> usize {
        for entry in entries {
            at += 1;
            if at < self.log.len() && self.log[at].term != entry.term {
                self.log.truncate(at); // What conflicts goes, with all behind it.
            }
            if at == self.log.len() {
                self.log.push(entry.clone());
            }
        }
        self.commit_index = self.commit_index.max(commit.min(at));
        at
    }

    fn count_vote(&mut self, source: &str) {
        self.votes.insert(source.into());
        if 2 * self.votes.len() > self.peers.len() + 1 {
            self.role = Leader;
            self.next_index = self.peers.iter().map(|peer| (peer.clone(), self.log.len())).collect();
            self.match_index = self.peers.iter().map(|peer| (peer.clone(), 0)).collect();
        }
    }

    fn count_match(&mut self, source: &str, success: bool, match_index: usize) {
        let (next, old) = (self.next_index[source], self.match_index[source].max(match_index));
        self.next_index.insert(source.into(), (next - usize::from(!success)).max(old + 1));
        self.match_index.insert(source.into(), old);
        let mut all: Vec<_> = self.match_index.values().copied().chain([self.end().1]).collect();
        all.sort_unstable();
        let index = all[self.peers.len() / 2]; // So far have a majority come, with this server.
        if index > self.commit_index && self.log[index].term == self.current_term {
            self.commit_index = index;
        }
    }
}

impl Server for Raft {
    type Message = Message;

    fn restart(&mut self) -> Vec<Message> {
        (self.role, self.commit_index) = (Follower, 0);
        if is_asked_for("--forgets-vote") {
            self.voted_for = None; // A known bug, to see it found.
        }
        vec![]
    }

    fn timeout(&mut self) -> Vec<Message> {
        if self.role == Leader {
            return vec![];
        }
        (self.current_term, self.voted_for) = (self.current_term + 1, Some(self.me.clone()));
        (self.role, self.votes) = (Candidate, HashSet::from([self.me.clone()]));
        let (last_term, last_index) = self.end();
        self.peers.iter().map(|peer| self.message(peer, VoteRequest { last_index, last_term })).collect()
    }

    fn client_request(&mut self, value: &str) -> Vec<Message> {
        if self.role == Leader {
            self.log.push(Entry { term: self.current_term, value: value.into() });
        }
        vec![]
    }

    fn append_entries(&mut self, peer: &str, count: usize) -> Vec<Message> {
        if self.role != Leader {
            return vec![];
        }
        let (prev, commit) = (self.next_index[peer] - 1, self.commit_index);
        let entries = self.log[prev + 1..].iter().take(count).cloned().collect();
        vec![self.message(peer, AppendRequest { prev, prev_term: self.log[prev].term, entries, commit })]
    }

    fn receive(&mut self, m: &Message) -> Vec<Message> {
        if m.term > self.current_term {
            (self.current_term, self.voted_for, self.role) = (m.term, None, Follower);
        }
        let is_of_term = m.term == self.current_term;
        match &m.body {
            VoteRequest { last_index, last_term } => {
                let is_free = self.voted_for.as_ref().map_or(true, |vote| *vote == m.source);
                let granted = is_of_term && is_free && (*last_term, *last_index) >= self.end();
                if granted {
                    self.voted_for = Some(m.source.clone());
                }
                return vec![self.message(&m.source, VoteResponse { granted })];
            }
            AppendRequest { prev, prev_term, entries, commit } => {
                self.role = if is_of_term { Follower } else { self.role };
                let success = is_of_term && self.log.get(*prev).map(|each| each.term) == Some(*prev_term);
                let match_index = if success { self.store(*prev, entries, *commit) } else { 0 };
                return vec![self.message(&m.source, AppendResponse { success, match_index })];
            }
            VoteResponse { granted: true } if is_of_term && self.role == Candidate => self.count_vote(&m.source),
            AppendResponse { success, match_index } if is_of_term && self.role == Leader => {
                self.count_match(&m.source, *success, *match_index)
            }
            _ => {}
        }
        vec![]
    }

    // What it is in the names of traces/FORMAT.md:

    fn state(&self) -> Json {
        object(&[
            ("currentTerm", self.current_term.to_string()), ("log", named(&self.log[1..])),
            ("votedFor", self.voted_for.as_ref().map_or("null".into(), |vote| text(vote))),
            ("role", text(&format!("{:?}", self.role))), ("commitIndex", self.commit_index.to_string()),
        ])
    }

    fn fields(&self, m: &Message) -> Json {
        let (kind, more) = match &m.body {
            VoteRequest { last_index, last_term } => ("RequestVoteRequest", vec![
                ("lastLogIndex", last_index.to_string()), ("lastLogTerm", last_term.to_string()),
            ]),
            VoteResponse { granted } => ("RequestVoteResponse", vec![("voteGranted", granted.to_string())]),
            AppendRequest { prev, prev_term, entries, commit } => ("AppendEntriesRequest", vec![
                ("prevLogIndex", prev.to_string()), ("prevLogTerm", prev_term.to_string()),
                ("entries", named(entries)), ("leaderCommit", commit.to_string()),
            ]),
            AppendResponse { success, match_index } => ("AppendEntriesResponse", vec![
                ("success", success.to_string()), ("matchIndex", match_index.to_string()),
            ]),
        };
        let ends = [("type", text(kind)), ("source", text(&m.source)), ("dest", text(&m.dest))];
        object(&[&ends[..], &[("term", m.term.to_string())], &more].concat())
    }
}

fn named(entries: &[Entry]) -> Json {
    list(entries.iter().map(|each| object(&[("term", each.term.to_string()), ("value", text(&each.value))])))
}

// ---- A run that is traced: each server is a thread, and some messages are lost

fn chance(of: u64) -> u64 { RandomState::new().build_hasher().finish() % of }

fn live(mut server: Raft, inbox: Receiver<Message>, posts: HashMap<String, Sender<Message>>, trace: &Trace) {
    for _ in 0..100 {
        let patience = if server.role == Leader { 1 } else { 2 + chance(5) };
        let mut told = vec![];
        let (step, sends) = if let Ok(message) = inbox.recv_timeout(Duration::from_millis(patience)) {
            told.push(("message", object(&[("id", text(&message.id))])));
            ("Receive", server.receive(&message))
        } else if chance(20) == 0 {
            ("Restart", server.restart())
        } else if server.role == Leader {
            server.client_request("v");
            let peers = server.peers.clone();
            ("ClientRequest", peers.iter().flat_map(|peer| server.append_entries(peer, 2)).collect())
        } else {
            ("Timeout", server.timeout())
        };
        told.push(("state", server.state()));
        trace.line(step, &server.me, &told);
        for mut message in sends {
            message.id = trace.line("Send", &server.me, &[("message", server.fields(&message))]);
            if chance(10) > 0 {
                let _ = posts[&message.dest].send(message); // Who has ended gets nothing.
            }
        }
    }
}

pub fn main() {
    if !is_asked_for("run") {
        return serve(Raft::start);
    }
    let names = ["s1", "s2", "s3"].map(String::from);
    let trace = Trace::open(&names);
    let (senders, receivers): (Vec<_>, Vec<_>) = names.iter().map(|_| channel()).unzip();
    std::thread::scope(|threads| {
        for (me, inbox) in names.iter().zip(receivers) {
            let posts = names.iter().cloned().zip(senders.iter().cloned()).collect();
            let (server, trace) = (Raft::start(me, &names), &trace);
            threads.spawn(move || live(server, inbox, posts, trace));
        }
    });
    trace.flush();
}
