//! Drives noraft as it is told on standard input (traces/ADAPTER.md).
//!
//!     noraft-peer [--pipelined]
//!
//! - It says what is to be stored and sent, and that is done before the next step; with --pipelined
//!   after every second step of a server and before a crash: it has merged what both ask for.
//! - Its entries have no values: those of clients are kept beside it, by term and index.
//! - An answer says where a log ends, with the term there, and the leader looks whether it has that
//!   entry. What it finds is told as the spec would have it: as a heartbeat behind that entry. An
//!   answer to a request of an earlier term has the present term: to who leads by then, it is lost.
//! - A conflict is cut off before there is anything in its place, in memory alone: told as a step
//!   of its own, that the spec has no name for. A crash brings it back.
//! - Who has a leader notes it in the place of its vote, whomever that was for, and may vote
//!   for it: not told, until there is a later term.
//! - Changes go by way of C_old,new, which it leaves by itself, but for who does not vote. Where they
//!   are on, a cluster begins behind a snapshot that has its members. It asks for the votes of those
//!   as well who do not vote: leave out AddLearner.
//! - Snapshots are its user's: they travel with a heartbeat of their leader.

mod server;
mod told;

use std::collections::BTreeMap;

use noraft::{LogPosition, Message, NodeId, Role};
use protocol::{Asked, Cluster, Names, Sent, Taken, is_asked, serve};
use serde_json::{Value, json};

use server::{Package, Server};

pub type Values = BTreeMap<(u64, u64), String>;

#[derive(Default)]
struct Noraft {
    is_pipelined: bool,
    servers: Vec<Server>,
    values: Values,
    sent: Vec<Sent<Package>>,
}

impl Noraft {
    /// The leader to which an answer goes, if it still leads in that term and has the entry.
    fn is_verified(&self, to: u64, term: u64, last: LogPosition) -> bool {
        let leader = &self.servers[to as usize - 1].node;
        leader.role() == Role::Leader
            && leader.current_term().get() == term
            && leader.log().entries().contains(last)
    }

    fn receive(&mut self, server: u64, sent: Sent<Package>, names: &Names) -> Taken {
        let (from, package) = (sent.from, sent.message);
        let place = server as usize - 1;
        let before = told::log(&self.servers[place].node, &self.values, names);
        let compared = match &package {
            Package::Raft(Message::AppendEntriesCall { entries, .. }) => Some(entries.clone()),
            _ => None,
        };
        let term = self.servers[place].node.current_term();
        let is_late = match &package {
            Package::Raft(asked @ Message::AppendEntriesCall { .. }) => asked.term() < term,
            _ => false,
        };
        if is_late {
            self.servers[place].late_to = Some(from);
        }
        if let Err(error) = self.servers[place].receive(package) {
            panic!("{error}");
        }
        let mut steps = vec![json!({"step": "Receive"})];
        let now = &self.servers[place];
        let is_cut = compared.as_ref().is_some_and(|entries| {
            // It ends before the entry that is in conflict.
            let last = now.node.log().last_position().index.get();
            last + 1 == entries.prev_position().index.get()
        });
        if is_cut && told::log(&now.node, &self.values, names) != before {
            steps[0]["state"] = told::but_for_log(now, names, before);
            steps.push(json!({"step": "Stay", "state": self.state(server, names)}));
        }
        let from = if compared.is_some() && !is_late { from } else { 0 };
        if let Some(heartbeat) = self.verified_by(server, from, names) {
            steps.push(json!({
                "step": "Send", "server": heartbeat["source"], "message": heartbeat,
            }));
            steps.push(json!({"step": "Receive", "message": heartbeat}));
        }
        Taken::Steps(steps)
    }

