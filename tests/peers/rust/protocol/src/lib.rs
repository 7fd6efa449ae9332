//! What every adapter here does: it answers requests, line by line (traces/ADAPTER.md).
//!
//! A library is a [`Cluster`] of servers with numbers from 1 on. It says what a step was, in the
//! words of the trace format, and what was sent; this crate knows the names of the servers, keeps
//! each message until it is delivered, and tells of a panic as a failure of the library.

use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

/// The names of the servers; 0 is none.
#[derive(Clone, Default)]
pub struct Names(Vec<String>);

impl Names {
    pub fn of(&self, server: u64) -> Value {
        match server.checked_sub(1).and_then(|place| self.0.get(place as usize)) {
            Some(name) => json!(name),
            None => Value::Null,
        }
    }

    /// The number of a server, or 0.
    pub fn number(&self, name: &Value) -> u64 {
        let found = self.0.iter().position(|each| name == each);
        found.map_or(0, |place| place as u64 + 1)
    }

    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// An object with something of each server.
    pub fn object(&self, of: impl Fn(u64) -> Value) -> Value {
        let each = self.0.iter().zip(1..).map(|(name, server)| (name.clone(), of(server)));
        Value::Object(each.collect())
    }
}

/// A message on its way. `shown` is what the trace says of it besides its ends; what it is as well,
/// such as a heartbeat that is a request for entries, stands in it under `also`.
#[derive(Clone)]
pub struct Sent<M> {
    pub from: u64,
    pub to: u64,
    pub shown: Value,
    pub message: M,
}

/// The messages that the spec knows; of others it is not told what they are.
const TYPES: [&str; 13] = [
    "RequestVoteRequest",
    "RequestVoteResponse",
    "AppendEntriesRequest",
    "AppendEntriesResponse",
    "InstallSnapshotRequest",
    "InstallSnapshotResponse",
    "PreVoteRequest",
    "PreVoteResponse",
    "TimeoutNowRequest",
    "HeartbeatRequest",
    "HeartbeatResponse",
    "ReadIndexRequest",
    "ReadIndexResponse",
];

fn is_known(message: &Value) -> bool {
    message["type"].as_str().is_some_and(|kind| TYPES.contains(&kind))
}

/// What a server is asked to do.
pub struct Asked<'a, M> {
    pub step: &'a str,
    pub server: u64,
    /// The server that the arguments name, or 0.
    pub peer: u64,
    pub arguments: &'a Value,
    /// That arrives, where the step is `Receive`.
    pub received: Option<Sent<M>>,
}

/// What became of that.
pub enum Taken {
    Unknown,
    Nothing,
    /// One step after the other, of that server if it names none; the state that is told is that
    /// after the last.
    Steps(Vec<Value>),
}

impl Taken {
    pub fn step(name: &str) -> Taken {
        Taken::Steps(vec![json!({ "step": name })])
    }

    pub fn steps(names: &[&str]) -> Taken {
        Taken::Steps(names.iter().map(|name| json!({ "step": name })).collect())
    }
}

/// A library, driven.
pub trait Cluster {
    type Message: Clone;

    /// Forgets everything, and starts servers with nothing stored. Returns what the header says
    /// besides (`features`, `allowed`, `silent`).
    fn init(&mut self, servers: u64, request: &Value, names: &Names) -> Value;
    fn take(&mut self, asked: Asked<Self::Message>, names: &Names) -> Taken;
    fn state(&self, server: u64, names: &Names) -> Value;
    /// What was sent since this was asked last.
    fn sent(&mut self) -> Vec<Sent<Self::Message>>;
}

/// Whether a request for a new cluster asks for a feature.
pub fn is_asked(request: &Value, feature: &str) -> bool {
    request["features"].as_array().is_some_and(|all| all.iter().any(|each| each == feature))
}

struct Adapter<C: Cluster> {
    cluster: C,
    names: Names,
    network: Vec<Sent<C::Message>>,
}

