//! A toy Raft: elections, replication, restarts. Put your own in its place; the kit stays as it is.
//! `./toy_raft` is driven; with RAFT_TRACE set, `./toy_raft run` is traced.
//!
//!     rustc --edition 2021 -O toy_raft.rs
mod raft_kit;

use raft_kit::{list, object, serve, text, Json, Server, Trace};
use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone)]
struct Entry {
    term: u64,
    value: String,
}

#[derive(Clone)]
struct Message {
    source: String,
    dest: String,
    term: u64,
    body: Body,
}

#[derive(Clone)]
enum Body {
    VoteRequest { last_log_index: usize, last_log_term: u64 },
    VoteResponse { granted: bool },
    AppendRequest { prev_log_index: usize, prev_log_term: u64, entries: Vec<Entry>, leader_commit: usize },
    AppendResponse { success: bool, match_index: usize },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Follower,
    Candidate,
    Leader,
}

struct Raft {
    me: String,
    peers: Vec<String>,
    // Stored:
    current_term: u64,
    voted_for: Option<String>,
    log: Vec<Entry>,
    // In memory:
    role: Role,
    commit_index: usize,
    votes_granted: HashSet<String>,
    next_index: HashMap<String, usize>,
    match_index: HashMap<String, usize>,
}

fn is_asked_for(option: &str) -> bool {
    std::env::args().any(|each| each == option)
}

impl Raft {
    fn start(me: &str, servers: &[String]) -> Raft {
        Raft {
            me: me.into(),
            peers: servers.iter().filter(|each| *each != me).cloned().collect(),
            current_term: 0,
            voted_for: None,
            log: vec![],
            role: Role::Follower,
            commit_index: 0,
            votes_granted: HashSet::new(),
            next_index: HashMap::new(),
            match_index: HashMap::new(),
        }
    }

    fn message(&self, dest: &str, body: Body) -> Message {
        Message { source: self.me.clone(), dest: dest.into(), term: self.current_term, body }
    }

    fn term_at(&self, index: usize) -> u64 {
        if index == 0 { 0 } else { self.log[index - 1].term }
    }

    fn is_quorum(&self, count: usize) -> bool {
        2 * count > self.peers.len() + 1
    }

    fn lead(&mut self) {
        self.role = Role::Leader;
        self.next_index = self.peers.iter().map(|peer| (peer.clone(), self.log.len() + 1)).collect();
        self.match_index = self.peers.iter().map(|peer| (peer.clone(), 0)).collect();
    }

    fn store(&mut self, prev: usize, entries: &[Entry], leader_commit: usize) -> usize {
        let mut at = prev;
        for entry in entries {
            if at < self.log.len() && self.log[at].term != entry.term {
                self.log.truncate(at); // What conflicts goes, with all behind it.
            }
            if at == self.log.len() {
                self.log.push(entry.clone());
            }
            at += 1;
        }
        self.commit_index = self.commit_index.max(leader_commit.min(at));
        at
    }

    fn count(&mut self, peer: &str, success: bool, index: usize) {
        let (next, matched) = (self.next_index[peer], self.match_index[peer].max(index));
        let next = if success { next.max(index + 1) } else { (next - 1).max(matched + 1) };
        self.next_index.insert(peer.into(), next);
        self.match_index.insert(peer.into(), matched);
        for index in self.commit_index + 1..=self.log.len() {
            let have = 1 + self.match_index.values().filter(|matched| **matched >= index).count();
            if self.is_quorum(have) && self.term_at(index) == self.current_term {
                self.commit_index = index;
            }
        }
    }
}

impl Server for Raft {
    type Message = Message;

    fn restart(&mut self) -> Vec<Message> {
        self.role = Role::Follower;
        self.commit_index = 0;
        if is_asked_for("--forgets-vote") {
            self.voted_for = None; // A known bug, to see it found.
        }
        vec![]
    }

    fn timeout(&mut self) -> Vec<Message> {
        if self.role == Role::Leader {
            return vec![];
        }
        self.current_term += 1;
        self.voted_for = Some(self.me.clone());
        self.role = Role::Candidate;
        self.votes_granted = HashSet::from([self.me.clone()]);
        let (last_log_index, last_log_term) = (self.log.len(), self.term_at(self.log.len()));
        let ask = |peer: &String| self.message(peer, Body::VoteRequest { last_log_index, last_log_term });
        self.peers.iter().map(ask).collect()
    }

    fn client_request(&mut self, value: &str) -> Vec<Message> {
        if self.role == Role::Leader {
            self.log.push(Entry { term: self.current_term, value: value.into() });
        }
        vec![]
    }

    fn append_entries(&mut self, peer: &str, count: usize) -> Vec<Message> {
        if self.role != Role::Leader {
            return vec![];
        }
        let prev_log_index = self.next_index[peer] - 1;
        let entries = self.log[prev_log_index..].iter().take(count).cloned().collect();
        let (prev_log_term, leader_commit) = (self.term_at(prev_log_index), self.commit_index);
        let body = Body::AppendRequest { prev_log_index, prev_log_term, entries, leader_commit };
        vec![self.message(peer, body)]
    }

