//! What rafter has, in the words of the trace format.

use protocol::Names;
use rafter::{LogEntry, Message, Node, RaftSnapshotMetadata, Role};
use serde_json::{Value, json};

use crate::Features;
use crate::members::{in_force, shown};

pub fn header(on: Features, voters: &Value) -> Value {
    let names = [
        (on.pre_vote, "PreVote"),
        (on.transfer, "LeadershipTransfer"),
        (on.membership, "Membership"),
        (on.membership, "JointConsensus"),
    ];
    let features: Vec<_> = names.iter().filter(|(is_on, _)| *is_on).map(|(_, name)| name).collect();
    match on.membership {
        true => json!({"features": features, "voters": voters}),
        false => json!({"features": features}),
    }
}

/// What is needed to tell of a cluster.
pub struct Words<'a> {
    pub names: &'a Names,
    pub has_changes: bool,
}

impl Words<'_> {
    pub fn state(&self, node: &Node) -> Value {
        let role = match node.role() {
            Role::Leader => "Leader",
            Role::Candidate => "Candidate",
            // Who asks for pre-votes has a role of its own here.
            Role::Follower | Role::PreCandidate => "Follower",
        };
        let last_included = node.snapshot().map(|snapshot| self.included(&snapshot.metadata));
        let mut state = json!({
            "currentTerm": node.current_term().0,
            "votedFor": self.names.of(node.voted_for().map_or(0, |server| server.0)),
            "role": role,
            "commitIndex": node.commit_index().0,
            "log": self.entries(node.log_entries_slice_from(node.snapshot_index().next())),
            "snapshot": last_included
                .unwrap_or_else(|| json!({"lastIncludedIndex": 0, "lastIncludedTerm": 0})),
        });
        if node.role() == Role::Leader {
            let progress = node.leader_replication_progress();
            let named = progress.iter().filter_map(|each| {
                let name = self.names.of(each.follower_id.0).as_str()?.to_string();
                Some((name, json!(each.match_index.0)))
            });
            state["matchIndex"] = Value::Object(named.collect());
        }
        if self.has_changes {
            state["configuration"] = in_force(node, self.names);
        }
        state
    }

    fn included(&self, snapshot: &RaftSnapshotMetadata) -> Value {
        let mut told = json!({
            "lastIncludedIndex": snapshot.last_included_index.0,
            "lastIncludedTerm": snapshot.last_included_term.0,
        });
        if self.has_changes {
            told["configuration"] = shown(snapshot.committed_membership(), self.names);
        }
        told
    }

    fn entries(&self, some: &[LogEntry]) -> Value {
        some.iter()
            .map(|entry| {
                let value = match entry.kind.configuration_entry() {
                    Some(change) => shown(Some(&change.membership_config()), self.names),
                    None => {
                        let value = entry.application_payload().unwrap_or_default();
                        json!(String::from_utf8_lossy(value))
                    }
                };
                json!({"term": entry.term.0, "value": value})
            })
            .collect()
    }

    pub fn message(&self, message: &Message) -> Value {
        match message {
            Message::RequestVote(m) => json!({
                "type": "RequestVoteRequest", "term": m.term.0,
                "lastLogIndex": m.last_log_index.0, "lastLogTerm": m.last_log_term.0,
            }),
            Message::RequestVoteResponse(m) => json!({
                "type": "RequestVoteResponse", "term": m.term.0, "voteGranted": m.vote_granted,
            }),
            Message::PreVote(m) => json!({
                "type": "PreVoteRequest", "term": m.term.0,
                "lastLogIndex": m.last_log_index.0, "lastLogTerm": m.last_log_term.0,
            }),
            Message::PreVoteResponse(m) => json!({
                "type": "PreVoteResponse", "term": m.term.0, "voteGranted": m.vote_granted,
            }),
            Message::TimeoutNow(m) => json!({"type": "TimeoutNowRequest", "term": m.term.0}),
            Message::AppendEntries(m) => json!({
                "type": "AppendEntriesRequest", "term": m.term.0,
                "prevLogIndex": m.prev_log_index.0, "prevLogTerm": m.prev_log_term.0,
                "entries": self.entries(&m.entries), "leaderCommit": m.leader_commit.0,
            }),
            Message::AppendEntriesResponse(m) => json!({
                "type": "AppendEntriesResponse", "term": m.term.0,
                "success": m.success, "matchIndex": m.match_index.0,
            }),
            Message::InstallSnapshot(m) => json!({
                "type": "InstallSnapshotRequest", "term": m.term.0, "snapshot": self.included(&m.metadata),
            }),
            Message::InstallSnapshotChunk(m) => json!({
                "type": "InstallSnapshotRequest", "term": m.term.0, "snapshot": self.included(&m.metadata),
            }),
            Message::InstallSnapshotResponse(m) if m.success => json!({
                "type": "InstallSnapshotResponse", "term": m.term.0,
                "matchIndex": m.last_included_index.0,
            }),
            Message::InstallSnapshotResponse(m) => json!({
                "type": "AppendEntriesResponse", "term": m.term.0, "success": false, "matchIndex": 0,
            }),
        }
    }
}