impl<C: Cluster> Adapter<C> {
    fn answer(&mut self, request: &Value) -> Value {
        if request["step"] == "Init" {
            return self.init(request);
        }
        let step = request["step"].as_str().unwrap_or_default();
        let server = self.names.number(&request["server"]);
        let id = request["id"].as_u64().map(|id| id as usize);
        let received = id.and_then(|id| self.network.get(id)).cloned();
        let messages = received.as_ref().map(|sent| self.shown(sent));
        let arguments = &request["arguments"];
        let asked = Asked {
            // Whether it will arrive again makes no difference to who receives it.
            step: if step == "ReceiveDuplicate" { "Receive" } else { step },
            server,
            peer: self.names.number(&arguments["peer"]),
            arguments,
            received,
        };
        match self.cluster.take(asked, &self.names) {
            Taken::Unknown => json!({"lines": [], "unknown": true}),
            // What was sent before may leave now.
            Taken::Nothing => self.told(server, vec![], None),
            Taken::Steps(steps) => self.told(server, steps, messages),
        }
    }

    fn init(&mut self, request: &Value) -> Value {
        let named = request["servers"].as_array().into_iter().flatten();
        self.names = Names(named.filter_map(|name| Some(name.as_str()?.to_string())).collect());
        self.network.clear();
        let more = self.cluster.init(self.names.count(), request, &self.names);
        let mut header = json!({
            "format": "raft-ref-trace",
            "version": 1,
            "servers": self.names.0,
            "logged": "some",
            "unlogged": [],
            "initial": self.names.object(|server| self.cluster.state(server, &self.names)),
        });
        put_all(&mut header, more);
        json!({"lines": [header]})
    }

    /// The lines of a step, then of each message that was sent.
    fn told(&mut self, server: u64, steps: Vec<Value>, received: Option<Vec<Value>>) -> Value {
        let (mut lines, mut sends) = (Vec::new(), Vec::new());
        for mut line in steps {
            if line["server"].is_null() {
                line["server"] = self.names.of(server);
            }
            let is_receipt = line["step"] == "Receive" && line["message"].is_null();
            match &received {
                Some(messages) if is_receipt && is_known(&messages[0]) => {
                    for message in messages {
                        lines.push(json!({
                            "step": "Receive", "server": line["server"], "message": message,
                        }));
                    }
                    if let (Some(last), false) = (lines.last_mut(), line["state"].is_null()) {
                        last["state"] = line["state"].take();
                    }
                    continue;
                }
                Some(_) if is_receipt => line["step"] = json!("Stay"),
                _ => {}
            }
            lines.push(line);
        }
        if let Some(last) = lines.last_mut() {
            last["state"] = self.cluster.state(server, &self.names);
        }
        for sent in self.cluster.sent() {
            let (source, messages) = (self.names.of(sent.from), self.shown(&sent));
            for message in messages.iter().filter(|message| is_known(message)) {
                lines.push(json!({"step": "Send", "server": source, "message": message}));
            }
            sends.push(json!({"id": self.network.len(), "message": messages[0]}));
            self.network.push(sent);
        }
        json!({"lines": lines, "sends": sends})
    }

    /// What the trace says of a message: one after the other all that it is.
    fn shown(&self, sent: &Sent<C::Message>) -> Vec<Value> {
        let mut first = sent.shown.clone();
        let also = first.as_object_mut().and_then(|each| each.remove("also"));
        let ends = json!({"source": self.names.of(sent.from), "dest": self.names.of(sent.to)});
        let told = std::iter::once(first).chain(also).map(|each| {
            let mut shown = ends.clone();
            put_all(&mut shown, each);
            shown
        });
        told.collect()
    }
}

fn put_all(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend::<Map<String, Value>>(more);
    }
}

/// Answers the requests on standard input until there are no more.
pub fn serve<C: Cluster>(cluster: C) {
    let panicked: Arc<Mutex<String>> = Arc::default();
    let told = panicked.clone();
    std::panic::set_hook(Box::new(move |info| {
        *told.lock().unwrap() = info.to_string().replace('\n', " ");
    }));
    let mut adapter = Adapter { cluster, names: Names::default(), network: Vec::new() };
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input is text");
        if line.trim().is_empty() {
            continue;
        }
        let request = serde_json::from_str(&line).expect("a request is JSON");
        let answer = catch_unwind(AssertUnwindSafe(|| adapter.answer(&request)))
            .unwrap_or_else(|_| json!({"error": *panicked.lock().unwrap()}));
        writeln!(output, "{answer}").expect("standard output is open");
        output.flush().expect("standard output is open");
    }
}
