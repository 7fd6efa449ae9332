//! Drives raft-rs, TiKV's library, as it is told on standard input (traces/ADAPTER.md).
//!
//! Its clock stands still: a time-out is its own `campaign`, a heartbeat its own `ping`, and that an
//! election timeout passes is said to it. It sends entries as it gets them.
//!
//! Where the membership changes, a cluster begins behind a snapshot that has its members, as the
//! library's own does: who is added gets it. Changes are applied at once or, with `--later`, when
//! that is asked for; with `--explicit` C_old,new is left when that is. A leader that is no member
//! any more follows, as its user has to see to; with `--keeps-leading` nobody does, and it panics as
//! it commits. A fault, `--ahead`: each snapshot has the members of the end of the log.
//!
//! With `--leases` reads go by its lease where quorums are checked, too: the clock is whoever asks.

mod disk;
mod members;
mod reads;
mod server;
mod told;

use protocol::{Asked, Cluster, Names, Sent, Taken, is_asked, serve};
use raft::prelude::*;
use raft::{INVALID_ID, SnapshotStatus, StateRole};
use serde_json::{Value, json};

use disk::Disk;
use members::{Changes, Joint};
use reads::Reads;
use server::Server;
use told::Words;

#[derive(Clone, Copy, Default)]
pub struct Features {
    pre_vote: bool,
    check_quorum: bool,
    transfer: bool,
    membership: bool,
    joint: bool,
    reads: bool,
    leases: bool,
}

#[derive(Default)]
struct RaftRs {
    is_explicit: bool,
    is_later: bool,
    is_ahead: bool,
    keeps_leading: bool,
    has_leases: bool,
    on: Features,
    servers: Vec<Server>,
    changes: Changes,
    reads: Reads,
    sent: Vec<Sent<Message>>,
}

/// What is stored of who begins as one of these voters.
fn member_of(voters: &[u64]) -> Disk {
    let disk = Disk::default();
    let mut stored = disk.0.borrow_mut();
    stored.snapshot.set_conf_state(ConfState::from((voters.to_vec(), vec![])));
    (stored.snapshot.index, stored.snapshot.term) = (1, 1);
    (stored.hard_state.term, stored.hard_state.commit) = (1, 1);
    drop(stored);
    disk
}

impl RaftRs {
    fn words<'a>(&'a self, names: &'a Names) -> Words<'a> {
        Words { names, changes: &self.changes, reads: &self.reads, on: self.on }
    }

    fn joint(&self) -> Joint {
        match (self.on.joint, self.is_explicit) {
            (false, _) => Joint::Never,
            (true, true) => Joint::LeftIfAsked,
            (true, false) => Joint::LeftByItself,
        }
    }

    /// Takes a step of a server, without what it asks for after that.
    fn step(&mut self, asked: Asked<Message>, names: &Names) -> Taken {
        let (on, joint, changes) = (self.on, self.joint(), self.changes.clone());
        let (is_ahead, keeps_leading) = (self.is_ahead, self.keeps_leading);
        let server = &mut self.servers[asked.server as usize - 1];
        match asked.step {
            "Receive" => match asked.received {
                Some(sent) => self.receive(asked.server, sent.message),
                None => Taken::Nothing,
            },
            "Read" | "RequestReadIndex" if on.reads => self.read(asked.server, names),
            "BeginRound" | "Heartbeat" if server.is_leader() && on.reads => {
                server.node.ping();
                Taken::step("Stay")
            }
            "Restart" => {
                *server = Server::start(asked.server, server.disk.clone(), on, changes);
                Taken::step("Restart")
            }
            "CompactLog" => {
                let index = asked.arguments["index"].as_u64().unwrap_or(u64::MAX);
                server.compact(index, is_ahead)
            }
            "Timeout" | "RequestPreVotes" => server.stand(),
            "MissLeader" if server.has_leader() && !server.is_leader() => {
                server.node.raft.election_elapsed = server.node.raft.election_timeout();
                // Its lease is its own: a pre-vote for a term that has begun is given all the same.
                Taken::step("Stay")
            }
            "ApplyConfiguration" if server.has_change() => {
                Taken::Steps(applied(server, keeps_leading, names))
            }
            "ChangeMembership" if server.is_leader() && on.membership => {
                match members::asked(&server.node.raft, asked.arguments, names, joint) {
                    Some(change) => self.change(asked.server, change, names),
                    None => Taken::Nothing,
                }
            }
            "ClientRequest" | "AppendEntries" | "InstallSnapshot" | "TransferLeadership"
            | "AbortTransfer" | "CheckQuorum"
                if server.is_leader() =>
            {
                lead(server, &asked, on)
            }
            "BeginRound" | "Heartbeat" | "ClientRequest" | "AppendEntries" | "InstallSnapshot"
            | "MissLeader" | "CheckQuorum" | "TransferLeadership" | "TimeoutNow"
            | "AbortTransfer" | "ApplyConfiguration" | "ChangeMembership" => Taken::Nothing,
            _ => Taken::Unknown,
        }
    }

