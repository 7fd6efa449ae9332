//! Drives little_raft as it is told on standard input (traces/ADAPTER.md).
//!
//!     little_raft-peer [--delta N] [--answers-in-term]
//!
//! - Its `start` goes round until it is told to halt, and here it is told after each round: what it
//!   finds in its channels is what it does. No time passes for it: it stands if it finds nothing,
//!   and its heartbeat is what it sends when it looks for requests. Its timer is a thread that
//!   sleeps, and is never waited for.
//! - It stores a snapshot (after every N entries), and no term, vote or log: of those nothing is
//!   left when it starts again.
//! - The entry 0 of each log is that before the first.
//! - A leader forgets for whom it has voted, and does not vote before a later term: not told.
//! - Its members are those that it begins with: it has no changes of membership.

mod seen;
mod told;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use little_raft::cluster;
use little_raft::replica::Replica;
use little_raft::state_machine::{Snapshot, StateMachine, StateMachineTransition, TransitionState};
use protocol::{Asked, Cluster, Names, Sent, Taken, serve};
use serde_json::{Value, json};

use seen::{Role, Seen};

/// What is replicated: a value.
#[derive(Clone, Debug, PartialEq, PartialOrd, Eq)]
pub struct Put(String);

impl StateMachineTransition for Put {
    type TransitionID = String;

    fn get_id(&self) -> String {
        self.0.clone()
    }
}

/// The values up to where a snapshot was made.
pub type Values = Vec<String>;
pub type Message = little_raft::message::Message<Put, Values>;

/// What a server is connected by, one round at a time.
#[derive(Default)]
pub struct Wire {
    arrived: Vec<Message>,
    sent: Vec<(u64, Message)>,
    is_over: std::cell::Cell<bool>,
}

impl cluster::Cluster<Put, Values> for Wire {
    fn send_message(&mut self, to: usize, message: Message) {
        self.sent.push((to as u64, message));
    }

    fn receive_messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.arrived)
    }

    fn halt(&self) -> bool {
        self.is_over.replace(true)
    }

    fn register_leader(&mut self, _: Option<usize>) {}
}

/// A list of values.
#[derive(Default)]
pub struct Store {
    asked: Vec<Put>,
    values: Values,
    snapshot: Option<Snapshot<Values>>,
}

impl StateMachine<Put, Values> for Store {
    fn register_transition_state(&mut self, _: String, _: TransitionState) {}

    fn apply_transition(&mut self, put: Put) {
        self.values.push(put.0);
    }

    fn get_pending_transitions(&mut self) -> Vec<Put> {
        std::mem::take(&mut self.asked)
    }

    fn get_snapshot(&mut self) -> Option<Snapshot<Values>> {
        if let Some(snapshot) = &self.snapshot {
            self.values = snapshot.data.clone();
        }
        self.snapshot.clone()
    }

    fn create_snapshot(&mut self, index: usize, term: usize) -> Snapshot<Values> {
        let data = self.values.clone();
        let made = Snapshot { last_included_index: index, last_included_term: term, data };
        self.snapshot = Some(made.clone());
        made
    }

    fn set_snapshot(&mut self, snapshot: Snapshot<Values>) {
        self.values = snapshot.data.clone();
        self.snapshot = Some(snapshot);
    }
}

type Own = Replica<Wire, Store, Put, Values>;

struct Server {
    wire: Arc<Mutex<Wire>>,
    store: Arc<Mutex<Store>>,
    replica: Own,
    messages: (Sender<()>, Receiver<()>),
    requests: (Sender<()>, Receiver<()>),
}

impl Server {
    fn start(id: u64, servers: u64, stored: Option<Snapshot<Values>>, delta: usize) -> Server {
        let wire = Arc::new(Mutex::new(Wire::default()));
        let store = Arc::new(Mutex::new(Store { snapshot: stored, ..Default::default() }));
        let peers = (1..=servers).filter(|each| *each != id).map(|each| each as usize).collect();
        let replica = Replica::new(
            id as usize,
            peers,
            wire.clone(),
            store.clone(),
            delta,
            Put(String::new()),
            // Longer than a cluster lives.
            Duration::from_secs(60),
            (Duration::ZERO, Duration::ZERO),
        );
        Server { wire, store, replica, messages: unbounded(), requests: unbounded() }
    }