    /// The heartbeat that stands for what a leader finds of the answer that is about to be sent.
    fn verified_by(&self, server: u64, to: u64, names: &Names) -> Option<Value> {
        let node = &self.servers[server as usize - 1].node;
        let reply = node.actions().send_messages.get(&NodeId::new(to))?;
        let Message::AppendEntriesReply { term, last_position, .. } = reply else { return None };
        self.is_verified(to, term.get(), *last_position).then(|| {
            json!({
                "source": names.of(to), "dest": names.of(server),
                "type": "AppendEntriesRequest", "term": term.get(),
                "prevLogIndex": last_position.index.get(),
                "prevLogTerm": last_position.term.get(), "entries": [], "leaderCommit": 0,
            })
        })
    }

    /// Does what a server asks for: stores, then sends.
    fn work(&mut self, server: u64, names: &Names) {
        let late_to = self.servers[server as usize - 1].late_to.take();
        for (to, mut package) in self.servers[server as usize - 1].work() {
            let mut shown = told::package(&package, &self.values, names);
            match &package {
                Package::Raft(answer @ Message::AppendEntriesReply { .. })
                    if late_to == Some(to) =>
                {
                    shown["success"] = json!(false);
                    shown["matchIndex"] = json!(0);
                    package = Package::Late(answer.clone());
                }
                Package::Raft(Message::AppendEntriesReply { term, last_position, .. }) => {
                    let is_verified = self.is_verified(to, term.get(), *last_position);
                    let matched = if is_verified { last_position.index.get() } else { 0 };
                    shown["success"] = json!(is_verified);
                    shown["matchIndex"] = json!(matched);
                }
                Package::Raft(Message::RequestVoteReply { vote_granted: true, .. })
                    if !self.servers[server as usize - 1].is_vote_known() =>
                {
                    shown["type"] = json!("VoteForLeader");
                }
                _ => {}
            }
            self.sent.push(Sent { from: server, to, shown, message: package });
        }
    }

    fn request(&mut self, server: u64, value: &str) -> Taken {
        let position = self.servers[server as usize - 1].node.propose_command();
        if position.is_invalid() {
            return Taken::Nothing;
        }
        self.values.insert((position.term.get(), position.index.get()), value.to_string());
        Taken::Steps(vec![json!({"step": "ClientRequest", "arguments": {"value": value}})])
    }
}

impl Cluster for Noraft {
    type Message = Package;

    fn init(&mut self, servers: u64, request: &Value, names: &Names) -> Value {
        self.sent.clear();
        self.values.clear();
        let has_changes = is_asked(request, "Membership") && is_asked(request, "JointConsensus");
        let named = request["voters"].as_array().into_iter().flatten();
        let voters: Vec<_> = match has_changes {
            true => named.map(|name| names.number(name)).collect(),
            false => (1..=servers).collect(),
        };
        let of = |id| {
            let own: &[u64] = if voters.contains(&id) { &voters } else { &[] };
            Server::new(NodeId::new(id), own, has_changes)
        };
        self.servers = (1..=servers).map(of).collect();
        match has_changes {
            true => json!({
                "features": ["Membership", "JointConsensus"], "voters": request["voters"],
            }),
            false => json!({}),
        }
    }

