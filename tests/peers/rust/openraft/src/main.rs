//! Drives openraft as it is told on standard input (traces/ADAPTER.md), with one leader a term.
//!
//! - Its core cannot be called, and so runs in tasks: all of them on one thread, until none has
//!   anything to do; its clock stands still but where a server is told to stand. Then an election
//!   timeout passes for all, and with it their questions and leases.
//! - An answer belongs to its question: that is given up where a leader is told to send.
//! - The entry 0 of each log are the members, where these do not change.
//! - Who hears of a later vote, or of a leader, notes that in the place of its own vote, and then
//!   votes for nobody else: not told, until it gives one or there is a later term.
//! - A leader that starts again leads on, in its term.
//! - Where its members change, a cluster begins behind a snapshot that has them.

mod members;
mod store;
mod told;
mod wire;

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use openraft::{Config, EntryPayload, Raft, ServerState, SnapshotPolicy, TokioRuntime};
use protocol::{Asked, Cluster, Names, Sent, Taken, is_asked, serve};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use store::Store;
use told::{Seen, Words};
use wire::{Answer, End, Package, Question, Wire};

openraft::declare_raft_types!(
    pub Types:
        D = String,
        R = (),
        NodeId = u64,
        Node = (),
        Entry = openraft::Entry<Types>,
        SnapshotData = Cursor<Vec<u8>>,
        AsyncRuntime = TokioRuntime,
);

/// In milliseconds.
const HEARTBEAT: u64 = 10_000;
const ELECTION: u64 = HEARTBEAT + 2;
/// After so many rounds no task has anything to do.
const ROUNDS: usize = 200;

struct Server {
    raft: Raft<Types>,
    store: Store,
    /// The term in which the vote of somebody else was noted in the place of its own.
    noted_in: Option<u64>,
}

struct OpenRaft {
    runtime: Runtime,
    wire: Wire,
    servers: Vec<Server>,
    names: Names,
    has_changes: bool,
}

fn config() -> Arc<Config> {
    let config = Config {
        heartbeat_interval: HEARTBEAT,
        election_timeout_min: HEARTBEAT + 1,
        election_timeout_max: ELECTION,
        install_snapshot_timeout: HEARTBEAT,
        enable_tick: false,
        enable_elect: false,
        enable_heartbeat: false,
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: 0,
        purge_batch_size: 1,
        ..Default::default()
    };
    Arc::new(config.validate().expect("it is sound"))
}

impl OpenRaft {
    fn new() -> OpenRaft {
        OpenRaft {
            runtime: clock_that_stands_still(),
            wire: Wire::default(),
            servers: vec![],
            names: Names::default(),
            has_changes: false,
        }
    }

    fn words(&self) -> Words<'_> {
        Words { names: &self.names, has_changes: self.has_changes }
    }

    fn start(&self, server: u64, store: Store) -> Raft<Types> {
        let end = End { wire: self.wire.clone(), server };
        let raft = Raft::new(server, config(), end, store.clone(), store);
        self.runtime.block_on(raft).unwrap_or_else(|error| panic!("{error}"))
    }

    /// All tasks run until none has anything to do.
    fn settle(&self) {
        self.runtime.block_on(async {
            for _ in 0..ROUNDS {
                tokio::task::yield_now().await;
            }
        });
    }

    fn seen(&self, server: u64) -> Seen {
        let server = &self.servers[server as usize - 1];
        let of_raft = self.runtime.block_on(server.raft.with_raft_state(Seen::of));
        of_raft.unwrap_or_else(|error| panic!("{error}"))
    }

    fn receive(&mut self, sent: Sent<Package>) {
        let Package { number, question, answer } = sent.message;
        if let Some(answer) = answer {
            self.wire.packages().answer(number, answer);
            return;
        }
        let raft = self.servers[sent.to as usize - 1].raft.clone();
        let wire = self.wire.clone();
        self.runtime.spawn(async move {
            let found = match question.clone() {
                Question::Append(asked) => {
                    raft.append_entries(asked).await.ok().map(Answer::Append)
                }
                Question::Vote(asked) => raft.vote(asked).await.ok().map(Answer::Vote),
                Question::Snapshot(asked) => {
                    raft.install_snapshot(asked).await.ok().map(Answer::Snapshot)
                }
            };
            if let Some(answer) = found {
                let package = Package { number, question, answer: Some(answer) };
                wire.packages().sent.push((sent.to, sent.from, package));
            }
        });
    }

    fn restart(&mut self, server: u64) {
        let place = server as usize - 1;
        self.wire.packages().give_up(server);
        let raft = self.servers[place].raft.clone();
        let _ = self.runtime.block_on(raft.shutdown());
        // What it was about to send is lost with it.
        self.wire.packages().give_up(server);
        let store = self.servers[place].store.clone();
        store.crash();
        self.servers[place].raft = self.start(server, store);
    }

    /// Asks a leader for a change, which it begins or refuses.
    fn change(&mut self, server: u64, arguments: &Value) -> Taken {
        let own = &self.servers[server as usize - 1];
        let members = self.seen(server).members;
        let Some(changes) = members::asked(&members, arguments, &self.names) else {
            return Taken::Nothing;
        };
        let last = |stored: &store::Stored| stored.log.keys().next_back().copied();
        let before = last(&own.store.stored()).unwrap_or_default();
        let raft = own.raft.clone();
        self.runtime.spawn(async move { raft.change_membership(changes, false).await });
        self.settle();
        let stored = own.store.stored();
        let new = stored.log.range(before + 1..).filter_map(|(_, entry)| match &entry.payload {
            EntryPayload::Membership(members) => Some(members::step(members, &self.names)),
            _ => None,
        });
        match new.collect::<Vec<_>>() {
            steps if steps.is_empty() => Taken::Nothing,
            steps => Taken::Steps(steps),
        }
    }

    fn lead(&mut self, server: u64, asked: &Asked<Package>) -> Taken {
        let raft = self.servers[server as usize - 1].raft.clone();
        match asked.step {
            "ClientRequest" => {
                let value = asked.arguments["value"].as_str().unwrap_or_default().to_string();
                let arguments = json!({"value": value});
                self.runtime.spawn(async move { raft.client_write(value).await });
                Taken::Steps(vec![json!({"step": "ClientRequest", "arguments": arguments})])
            }
            "AppendEntries" | "InstallSnapshot" => {
                self.wire.packages().give_up(server);
                self.settle();
                let _ = self.runtime.block_on(raft.trigger().heartbeat());
                Taken::step("Stay")
            }
            "ChangeMembership" if self.has_changes => self.change(server, asked.arguments),
            _ => Taken::Nothing,
        }
    }
}