    fn receive(&mut self, m: &Message) -> Vec<Message> {
        if m.term > self.current_term {
            self.current_term = m.term;
            self.voted_for = None;
            self.role = Role::Follower;
        }
        let is_of_term = m.term == self.current_term;
        match &m.body {
            Body::VoteRequest { last_log_index, last_log_term } => {
                let mine = (self.term_at(self.log.len()), self.log.len());
                let is_free = self.voted_for.is_none() || self.voted_for.as_ref() == Some(&m.source);
                let granted = is_of_term && is_free && (*last_log_term, *last_log_index) >= mine;
                if granted {
                    self.voted_for = Some(m.source.clone());
                }
                return vec![self.message(&m.source, Body::VoteResponse { granted })];
            }
            Body::VoteResponse { granted: true } if is_of_term && self.role == Role::Candidate => {
                self.votes_granted.insert(m.source.clone());
                if self.is_quorum(self.votes_granted.len()) {
                    self.lead();
                }
            }
            Body::AppendRequest { prev_log_index: prev, prev_log_term, entries, leader_commit } => {
                if is_of_term {
                    self.role = Role::Follower;
                }
                let success = is_of_term && *prev <= self.log.len() && self.term_at(*prev) == *prev_log_term;
                let match_index = if success { self.store(*prev, entries, *leader_commit) } else { 0 };
                return vec![self.message(&m.source, Body::AppendResponse { success, match_index })];
            }
            Body::AppendResponse { success, match_index } if is_of_term && self.role == Role::Leader => {
                self.count(&m.source, *success, *match_index);
            }
            _ => {}
        }
        vec![]
    }

    // What it is in the names of traces/FORMAT.md:

    fn state(&self) -> Json {
        object(&[
            ("currentTerm", self.current_term.to_string()),
            ("votedFor", self.voted_for.as_ref().map_or("null".into(), |vote| text(vote))),
            ("role", text(&format!("{:?}", self.role))),
            ("commitIndex", self.commit_index.to_string()),
            ("log", named(&self.log)),
        ])
    }

    fn fields(&self, m: &Message) -> Json {
        let (kind, more) = match &m.body {
            Body::VoteRequest { last_log_index, last_log_term } => ("RequestVoteRequest", vec![
                ("lastLogIndex", last_log_index.to_string()),
                ("lastLogTerm", last_log_term.to_string()),
            ]),
            Body::VoteResponse { granted } => ("RequestVoteResponse", vec![("voteGranted", granted.to_string())]),
            Body::AppendRequest { prev_log_index, prev_log_term, entries, leader_commit } => {
                ("AppendEntriesRequest", vec![
                    ("prevLogIndex", prev_log_index.to_string()),
                    ("prevLogTerm", prev_log_term.to_string()),
                    ("entries", named(entries)),
                    ("leaderCommit", leader_commit.to_string()),
                ])
            }
            Body::AppendResponse { success, match_index } => ("AppendEntriesResponse", vec![
                ("success", success.to_string()),
                ("matchIndex", match_index.to_string()),
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

type Flight = (String, Message);

fn run(steps: usize) {
    let names: Vec<String> = ["s1", "s2", "s3"].map(String::from).to_vec();
    let trace = Arc::new(Trace::open(&names));
    let (senders, receivers): (Vec<_>, Vec<_>) = names.iter().map(|_| channel::<Flight>()).unzip();
    let posts: HashMap<String, Sender<Flight>> = names.iter().cloned().zip(senders).collect();
    let mut threads = vec![];
    for (number, (me, inbox)) in names.iter().zip(receivers).enumerate() {
        let (server, posts, trace) = (Raft::start(me, &names), posts.clone(), trace.clone());
        threads.push(std::thread::spawn(move || live(server, steps, inbox, posts, &trace, number as u64)));
    }
    for thread in threads {
        thread.join().unwrap();
    }
    trace.flush();
}

/// It waits for a message, or does something by itself, so many times.
fn live(
    mut server: Raft, steps: usize, inbox: Receiver<Flight>, posts: HashMap<String, Sender<Flight>>,
    trace: &Trace, mut seed: u64,
) {
    let mut chance = |of: u64| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) % of
    };
    for _ in 0..steps {
        let patience = if server.role == Role::Leader { 1 } else { 2 + chance(5) };
        let (mut parts, step, sends) = match inbox.recv_timeout(Duration::from_millis(patience)) {
            Ok((id, message)) => {
                (vec![("message", object(&[("id", text(&id))]))], "Receive", server.receive(&message))
            }
            Err(_) if chance(20) == 0 => (vec![], "Restart", server.restart()),
            Err(_) if server.role == Role::Leader => {
                server.client_request("v");
                let peers = server.peers.clone();
                (vec![], "ClientRequest", peers.iter().flat_map(|peer| server.append_entries(peer, 2)).collect())
            }
            Err(_) => (vec![], "Timeout", server.timeout()),
        };
        parts.push(("state", server.state()));
        trace.line(step, &server.me, &parts);
        for message in sends {
            let id = trace.line("Send", &server.me, &[("message", server.fields(&message))]);
            if chance(10) > 0 {
                let _ = posts[&message.dest].send((id, message)); // Who has ended gets nothing.
            }
        }
    }
}

pub fn main() {
    if is_asked_for("run") {
        run(100);
    } else {
        serve(Raft::start);
    }
}