    fn take(&mut self, asked: Asked<Package>, names: &Names) -> Taken {
        if asked.step == "Restart" {
            self.work(asked.server, names);
        }
        let server = &mut self.servers[asked.server as usize - 1];
        let is_leader = server.node.role() == Role::Leader;
        let taken = match (asked.step, asked.received) {
            // What it says of its log is true, but the spec has no answer in its own term to that.
            ("Receive", Some(Sent { message: Package::Late(answer), .. }))
                if is_leader && answer.term() == server.node.current_term() =>
            {
                Taken::Nothing
            }
            ("Receive", Some(sent)) => self.receive(asked.server, sent, names),
            ("Restart", _) => {
                let before = told::log(&server.node, &self.values, names);
                server.restart();
                let after = told::log(&server.node, &self.values, names);
                let mut steps = vec![json!({"step": "Restart"})];
                if after != before && told::begins_with(&after, &before) {
                    steps[0]["state"] = told::but_for_log(server, names, before);
                    steps.push(json!({"step": "Stay"}));
                }
                Taken::Steps(steps)
            }
            ("Timeout", _) if !is_leader => {
                let term = server.node.current_term();
                server.node.handle_election_timeout();
                match server.node.current_term() == term {
                    true => Taken::Nothing, // who does not vote
                    false => Taken::step("Timeout"),
                }
            }
            ("ClientRequest", _) if is_leader => {
                let value = asked.arguments["value"].as_str().unwrap_or_default();
                self.request(asked.server, value)
            }
            ("ChangeMembership", _) if is_leader && server.has_changes => {
                changed(server, asked.arguments, names)
            }
            ("AppendEntries" | "InstallSnapshot", _) if is_leader => {
                server.node.heartbeat();
                Taken::step("Stay")
            }
            ("CompactLog", _) if server.compact(asked.arguments["index"].as_u64().unwrap_or(0)) => {
                Taken::step("CompactLog")
            }
            ("Tick", _) => Taken::Unknown,
            _ => Taken::Nothing,
        };
        let server = &mut self.servers[asked.server as usize - 1];
        server.is_pending = self.is_pipelined && !server.is_pending;
        if !server.is_pending {
            self.work(asked.server, names);
        }
        taken
    }

    fn state(&self, server: u64, names: &Names) -> Value {
        told::state(&self.servers[server as usize - 1], &self.values, names)
    }

    fn sent(&mut self) -> Vec<Sent<Package>> {
        std::mem::take(&mut self.sent)
    }
}

/// Asks a leader for a change, by way of C_old,new but for who does not vote.
fn changed(server: &mut Server, arguments: &Value, names: &Names) -> Taken {
    let old = server.node.config().clone();
    let peer = NodeId::new(names.number(&arguments["peer"]));
    let new = match arguments["change"].as_str().unwrap_or_default() {
        "AddServer" | "PromoteLearner" if !old.voters.contains(&peer) => {
            old.to_joint_consensus(&[peer], &[])
        }
        "RemoveServer" if old.voters.contains(&peer) => old.to_joint_consensus(&[], &[peer]),
        "RemoveServer" if old.non_voters.contains(&peer) => {
            let mut new = old.clone();
            new.non_voters.remove(&peer);
            new
        }
        "AddLearner" if !old.contains(peer) => {
            let mut new = old.clone();
            new.non_voters.insert(peer);
            new
        }
        "EnterJoint" => {
            let named = arguments["voters"].as_array().into_iter().flatten();
            let wanted: Vec<_> = named.map(|name| NodeId::new(names.number(name))).collect();
            let left: Vec<_> =
                old.voters.iter().filter(|id| !wanted.contains(id)).copied().collect();
            old.to_joint_consensus(&wanted, &left)
        }
        _ => return Taken::Nothing,
    };
    // Without new voters it is no C_old,new.
    let is_none = new.new_voters.is_empty() && new.non_voters == old.non_voters;
    if is_none {
        return Taken::Nothing;
    }
    let index = server.node.log().last_position().index.get() + 1;
    if server.node.propose_config(new.clone()).is_invalid() {
        return Taken::Nothing;
    }
    // Who was a member before, and is one again, begins anew.
    let added = new.unique_nodes().filter(|id| !old.contains(*id));
    let named = added.filter_map(|id| names.of(id.get()).as_str().map(str::to_string));
    let mut steps: Vec<_> = named
        .map(|peer| json!({"step": "ForgetMatch", "state": {"matchIndex": {peer: 0}}}))
        .collect();
    let configuration = told::members(&new, names);
    steps.push(json!({"step": "ChangeTo", "arguments": {"configuration": configuration}}));
    if server.node.commit_index().get() > index {
        // The only voter has left C_old,new and committed that, too.
        let committed = json!({"commitIndex": index});
        steps.push(json!({"step": "Commit", "state": committed}));
        steps.push(json!({"step": "LeaveJoint"}));
    }
    Taken::Steps(steps)
}

fn main() {
    let is_pipelined = std::env::args().any(|each| each == "--pipelined");
    serve(Noraft { is_pipelined, ..Default::default() });
}