    /// Asks a leader for a change; it appends an empty entry if that comes too early.
    fn change(&mut self, server: u64, change: members::Change, names: &Names) -> Taken {
        let node = &mut self.servers[server as usize - 1].node;
        if members::propose(node, &change.asked).is_err() {
            return Taken::Nothing;
        }
        let step = members::step(&change.after, names);
        if !self.changes.note(&node.raft, change) {
            return Taken::Steps(vec![
                json!({"step": "ClientRequest", "arguments": {"value": ""}}),
            ]);
        }
        Taken::Steps(vec![step])
    }

    fn receive(&mut self, id: u64, message: Message) -> Taken {
        let server = &mut self.servers[id as usize - 1];
        if message.get_msg_type() != MessageType::MsgReadIndex {
            return server.receive(message);
        }
        let read = reads::number(&message.entries[0].data);
        if server.is_leader() && self.reads.is_noted(server.node.raft.term, read) {
            return Taken::step("Stay");
        }
        let taken = server.receive(message);
        let raft = &server.node.raft;
        let is_answered =
            raft.msgs.iter().any(|m| m.get_msg_type() == MessageType::MsgReadIndexResp);
        if !self.reads.note(raft, read) && is_answered && !self.on.leases {
            return Taken::steps(&["Receive", self.reads.at_once()]);
        }
        taken
    }

    /// Lets a client read at a server, which does so if it leads, or asks who does.
    fn read(&mut self, id: u64, names: &Names) -> Taken {
        let (read, raft) = (self.reads.next(), &mut self.servers[id as usize - 1].node);
        raft.read_index(reads::context(read));
        let raft = &raft.raft;
        let mut asked = json!({"number": read});
        let step = match raft.state {
            StateRole::Leader if self.reads.note(raft, read) => "Read",
            StateRole::Leader if !raft.read_states.is_empty() && self.on.leases => "Read",
            StateRole::Leader if !raft.read_states.is_empty() => {
                let read = json!({"step": "Read", "arguments": asked});
                return Taken::Steps(vec![read, json!({"step": self.reads.at_once()})]);
            }
            StateRole::Follower if raft.leader_id != INVALID_ID => {
                asked["peer"] = names.of(raft.leader_id);
                "RequestReadIndex"
            }
            _ => return Taken::Nothing,
        };
        Taken::Steps(vec![json!({"step": step, "arguments": asked})])
    }

    /// What a server does, and answers, and the messages of that.
    fn worked(&mut self, id: u64, steps: &mut Vec<Value>, names: &Names) -> Vec<Message> {
        let server = &mut self.servers[id as usize - 1];
        let messages = server.work();
        steps.extend(server.left.drain(..).map(|members| members::step(&members, names)));
        let own = server.answered.drain(..).filter(|_| server.node.raft.state == StateRole::Leader);
        steps.extend(own.map(|read| reads::answer(names.of(id), &read.request_ctx, read.index)));
        for m in messages.iter().filter(|m| m.get_msg_type() == MessageType::MsgReadIndexResp) {
            steps.push(reads::answer(names.of(m.to), &m.entries[0].data, m.index));
        }
        messages
    }

    /// Lets a server do what it is to do now, and sends what it says; returns the steps of that.
    fn works(&mut self, id: u64, mut steps: Vec<Value>, names: &Names) -> Vec<Value> {
        let mut messages = self.worked(id, &mut steps, names);
        while !self.is_later && self.servers[id as usize - 1].has_change() {
            let state = self.state(id, names);
            if let Some(last) = steps.last_mut() {
                last["state"] = state;
            }
            steps.extend(applied(&mut self.servers[id as usize - 1], self.keeps_leading, names));
            messages.extend(self.worked(id, &mut steps, names));
        }
        for message in messages.into_iter().filter(|message| message.to != message.from) {
            let raft = &self.servers[message.from as usize - 1].node.raft;
            let shown = self.words(names).message(&message, raft);
            self.sent.push(Sent { from: message.from, to: message.to, shown, message });
        }
        steps
    }
}

impl Cluster for RaftRs {
    type Message = Message;

