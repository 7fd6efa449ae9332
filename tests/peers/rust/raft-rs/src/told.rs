//! What raft-rs has, in the words of the trace format.

use protocol::Names;
use raft::prelude::*;
use raft::{Raft, StateRole};
use serde_json::{Value, json};

use crate::Features;
use crate::disk::Disk;

pub fn header(on: Features) -> Value {
    let names = [
        (on.pre_vote, "PreVote"),
        (on.check_quorum, "CheckQuorum"),
        (on.transfer, "LeadershipTransfer"),
    ];
    let features: Vec<_> = names.iter().filter(|(is_on, _)| *is_on).map(|(_, name)| name).collect();
    let mut allowed = Vec::new();
    if on.pre_vote {
        allowed.push("CountOfEarlierTerm");
    }
    // Without a lease it does not ask itself whether it has a leader.
    if on.pre_vote && !on.check_quorum {
        allowed.push("GrantInSpiteOfLeader");
    }
    json!({"features": features, "allowed": allowed})
}

pub fn state(raft: &Raft<Disk>, names: &Names) -> Value {
    let stored = raft.store().0.borrow();
    let role = match raft.state {
        StateRole::Leader => "Leader",
        StateRole::Candidate => "Candidate",
        // Who asks for pre-votes has a role of its own here.
        StateRole::Follower | StateRole::PreCandidate => "Follower",
    };
    let mut state = json!({
        "currentTerm": raft.term,
        "votedFor": names.of(raft.vote),
        "role": role,
        "commitIndex": raft.raft_log.committed,
        "log": entries(&raft.raft_log.all_entries()),
        "snapshot": {
            "lastIncludedIndex": stored.snapshot.index,
            "lastIncludedTerm": stored.snapshot.term,
        },
    });
    if raft.state == StateRole::Leader {
        let matched = |server| raft.prs().get(server).map_or(0, |progress| progress.matched);
        state["matchIndex"] = names.object(|server| json!(matched(server)));
        // Its own is not kept by the spec.
        if let (Some(each), Some(own)) =
            (state["matchIndex"].as_object_mut(), names.of(raft.id).as_str())
        {
            each.remove(own);
        }
    }
    state
}

fn entries(some: &[Entry]) -> Value {
    some.iter()
        .map(|entry| json!({"term": entry.term, "value": String::from_utf8_lossy(&entry.data)}))
        .collect()
}

pub fn message(m: &Message, sender: &Raft<Disk>) -> Value {
    let mut shown = of_type(m, sender);
    shown["term"] = json!(m.term);
    if let Some(each) = shown.as_object_mut() {
        each.retain(|_, value| !value.is_null()); // a term that it does not know any more
    }
    shown
}

fn of_type(m: &Message, sender: &Raft<Disk>) -> Value {
    match m.get_msg_type() {
        MessageType::MsgRequestVote => json!({
            "type": "RequestVoteRequest", "lastLogIndex": m.index, "lastLogTerm": m.log_term,
        }),
        MessageType::MsgRequestVoteResponse => {
            json!({"type": "RequestVoteResponse", "voteGranted": !m.reject})
        }
        MessageType::MsgRequestPreVote => json!({
            "type": "PreVoteRequest", "lastLogIndex": m.index, "lastLogTerm": m.log_term,
        }),
        MessageType::MsgRequestPreVoteResponse => {
            json!({"type": "PreVoteResponse", "voteGranted": !m.reject})
        }
        MessageType::MsgTimeoutNow => json!({"type": "TimeoutNowRequest"}),
        MessageType::MsgAppend => json!({
            "type": "AppendEntriesRequest", "prevLogIndex": m.index, "prevLogTerm": m.log_term,
            "entries": entries(m.get_entries()), "leaderCommit": m.commit,
        }),
        // It tells of what is committed as far as the follower has acknowledged.
        MessageType::MsgHeartbeat => json!({
            "type": "AppendEntriesRequest", "prevLogIndex": m.commit,
            "prevLogTerm": sender.raft_log.term(m.commit).ok(),
            "entries": [], "leaderCommit": m.commit,
        }),
        MessageType::MsgAppendResponse => json!({
            "type": "AppendEntriesResponse", "success": !m.reject,
            "matchIndex": if m.reject { 0 } else { m.index },
        }),
        MessageType::MsgHeartbeatResponse => {
            json!({"type": "AppendEntriesResponse", "success": true, "matchIndex": 0})
        }
        MessageType::MsgSnapshot => {
            let snapshot = m.get_snapshot().get_metadata();
            json!({"type": "InstallSnapshotRequest", "snapshot": {
                "lastIncludedIndex": snapshot.index, "lastIncludedTerm": snapshot.term,
            }})
        }
        other => json!({"type": format!("{other:?}")}),
    }
}
