//! What noraft has, in the words of the trace format.

use noraft::{LogEntries, LogEntry, Message, Node, Role};
use protocol::Names;
use serde_json::{Value, json};

use crate::Values;
use crate::server::{Package, Server};

pub fn state(server: &Server, values: &Values, names: &Names) -> Value {
    but_for_log(server, names, log(&server.node, values))
}

/// The state of a server, with this log.
pub fn but_for_log(server: &Server, names: &Names, log: Value) -> Value {
    let node = &server.node;
    let snapshot = node.log().snapshot_position();
    let mut state = json!({
        "currentTerm": node.current_term().get(),
        "role": format!("{:?}", node.role()),
        "commitIndex": node.commit_index().get(),
        "log": log,
        "snapshot": {
            "lastIncludedIndex": snapshot.index.get(), "lastIncludedTerm": snapshot.term.get(),
        },
    });
    if server.is_vote_known() {
        state["votedFor"] = names.of(node.voted_for().map_or(0, |server| server.get()));
    }
    if node.role() == Role::Leader {
        let of = |peer: noraft::NodeId| node.follower_match_index(peer).map(|index| index.get());
        let named = node.peers().filter_map(|peer| {
            Some((names.of(peer.get()).as_str()?.to_string(), json!(of(peer)?)))
        });
        state["matchIndex"] = Value::Object(named.collect());
    }
    state
}

pub fn log(node: &Node, values: &Values) -> Value {
    entries(node.log().entries(), values)
}

/// Whether a log is another one, and more.
pub fn begins_with(log: &Value, other: &Value) -> bool {
    match (log.as_array(), other.as_array()) {
        (Some(log), Some(other)) => log.starts_with(other),
        _ => false,
    }
}

fn entries(some: &LogEntries, values: &Values) -> Value {
    some.iter_with_positions()
        .map(|(position, entry)| {
            let at = (position.term.get(), position.index.get());
            let value = match entry {
                LogEntry::Command => values.get(&at).cloned().unwrap_or_default(),
                _ => String::new(),
            };
            json!({"term": at.0, "value": value})
        })
        .collect()
}

pub fn package(package: &Package, values: &Values) -> Value {
    match package {
        Package::Raft(message) | Package::Late(message) => of_raft(message, values),
        Package::Snapshot { position, heartbeat, .. } => json!({
            "type": "InstallSnapshotRequest", "term": heartbeat.term().get(),
            "snapshot": {
                "lastIncludedIndex": position.index.get(), "lastIncludedTerm": position.term.get(),
            },
        }),
    }
}

fn of_raft(message: &Message, values: &Values) -> Value {
    let mut shown = match message {
        Message::RequestVoteCall { last_position, .. } => json!({
            "type": "RequestVoteRequest",
            "lastLogIndex": last_position.index.get(), "lastLogTerm": last_position.term.get(),
        }),
        Message::RequestVoteReply { vote_granted, .. } => {
            json!({"type": "RequestVoteResponse", "voteGranted": vote_granted})
        }
        Message::AppendEntriesCall { commit_index, entries: some, .. } => json!({
            "type": "AppendEntriesRequest",
            "prevLogIndex": some.prev_position().index.get(),
            "prevLogTerm": some.prev_position().term.get(),
            "entries": entries(some, values), "leaderCommit": commit_index.get(),
        }),
        Message::AppendEntriesReply { .. } => json!({"type": "AppendEntriesResponse"}),
    };
    shown["term"] = json!(message.term().get());
    shown
}
