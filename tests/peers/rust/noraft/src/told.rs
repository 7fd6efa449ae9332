//! What noraft has, in the words of the trace format.

use std::collections::BTreeSet;

use noraft::{ClusterConfig, LogEntries, LogEntry, Message, Node, NodeId, Role};
use protocol::Names;
use serde_json::{Value, json};

use crate::Values;
use crate::server::{Package, Server};

pub fn state(server: &Server, values: &Values, names: &Names) -> Value {
    let mut state = but_for_log(server, names, log(&server.node, values, names));
    if server.has_changes {
        state["configuration"] = members(server.node.config(), names);
    }
    state
}

/// A configuration: of C_old,new the new voters are the ones to be.
pub fn members(config: &ClusterConfig, names: &Names) -> Value {
    let named = |ids: &BTreeSet<NodeId>| ids.iter().map(|id| names.of(id.get())).collect::<Value>();
    let (voters, outgoing) = match config.is_joint_consensus() {
        true => (&config.new_voters, named(&config.voters)),
        false => (&config.voters, json!([])),
    };
    json!({
        "voters": named(voters), "outgoingVoters": outgoing, "learners": named(&config.non_voters),
    })
}

/// The state of a server, with this log, and without what that has of its members.
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
    if server.has_changes {
        state["snapshot"]["configuration"] = members(node.log().snapshot_config(), names);
    }
    if server.is_vote_known() {
        state["votedFor"] = names.of(node.voted_for().map_or(0, |server| server.get()));
    }
    if node.role() == Role::Leader {
        let of = |peer: NodeId| node.follower_match_index(peer).map(|index| index.get());
        let named = node.peers().filter_map(|peer| {
            Some((names.of(peer.get()).as_str()?.to_string(), json!(of(peer)?)))
        });
        state["matchIndex"] = Value::Object(named.collect());
    }
    state
}

pub fn log(node: &Node, values: &Values, names: &Names) -> Value {
    entries(node.log().entries(), values, names)
}

/// Whether a log is another one, and more.
pub fn begins_with(log: &Value, other: &Value) -> bool {
    match (log.as_array(), other.as_array()) {
        (Some(log), Some(other)) => log.starts_with(other),
        _ => false,
    }
}

fn entries(some: &LogEntries, values: &Values, names: &Names) -> Value {
    some.iter_with_positions()
        .map(|(position, entry)| {
            let at = (position.term.get(), position.index.get());
            let value = match entry {
                LogEntry::Command => json!(values.get(&at).cloned().unwrap_or_default()),
                LogEntry::ClusterConfig(config) => members(&config, names),
                _ => json!(""),
            };
            json!({"term": at.0, "value": value})
        })
        .collect()
}

pub fn package(package: &Package, values: &Values, names: &Names) -> Value {
    match package {
        Package::Raft(message) | Package::Late(message) => of_raft(message, values, names),
        Package::Snapshot { position, heartbeat, .. } => json!({
            "type": "InstallSnapshotRequest", "term": heartbeat.term().get(),
            "snapshot": {
                "lastIncludedIndex": position.index.get(), "lastIncludedTerm": position.term.get(),
            },
        }),
    }
}

fn of_raft(message: &Message, values: &Values, names: &Names) -> Value {
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
            "entries": entries(some, values, names), "leaderCommit": commit_index.get(),
        }),
        Message::AppendEntriesReply { .. } => json!({"type": "AppendEntriesResponse"}),
    };
    shown["term"] = json!(message.term().get());
    shown
}