    fn seen(&self) -> &Seen<Wire, Store, Put, Values> {
        Seen::of(&self.replica)
    }

    fn round(&mut self) {
        self.wire.lock().unwrap().is_over.set(false);
        self.replica.start(self.messages.1.clone(), self.requests.1.clone());
    }

    fn receive(&mut self, message: Message) {
        self.wire.lock().unwrap().arrived.push(message);
        self.messages.0.send(()).expect("it is here");
        self.round();
    }

    /// A leader looks for requests, and sends what there is.
    fn look(&mut self, asked: Vec<Put>) {
        self.store.lock().unwrap().asked = asked;
        self.requests.0.send(()).expect("it is here");
        self.round();
    }
}

#[derive(Default)]
struct LittleRaft {
    delta: usize,
    answers_in_term: bool,
    servers: Vec<Server>,
    sent: Vec<Sent<Message>>,
}

impl LittleRaft {
    /// Whether an answer was meant for a term that is over.
    fn is_late(&self, sent: &Sent<Message>, term: usize) -> bool {
        self.answers_in_term && told::is_answer(&sent.message) && told::term(&sent.message) < term
    }
}

impl Cluster for LittleRaft {
    type Message = Message;

    fn init(&mut self, servers: u64, _: &Value, _: &Names) -> Value {
        self.sent.clear();
        self.servers =
            (1..=servers).map(|id| Server::start(id, servers, None, self.delta)).collect();
        json!({})
    }

    fn take(&mut self, asked: Asked<Message>, _: &Names) -> Taken {
        let count = self.servers.len() as u64;
        let place = asked.server as usize - 1;
        let term = self.servers[place].seen().current_term;
        let is_leader = self.servers[place].seen().state == Role::Leader;
        let taken = match (asked.step, asked.received) {
            ("Receive", Some(sent)) if !self.is_late(&sent, term) => {
                self.servers[place].receive(sent.message);
                Taken::step("Receive")
            }
            ("Restart", _) => {
                let stored = self.servers[place].store.lock().unwrap().snapshot.clone();
                self.servers[place] = Server::start(asked.server, count, stored, self.delta);
                Taken::step("Restart")
            }
            ("Timeout", _) if !is_leader => {
                self.servers[place].round();
                Taken::step("Timeout")
            }
            ("ClientRequest", _) if is_leader => {
                let value = asked.arguments["value"].as_str().unwrap_or_default();
                self.servers[place].look(vec![Put(value.to_string())]);
                Taken::Steps(vec![json!({"step": "ClientRequest", "arguments": {"value": value}})])
            }
            ("AppendEntries" | "InstallSnapshot", _) if is_leader => {
                self.servers[place].look(vec![]);
                Taken::step("Stay")
            }
            ("Tick", _) => Taken::Unknown,
            _ => Taken::Nothing,
        };
        for (to, message) in std::mem::take(&mut self.servers[place].wire.lock().unwrap().sent) {
            let shown = told::message(&message);
            self.sent.push(Sent { from: asked.server, to, shown, message });
        }
        taken
    }

    fn state(&self, server: u64, names: &Names) -> Value {
        told::state(self.servers[server as usize - 1].seen(), names)
    }

    fn sent(&mut self) -> Vec<Sent<Message>> {
        std::mem::take(&mut self.sent)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name| arguments.iter().skip_while(|each| *each != name).nth(1);
    serve(LittleRaft {
        delta: after("--delta").map_or(0, |delta| delta.parse().expect("--delta is a number")),
        answers_in_term: arguments.iter().any(|each| each == "--answers-in-term"),
        ..Default::default()
    });
}
