//! To be copied: writes traces (traces/FORMAT.md of raft-ref), and is driven (traces/ADAPTER.md).
use std::collections::HashMap;
use std::fs::{read_to_string, File, OpenOptions};
use std::io::{stdin, BufRead, BufWriter, Write};
use std::sync::Mutex;

/// JSON is text; what has the names of traces/FORMAT.md is an `object`.
pub type Json = String;

pub fn text(string: &str) -> Json {
    let escaped = |c: char| match c {
        '\0'..='\x1f' | '"' | '\\' => format!("\\u{:04x}", c as u32),
        _ => c.to_string(),
    };
    format!("\"{}\"", string.chars().map(escaped).collect::<String>())
}

pub fn list(items: impl IntoIterator<Item = Json>) -> Json {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}

pub fn object(members: &[(&str, Json)]) -> Json {
    let members: Vec<_> = members.iter().map(|(name, value)| text(name) + ":" + value).collect();
    format!("{{{}}}", members.join(","))
}

fn header(servers: &[String], initial: Json) -> Json {
    let (version, servers) = ("1".to_string(), list(servers.iter().map(|each| text(each))));
    object(&[("format", text("raft-ref-trace")), ("version", version), ("servers", servers),
        ("logged", text("some")), ("unlogged", list([])), ("initial", initial)])
}

/// Writes what servers do, whichever thread says so, to the file that RAFT_TRACE names, one for each
/// process, and goes on at its end; without the variable nothing is written. It has a Lamport clock,
/// by which `raft-ref validate --merge` orders the files of processes.
pub struct Trace(Option<Mutex<(BufWriter<File>, u64)>>);

impl Trace {
    pub fn open(servers: &[String]) -> std::io::Result<Trace> {
        let path = match std::env::var("RAFT_TRACE") {
            Ok(path) => path,
            Err(_) => return Ok(Trace(None)),
        };
        let before = read_to_string(&path).unwrap_or_default();
        let mut file = BufWriter::new(OpenOptions::new().create(true).append(true).open(path)?);
        if before.is_empty() {
            writeln!(file, "{}", header(servers, object(&[])))?;
        }
        Ok(Trace(Some(Mutex::new((file, behind_colon(&before))))))
    }

    /// Tells of a step with its parts: the "state" after it, "arguments", "message". "Send" comes before
    /// the message leaves, and returns the id to go with it, by which its receipt is told.
    pub fn line(&self, step: &str, server: &str, parts: &[(&str, Json)]) -> String {
        let mut open = match &self.0 {
            Some(open) => open.lock().unwrap(),
            None => return String::new(),
        };
        let message = parts.iter().find(|each| each.0 == "message").map_or("", |each| &each.1);
        let (sends, mut id) = (step == "Send", unquoted(find(message, "id")).0);
        let mut line = format!("{{\"step\":{},\"server\":{}", text(step), text(server));
        if sends {
            id = format!("{server}:{}", open.1);
            line += &format!(",\"message\":{{\"id\":{},{}", text(&id), &message[1..]);
        }
        for (name, part) in parts.iter().filter(|each| !sends || each.0 != "message") {
            line += &format!(",{}:{part}", text(name));
        }
        open.1 = open.1.max(behind_colon(&id)) + 1;
        let clock = open.1;
        writeln!(open.0, "{line},\"clock\":{clock}}}").unwrap();
        if sends {
            open.0.flush().unwrap(); // A crash loses nothing that others know of.
        }
        id
    }
}

/// One of a cluster in one process, without clock, threads and network. A step returns what it sends;
/// who cannot take it now does nothing. A message may come twice, late or never.
pub trait Server {
    type Message;
    fn timeout(&mut self) -> Vec<Self::Message>; // the election timeout fires
    fn receive(&mut self, message: &Self::Message) -> Vec<Self::Message>; // a message arrives
    fn client_request(&mut self, value: &str) -> Vec<Self::Message>; // a client asks to store a value
    fn append_entries(&mut self, peer: &str, count: usize) -> Vec<Self::Message>; // a leader is to send
    fn restart(&mut self) -> Vec<Self::Message>; // a crash, and a start with what was stored
    fn state(&self) -> Json; // currentTerm, votedFor, role, commitIndex, log
    fn fields(&self, message: &Self::Message) -> Json; // type, source, dest, term, and what it has more
}

/// Answers requests from standard input. `start` makes a server that has nothing stored.
pub fn serve<S: Server>(start: impl Fn(&str, &[String]) -> S, mut out: impl Write) {
    let (mut cluster, mut sent) = (HashMap::new(), Vec::new());
    for asked in stdin().lock().lines().map(Result::unwrap) {
        let string = |name| unquoted(find(&asked, name)).0;
        let number = |name| find(&asked, name).split(',').next().map_or(0, |text| digits(text) as usize);
        let (step, name) = (string("step"), string("server"));
        if step == "Init" {
        }
    }
}