    fn init(&mut self, servers: u64, request: &Value, names: &Names) -> Value {
        self.on = Features {
            pre_vote: is_asked(request, "PreVote"),
            check_quorum: is_asked(request, "CheckQuorum"),
            transfer: is_asked(request, "LeadershipTransfer"),
            membership: is_asked(request, "Membership"),
            joint: is_asked(request, "JointConsensus"),
            reads: is_asked(request, "ReadIndex"),
            leases: self.has_leases
                && is_asked(request, "ReadIndex")
                && is_asked(request, "CheckQuorum"),
        };
        self.sent.clear();
        self.changes = Changes::default();
        self.reads = Reads::default();
        let named = request["voters"].as_array().into_iter().flatten();
        let voters: Vec<_> = named.map(|name| names.number(name)).collect();
        let all: Vec<_> = (1..=servers).collect();
        let disk = |id| match self.on.membership {
            true if voters.contains(&id) => member_of(&voters),
            true => Disk::default(),
            false => {
                let disk = Disk::default();
                let members = ConfState::from((all.clone(), vec![]));
                disk.0.borrow_mut().snapshot.set_conf_state(members);
                disk
            }
        };
        self.servers = (1..=servers)
            .map(|id| Server::start(id, disk(id), self.on, self.changes.clone()))
            .collect();
        told::header(self.on, &request["voters"])
    }

    fn take(&mut self, asked: Asked<Message>, names: &Names) -> Taken {
        let server = asked.server;
        let taken = self.step(asked, names);
        let steps = match taken {
            Taken::Unknown => return Taken::Unknown,
            Taken::Nothing => vec![],
            Taken::Steps(steps) => steps,
        };
        let steps = self.works(server, steps, names);
        if steps.is_empty() { Taken::Nothing } else { Taken::Steps(steps) }
    }

    fn state(&self, server: u64, names: &Names) -> Value {
        self.words(names).state(&self.servers[server as usize - 1].node.raft)
    }

    fn sent(&mut self) -> Vec<Sent<Message>> {
        std::mem::take(&mut self.sent)
    }
}

/// Lets a server apply a change: who was a member before, and is one again, begins anew; a leader
/// that is none any more is taken out of service, which the library leaves to its user.
fn applied(server: &mut Server, keeps_leading: bool, names: &Names) -> Vec<Value> {
    let mut steps = Vec::new();
    for peer in server.apply_change() {
        if let (true, Some(peer)) = (server.is_leader(), names.of(peer).as_str()) {
            steps.push(json!({"step": "ForgetMatch", "state": {"matchIndex": {peer: 0}}}));
        }
    }
    let shown = members::shown(&server.node.raft.prs().conf().to_conf_state(), names);
    steps.push(json!({"step": "ApplyConfiguration", "state": {"configuration": shown}}));
    let raft = &mut server.node.raft;
    if raft.state == StateRole::Leader && raft.prs().get(raft.id).is_none() && !keeps_leading {
        raft.become_follower(raft.term, INVALID_ID);
        steps.push(json!({"step": "StepDown"}));
    }
    steps
}

/// What a leader is asked for.
fn lead(server: &mut Server, asked: &Asked<Message>, on: Features) -> Taken {
    let peer = json!({"peer": asked.arguments["peer"]});
    match asked.step {
        "ClientRequest" => {
            let value = asked.arguments["value"].as_str().unwrap_or_default();
            match server.node.propose(vec![], value.into()) {
                Ok(()) => Taken::Steps(vec![
                    json!({"step": "ClientRequest", "arguments": {"value": value}}),
                ]),
                Err(_) => Taken::Nothing,
            }
        }
        "AppendEntries" => {
            server.node.ping();
            Taken::step("Stay")
        }
        "InstallSnapshot" => {
            // It waits to be told what became of the one before.
            server.node.report_snapshot(asked.peer, SnapshotStatus::Failure);
            server.node.ping();
            Taken::step("Stay")
        }
        "TransferLeadership" if on.transfer && asked.peer != asked.server => {
            let before = server.node.raft.lead_transferee;
            server.node.transfer_leader(asked.peer);
            if server.node.raft.lead_transferee == before {
                return Taken::step("Stay"); // under way, or to who does not vote
            }
            Taken::Steps(vec![json!({"step": "TransferLeadership", "arguments": peer})])
        }
        "AbortTransfer" if server.node.raft.lead_transferee.is_some() => {
            server.node.raft.abort_leader_transfer();
            Taken::step("AbortTransfer")
        }
        "CheckQuorum" if on.check_quorum => server.check_quorum(),
        _ => Taken::Nothing,
    }
}

fn main() {
    let options: Vec<_> = std::env::args().skip(1).collect();
    let is = |name: &str| options.iter().any(|option| option == name);
    serve(RaftRs {
        is_explicit: is("--explicit"),
        is_later: is("--later"),
        is_ahead: is("--ahead"),
        keeps_leading: is("--keeps-leading"),
        has_leases: is("--leases"),
        ..Default::default()
    });
}