fn clock_that_stands_still() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("there is a thread")
}

impl Cluster for OpenRaft {
    type Message = Package;

    fn init(&mut self, servers: u64, request: &Value, names: &Names) -> Value {
        // The tasks end with what they run in.
        *self = OpenRaft::new();
        self.names = names.clone();
        self.has_changes = is_asked(request, "Membership") && is_asked(request, "JointConsensus");
        let named = request["voters"].as_array().into_iter().flatten();
        let voters: Vec<_> = named.map(|name| names.number(name)).collect();
        for server in 1..=servers {
            let store = match (self.has_changes, voters.contains(&server)) {
                (false, _) => Store::new(servers),
                (true, true) => Store::member_of(&voters),
                (true, false) => Store::default(),
            };
            let raft = self.start(server, store.clone());
            self.servers.push(Server { raft, store, noted_in: None });
        }
        self.settle();
        match self.has_changes {
            true => json!({
                "features": ["Membership", "JointConsensus"], "voters": request["voters"],
            }),
            false => json!({}),
        }
    }

    fn take(&mut self, asked: Asked<Package>, _: &Names) -> Taken {
        let server = asked.server;
        let before = self.seen(server);
        let is_leader = before.role == ServerState::Leader;
        let raft = self.servers[server as usize - 1].raft.clone();
        let taken = match asked.step {
            "Receive" => match asked.received {
                Some(sent) => {
                    self.receive(sent);
                    Taken::step("Receive")
                }
                None => Taken::Nothing,
            },
            "Restart" => {
                self.restart(server);
                Taken::step("Restart")
            }
            "Timeout" if !is_leader => {
                let passed = Duration::from_millis(ELECTION + 1);
                self.runtime.block_on(tokio::time::advance(passed));
                self.settle();
                let _ = self.runtime.block_on(raft.trigger().elect());
                self.settle();
                match self.seen(server).term == before.term {
                    true => Taken::Nothing, // who does not vote
                    false => Taken::step("Timeout"),
                }
            }
            "CompactLog" => {
                let _ = self.runtime.block_on(raft.trigger().snapshot());
                Taken::step("Stay")
            }
            "Tick" => Taken::Unknown,
            _ if is_leader => self.lead(server, &asked),
            _ => Taken::Nothing,
        };
        self.settle();
        let after = self.seen(server);
        if (before.term, before.vote) != (after.term, after.vote) {
            let is_own = after.vote.is_none_or(|vote| vote == server);
            let is_noted = !is_own && !self.wire.packages().gives_vote(server);
            self.servers[server as usize - 1].noted_in = is_noted.then_some(after.term);
        }
        taken
    }

    fn state(&self, server: u64, _: &Names) -> Value {
        let own = &self.servers[server as usize - 1];
        let seen = self.seen(server);
        let is_vote_known = own.noted_in != Some(seen.term);
        self.words().state(&seen, &own.store, is_vote_known)
    }

    fn sent(&mut self) -> Vec<Sent<Package>> {
        let sent = std::mem::take(&mut self.wire.packages().sent);
        let shown = |from: u64, package: &Package| {
            let mut shown = self.words().package(package);
            let compacted = told::compacted(&self.servers[from as usize - 1].store);
            // It knows the term behind what a follower has, also where that is compacted.
            if shown["prevLogIndex"].as_u64().is_some_and(|index| index < compacted) {
                shown.as_object_mut().map(|each| each.remove("prevLogTerm"));
            }
            shown
        };
        sent.into_iter()
            .map(|(from, to, message)| Sent { from, to, shown: shown(from, &message), message })
            .collect()
    }
}

fn main() {
    serve(OpenRaft::new());
}
