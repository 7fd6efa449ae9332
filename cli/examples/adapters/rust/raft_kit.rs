//! To be copied: writes traces (traces/FORMAT.md of raft-ref), and is driven (traces/ADAPTER.md).
use std::collections::HashMap;
use std::fs::{read_to_string, File, OpenOptions};
use std::io::{stdin, stdout, BufRead, BufWriter, Write};
use std::sync::Mutex;

/// JSON is text; what has the names of traces/FORMAT.md is an `object`.
pub type Json = String;
pub fn text(string: &str) -> Json {
    let is_plain = |c: char| c >= ' ' && c != '"' && c != '\\';
    let escaped = |c: char| if is_plain(c) { c.into() } else { format!("\\u{:04x}", c as u32) };
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
    let servers = list(servers.iter().map(|each| text(each)));
    object(&[("format", text("raft-ref-trace")), ("version", "1".into()), ("logged", text("some")),
        ("unlogged", list([])), ("servers", servers), ("initial", initial)])
}

/// Writes what servers do, whichever thread says so, to the file that RAFT_TRACE names, one for each
/// process, at its end; without it, nothing. By its clock `raft-ref validate --merge` orders the files.
pub struct Trace(Option<Mutex<(BufWriter<File>, usize)>>);

impl Trace {
    pub fn open(servers: &[String]) -> Trace {
        Trace(std::env::var("RAFT_TRACE").ok().map(|path| {
            let before = read_to_string(&path).unwrap_or_default();
            let file = OpenOptions::new().create(true).append(true).open(&path).expect(&path);
            let mut file = BufWriter::with_capacity(1 << 20, file);
            if before.is_empty() { writeln!(file, "{}", header(servers, object(&[]))).unwrap(); }
            Mutex::new((file, behind_colon(&before)))
        }))
    }

    /// Tells of a step with the "state" after it, "arguments", "message"; "" is any step. "Send" comes
    /// before the message leaves, and returns the id to go with it, by which its receipt is told.
    pub fn line(&self, step: &str, server: &str, parts: &[(&str, Json)]) -> String {
        let mut open = if let Some(open) = &self.0 { open.lock().unwrap() } else { return String::new() };
        let told = if step.is_empty() { "null".into() } else { text(step) };
        let mut line = object(&[&[("step", told), ("server", text(server))], parts].concat());
        let clock = open.1.max(behind_colon(&unquoted(find(&line, "id")).0)) + 1; // Lamport's.
        open.1 = clock;
        if step == "Send" {
            let id = text(&format!("{server}:{clock}"));
            line = line.replacen("\"message\":{", &format!("\"message\":{{\"id\":{id},"), 1);
        }
        writeln!(open.0, "{},\"clock\":{clock}}}", &line[..line.len() - 1]).unwrap();
        if step == "Send" {
            open.0.flush().unwrap(); // A crash loses nothing that others know of.
        }
        unquoted(find(&line, "id")).0
    }
    pub fn flush(&self) { if let Some(open) = &self.0 { open.lock().unwrap().0.flush().unwrap() } }
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
pub fn serve<S: Server>(start: impl Fn(&str, &[String]) -> S) {
    let (mut cluster, mut sent) = (HashMap::new(), Vec::new());
    for asked in stdin().lock().lines().map(Result::unwrap) {
        if let Some(server) = cluster.get_mut(&unquoted(find(&asked, "server")).0) {
            if writeln!(stdout(), "{}", answer(&asked, server, &mut sent)).is_err() { return; }
            continue;
        }
        let (mut servers, mut rest) = (Vec::new(), &find(&asked, "servers")[1..]);
        while rest.starts_with('"') {
            let (server, behind) = unquoted(rest);
            servers.push(server);
            rest = behind.trim_start_matches(',');
        }
        cluster = servers.iter().map(|me| (me.clone(), start(me, &servers))).collect();
        let initial: Vec<_> = servers.iter().map(|me| (me.as_str(), cluster[me].state())).collect();
        let lines = header(&servers, object(&initial));
        if writeln!(stdout(), "{{\"lines\":[{lines}]}}").is_err() { return; }
        sent.clear();
    }
}

fn answer<S: Server>(asked: &str, server: &mut S, sent: &mut Vec<S::Message>) -> Json {
    let string = |name| unquoted(find(asked, name)).0;
    let (step, me, before, id) = (string("step"), string("server"), server.state(), number(find(asked, "id")));
    let told = match step.as_str() { "ReceiveDuplicate" => "Receive", "AppendEntries" => "Stay", step => step };
    let mut line = vec![("step", text(told)), ("server", text(&me))];
    if told == "Receive" {
        line.push(("message", server.fields(&sent[id])));
    }
    let taken = match step.as_str() { // Room for CompactLog; for InstallSnapshot (told as "Stay"), for Tick.
        "Timeout" => server.timeout(),
        "Receive" | "ReceiveDuplicate" => server.receive(&sent[id]),
        "ClientRequest" => server.client_request(&string("value")),
        "AppendEntries" => server.append_entries(&string("peer"), number(find(asked, "count"))),
        "Restart" => server.restart(),
        _ => return object(&[("lines", list([])), ("unknown", "true".into())]),
    };
    let is_told = told == "Receive" || step == "Restart" || !taken.is_empty() || before != server.state();
    line.push(("state", server.state()));
    let (mut lines, mut sends) = (vec![object(&line)], Vec::new());
    for message in taken {
        let fields = server.fields(&message);
        lines.push(object(&[("step", text("Send")), ("server", text(&me)), ("message", fields.clone())]));
        sends.push(object(&[("id", sent.len().to_string()), ("message", fields)]));
        sent.push(message);
    }
    lines.retain(|_| is_told);
    object(&[("lines", list(lines)), ("sends", list(sends))])
}

fn find<'a>(json: &'a str, name: &str) -> &'a str { // what stands behind a name
    let name = format!("\"{name}\":");
    json.find(&name).map_or("", |at| &json[at + name.len()..])
}
fn number(json: &str) -> usize { json.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap_or(0) }
fn behind_colon(text: &str) -> usize { number(text.rsplit(':').next().unwrap()) }
fn unquoted(json: &str) -> (String, &str) { // the string that begins here, and what is behind it
    let (mut units, mut rest) = (Vec::<u16>::new(), json.strip_prefix('"').unwrap_or("").chars());
    while let Some(c) = rest.next().filter(|c| *c != '"') {
        let escape = if c == '\\' { rest.next() } else { None };
        let c = match escape {
            Some('u') => {
                let digits: String = rest.by_ref().take(4).collect();
                units.push(u16::from_str_radix(&digits, 16).unwrap());
                continue;
            }
            Some(known) => "b\u{8}f\u{c}n\nr\rt\t".chars().skip_while(|c| *c != known).nth(1).unwrap_or(known),
            None => c,
        };
        units.extend(c.encode_utf16(&mut [0; 2]).iter());
    }
    (String::from_utf16_lossy(&units), rest.as_str())
}
