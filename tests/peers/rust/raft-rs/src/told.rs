//! What raft-rs has, in the words of the trace format.

use protocol::Names;
use raft::prelude::*;
use raft::{Raft, StateRole};
use serde_json::{Value, json};

use crate::Features;
use crate::disk::Disk;
use crate::members::{Changes, is_change, shown};
use crate::reads::{self, Reads};

pub fn header(on: Features, voters: &Value) -> Value {
    let names = [
        (on.pre_vote, "PreVote"),
        (on.check_quorum, "CheckQuorum"),
        (on.transfer, "LeadershipTransfer"),
        (on.membership, "Membership"),
        (on.membership, "AppliedMembership"),
        (on.joint, "JointConsensus"),
        (on.reads, "ReadIndex"),
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
    if on.leases {
        allowed.push("TrustClock");
    }
    let mut header = json!({"features": features, "allowed": allowed});
    if on.membership {
        header["voters"] = voters.clone();
    }
    header
}

/// What is needed to tell of a cluster.
pub struct Words<'a> {
    pub names: &'a Names,
    pub changes: &'a Changes,
    pub reads: &'a Reads,
    pub on: Features,
}

impl Words<'_> {
    pub fn state(&self, raft: &Raft<Disk>) -> Value {
        let role = match raft.state {
            StateRole::Leader => "Leader",
            StateRole::Candidate => "Candidate",
            // Who asks for pre-votes has a role of its own here.
            StateRole::Follower | StateRole::PreCandidate => "Follower",
        };
        let stored = raft.store().0.borrow();
        let mut state = json!({
            "currentTerm": raft.term,
            "votedFor": self.names.of(raft.vote),
            "role": role,
            "commitIndex": raft.raft_log.committed,
            "log": self.entries(&raft.raft_log.all_entries()),
            "snapshot": self.snapshot(&stored.snapshot),
        });
        let members = raft.prs().conf().to_conf_state();
        if self.on.membership {
            state["configuration"] = shown(&members, self.names);
        }
        if raft.state == StateRole::Leader {
            let each = raft.prs().iter().filter(|(id, _)| **id != raft.id); // the spec keeps no own
            state["matchIndex"] = each
                .filter_map(|(id, progress)| {
                    Some((self.names.of(*id).as_str()?.to_string(), json!(progress.matched)))
                })
                .collect::<serde_json::Map<_, _>>()
                .into();
        }
        state
    }

    fn snapshot(&self, metadata: &SnapshotMetadata) -> Value {
        let mut snapshot = json!({
            "lastIncludedIndex": metadata.index, "lastIncludedTerm": metadata.term,
        });
        if self.on.membership {
            snapshot["configuration"] = shown(metadata.get_conf_state(), self.names);
        }
        snapshot
    }

    fn entries(&self, some: &[Entry]) -> Value {
        some.iter()
            .map(|entry| {
                let value = match self.changes.of(entry) {
                    Some(change) if is_change(entry) => shown(&change.after, self.names),
                    _ => json!(String::from_utf8_lossy(&entry.data)),
                };
                json!({"term": entry.term, "value": value})
            })
            .collect()
    }

    pub fn message(&self, m: &Message, sender: &Raft<Disk>) -> Value {
        let mut shown = self.of_type(m, sender);
        if shown["type"] != "ReadIndexRequest" {
            shown["term"] = json!(m.term); // reads are passed on without one
        }
        if let (true, Some(also)) = (self.on.reads, self.reads.also(m)) {
            shown["also"] = also;
        }
        if let Some(each) = shown.as_object_mut() {
            each.retain(|_, value| !value.is_null()); // a term that it does not know any more
        }
        shown
    }

    fn of_type(&self, m: &Message, sender: &Raft<Disk>) -> Value {
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
                "entries": self.entries(m.get_entries()), "leaderCommit": m.commit,
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
                let snapshot = self.snapshot(m.get_snapshot().get_metadata());
                json!({"type": "InstallSnapshotRequest", "snapshot": snapshot})
            }
            MessageType::MsgReadIndex => {
                json!({"type": "ReadIndexRequest", "number": reads::number(&m.entries[0].data)})
            }
            MessageType::MsgReadIndexResp => json!({
                "type": "ReadIndexResponse", "index": m.index,
                "number": reads::number(&m.entries[0].data),
            }),
            other => json!({"type": format!("{other:?}")}),
        }
    }
}
