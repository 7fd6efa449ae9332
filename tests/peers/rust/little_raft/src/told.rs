//! What little_raft has, in the words of the trace format.

use little_raft::message::LogEntry;
use protocol::Names;
use serde_json::{Value, json};

use crate::seen::{Role, Seen};
use crate::{Message, Put, Store, Values, Wire};

pub fn state(seen: &Seen<Wire, Store, Put, Values>, names: &Names) -> Value {
    let behind = |index: usize| index as u64;
    let snapshot = seen.snapshot.as_ref().map_or((0, 0), |snapshot| {
        (behind(snapshot.last_included_index), snapshot.last_included_term)
    });
    let mut state = json!({
        "currentTerm": seen.current_term,
        "role": format!("{:?}", seen.state),
        "commitIndex": seen.commit_index,
        // Without a snapshot the entry 0 is in the log.
        "log": entries(if seen.index_offset == 0 { &seen.log[1..] } else { &seen.log }),
        "snapshot": {"lastIncludedIndex": snapshot.0, "lastIncludedTerm": snapshot.1},
    });
    match seen.state {
        Role::Leader => {
            let matched = seen.match_index.iter();
            let named = matched.map(|(peer, index)| {
                (names.of(*peer as u64).as_str().unwrap_or_default().to_string(), json!(index))
            });
            state["matchIndex"] = Value::Object(named.collect());
        }
        _ => state["votedFor"] = names.of(seen.voted_for.unwrap_or(0) as u64),
    }
    if let (Role::Candidate, Some(votes)) = (seen.state, &seen.current_votes) {
        state["votesGranted"] = votes.iter().map(|voter| names.of(*voter as u64)).collect();
    }
    state
}

fn entries(some: &[LogEntry<Put>]) -> Value {
    some.iter().map(|entry| json!({"term": entry.term, "value": entry.transition.0})).collect()
}

pub fn term(message: &Message) -> usize {
    match message {
        Message::AppendEntryRequest { term, .. }
        | Message::AppendEntryResponse { term, .. }
        | Message::VoteRequest { term, .. }
        | Message::VoteResponse { term, .. }
        | Message::InstallSnapshotRequest { term, .. }
        | Message::InstallSnapshotResponse { term, .. } => *term,
    }
}

pub fn is_answer(message: &Message) -> bool {
    matches!(
        message,
        Message::AppendEntryResponse { .. }
            | Message::VoteResponse { .. }
            | Message::InstallSnapshotResponse { .. }
    )
}

pub fn message(message: &Message) -> Value {
    let mut shown = of_type(message);
    shown["term"] = json!(term(message));
    shown
}

fn of_type(message: &Message) -> Value {
    match message {
        Message::VoteRequest { last_log_index, last_log_term, .. } => json!({
            "type": "RequestVoteRequest",
            "lastLogIndex": last_log_index, "lastLogTerm": last_log_term,
        }),
        Message::VoteResponse { vote_granted, .. } => {
            json!({"type": "RequestVoteResponse", "voteGranted": vote_granted})
        }
        Message::AppendEntryRequest {
            prev_log_index,
            prev_log_term,
            entries: some,
            commit_index,
            ..
        } => json!({
            "type": "AppendEntriesRequest",
            "prevLogIndex": prev_log_index, "prevLogTerm": prev_log_term,
            "entries": entries(some), "leaderCommit": commit_index,
        }),
        Message::AppendEntryResponse { success, last_index, .. } => json!({
            "type": "AppendEntriesResponse", "success": success,
            "matchIndex": if *success { *last_index } else { 0 },
        }),
        Message::InstallSnapshotRequest { last_included_index, last_included_term, .. } => json!({
            "type": "InstallSnapshotRequest", "snapshot": {
                "lastIncludedIndex": last_included_index, "lastIncludedTerm": last_included_term,
            },
        }),
        Message::InstallSnapshotResponse { last_included_index, .. } => {
            json!({"type": "InstallSnapshotResponse", "matchIndex": last_included_index})
        }
    }
}
