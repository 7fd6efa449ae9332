//! Drives raft-rs, TiKV's library, as it is told on standard input (traces/ADAPTER.md).
//!
//! Its clock stands still: a time-out is its own `campaign`, a heartbeat its own `ping`, and that an
//! election timeout passes is said to it. It sends entries as it gets them.

mod disk;
mod told;

use protocol::{Asked, Cluster, Names, Sent, Taken, is_asked, serve};
use raft::prelude::*;
use raft::{INVALID_ID, SnapshotStatus, StateRole};
use serde_json::{Value, json};

use disk::Disk;

#[derive(Clone, Copy, Default)]
pub struct Features {
    pre_vote: bool,
    check_quorum: bool,
    transfer: bool,
}

struct Server {
    disk: Disk,
    node: RawNode<Disk>,
    applied: u64,
}

#[derive(Default)]
struct RaftRs {
    on: Features,
    servers: Vec<Server>,
    sent: Vec<Sent<Message>>,
}

impl Server {
    fn start(id: u64, disk: Disk, on: Features) -> Server {
        let applied = disk.0.borrow().snapshot.index;
        let config = Config {
            id,
            applied,
            election_tick: 10,
            heartbeat_tick: 1,
            // No chance: it never counts that far.
            min_election_tick: 1_000,
            max_election_tick: 1_001,
            max_size_per_msg: 1 << 20,
            max_inflight_msgs: 16,
            pre_vote: on.pre_vote,
            check_quorum: on.check_quorum,
            ..Default::default()
        };
        let quiet = slog::Logger::root(slog::Discard, slog::o!());
        let node = RawNode::new(&config, disk.clone(), &quiet).expect("what is stored is sound");
        Server { disk, node, applied }
    }

    fn is_leader(&self) -> bool {
        self.node.raft.state == StateRole::Leader
    }

    /// Whether it has heard of a leader within the election timeout.
    fn has_leader(&self) -> bool {
        let raft = &self.node.raft;
        raft.leader_id != INVALID_ID && raft.election_elapsed < raft.election_timeout()
    }

    /// Does what the library asks for: store, send, apply.
    fn work(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while self.node.has_ready() {
            let mut ready = self.node.ready();
            messages.extend(ready.take_messages());
            if !ready.snapshot().is_empty() {
                self.disk.0.borrow_mut().install(ready.snapshot());
                self.applied = ready.snapshot().get_metadata().index;
            }
            self.disk.0.borrow_mut().append(ready.entries());
            if let Some(state) = ready.hs() {
                self.disk.0.borrow_mut().hard_state = state.clone();
            }
            messages.extend(ready.take_persisted_messages());
            self.apply(ready.take_committed_entries());
            let mut light = self.node.advance(ready);
            if let Some(commit) = light.commit_index() {
                self.disk.0.borrow_mut().hard_state.commit = commit;
            }
            messages.extend(light.take_messages());
            self.apply(light.take_committed_entries());
            self.node.advance_apply();
        }
        messages
    }

    fn apply(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.applied = entry.index;
        }
    }

    fn compact(&mut self, index: u64) -> Taken {
        let to = index.min(self.applied);
        if to <= self.disk.0.borrow().snapshot.index {
            return Taken::Nothing;
        }
        let members = self.disk.0.borrow().members.clone();
        self.disk.0.borrow_mut().compact(to, members);
        Taken::step("CompactLog")
    }

    fn receive(&mut self, message: Message) -> Taken {
        let (kind, term) = (message.get_msg_type(), self.node.raft.term);
        // It says no to what comes from nobody that it knows.
        let _ = self.node.step(message);
        let stands = self.node.raft.state == StateRole::Candidate && self.node.raft.term > term;
        match kind {
            MessageType::MsgRequestPreVoteResponse | MessageType::MsgTimeoutNow if stands => {
                Taken::steps(&["Receive", "Timeout"])
            }
            MessageType::MsgTimeoutNow if self.node.raft.state == StateRole::PreCandidate => {
                Taken::steps(&["Receive", "RequestPreVotes"])
            }
            _ => Taken::step("Receive"),
        }
    }

    /// An election timeout passes.
    fn check_quorum(&mut self) -> Taken {
        let mut check = Message::default();
        check.set_msg_type(MessageType::MsgCheckQuorum);
        self.node.raft.election_elapsed = 0;
        let _ = self.node.raft.step(check);
        Taken::step("CheckQuorum")
    }
}

impl Cluster for RaftRs {
    type Message = Message;

    fn init(&mut self, servers: u64, request: &Value) -> Value {
        self.on = Features {
            pre_vote: is_asked(request, "PreVote"),
            check_quorum: is_asked(request, "CheckQuorum"),
            transfer: is_asked(request, "LeadershipTransfer"),
        };
        self.sent.clear();
        self.servers = (1..=servers)
            .map(|id| {
                let disk = Disk::default();
                disk.0.borrow_mut().members =
                    ConfState::from(((1..=servers).collect::<Vec<_>>(), vec![]));
                Server::start(id, disk, self.on)
            })
            .collect();
        told::header(self.on)
    }

    fn take(&mut self, asked: Asked<Message>, _: &Names) -> Taken {
        let on = self.on;
        let server = &mut self.servers[asked.server as usize - 1];
        let taken = match asked.step {
            "Receive" => match asked.received {
                Some(sent) => server.receive(sent.message),
                None => Taken::Nothing,
            },
            "Restart" => {
                *server = Server::start(asked.server, server.disk.clone(), on);
                Taken::step("Restart")
            }
            "CompactLog" => server.compact(asked.arguments["index"].as_u64().unwrap_or(u64::MAX)),
            "Timeout" | "RequestPreVotes" if !server.is_leader() => {
                let _ = server.node.campaign();
                Taken::step(if on.pre_vote { "RequestPreVotes" } else { "Timeout" })
            }
            "MissLeader" if server.has_leader() && !server.is_leader() => {
                server.node.raft.election_elapsed = server.node.raft.election_timeout();
                // Its lease is its own: a pre-vote for a term that has begun is given all the same.
                Taken::step("Stay")
            }
            "ClientRequest" | "AppendEntries" | "InstallSnapshot" | "TransferLeadership"
            | "AbortTransfer" | "CheckQuorum"
                if server.is_leader() =>
            {
                lead(server, &asked, on)
            }
            "ClientRequest" | "AppendEntries" | "InstallSnapshot" | "Timeout"
            | "RequestPreVotes" | "MissLeader" | "CheckQuorum" | "TransferLeadership"
            | "TimeoutNow" | "AbortTransfer" => Taken::Nothing,
            _ => Taken::Unknown,
        };
        let sent = server.work().into_iter().filter(|message| message.to != message.from);
        for message in sent.collect::<Vec<_>>() {
            let shown = told::message(&message, &self.servers[message.from as usize - 1].node.raft);
            self.sent.push(Sent { from: message.from, to: message.to, shown, message });
        }
        taken
    }

    fn state(&self, server: u64, names: &Names) -> Value {
        told::state(&self.servers[server as usize - 1].node.raft, names)
    }

    fn sent(&mut self) -> Vec<Sent<Message>> {
        std::mem::take(&mut self.sent)
    }
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
            server.node.transfer_leader(asked.peer);
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
    serve(RaftRs::default());
}
