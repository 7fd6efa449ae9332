//! What openraft has, in the words of the trace format.

use openraft::raft::AppendEntriesResponse;
use openraft::{EntryPayload, LogId, RaftState, ServerState, TokioInstant};
use protocol::Names;
use serde_json::{Value, json};

use crate::members::{Members, shown};
use crate::store::{Entry, Store};
use crate::wire::{Answer, Package, Question};

/// What a server shows of itself.
pub struct Seen {
    pub role: ServerState,
    pub term: u64,
    pub vote: Option<u64>,
    pub members: Members,
    committed: u64,
}

impl Seen {
    pub fn of(state: &RaftState<u64, (), TokioInstant>) -> Seen {
        let vote = openraft_vote(state);
        Seen {
            role: state.server_state,
            term: vote.leader_id.term,
            vote: vote.leader_id.voted_for,
            members: state.membership_state.effective().membership().clone(),
            committed: index(state.committed),
        }
    }
}

fn openraft_vote(state: &RaftState<u64, (), TokioInstant>) -> openraft::Vote<u64> {
    *state.vote_ref()
}

fn index(at: Option<LogId<u64>>) -> u64 {
    at.map_or(0, |at| at.index)
}

fn term(at: Option<LogId<u64>>) -> u64 {
    at.map_or(0, |at| at.leader_id.term)
}

/// How far a log is compacted.
pub fn compacted(store: &Store) -> u64 {
    index(store.stored().purged)
}

/// What is needed to tell of a cluster.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    pub names: &'a Names,
    pub has_changes: bool,
}

impl Words<'_> {
    pub fn state(&self, seen: &Seen, store: &Store, is_vote_known: bool) -> Value {
        let stored = store.stored();
        let role = match seen.role {
            ServerState::Leader => "Leader",
            ServerState::Candidate => "Candidate",
            _ => "Follower",
        };
        let mut state = json!({
            "currentTerm": seen.term,
            "role": role,
            "commitIndex": seen.committed,
            "log": self.entries(stored.log.range(1..).map(|(_, entry)| entry)),
            "snapshot": {
                "lastIncludedIndex": index(stored.purged), "lastIncludedTerm": term(stored.purged),
            },
        });
        if is_vote_known {
            state["votedFor"] = self.names.of(seen.vote.unwrap_or(0));
        }
        if self.has_changes {
            state["configuration"] = shown(&seen.members, self.names);
            state["snapshot"]["configuration"] = shown(&stored.members_purged, self.names);
        }
        state
    }

    fn entries<'a>(&self, some: impl Iterator<Item = &'a Entry>) -> Value {
        some.map(|entry| {
            let value = match &entry.payload {
                EntryPayload::Normal(value) => json!(value),
                EntryPayload::Membership(members) => shown(members, self.names),
                EntryPayload::Blank => json!(""),
            };
            json!({"term": entry.log_id.leader_id.term, "value": value})
        })
        .collect()
    }

    pub fn package(&self, package: &Package) -> Value {
        match (&package.question, &package.answer) {
            (question, None) => self.asked(question),
            (question, Some(answer)) => answered(question, answer),
        }
    }

    fn asked(&self, question: &Question) -> Value {
        match question {
            Question::Vote(asked) => json!({
                "type": "RequestVoteRequest", "term": asked.vote.leader_id.term,
                "lastLogIndex": index(asked.last_log_id), "lastLogTerm": term(asked.last_log_id),
            }),
            Question::Append(asked) => json!({
                "type": "AppendEntriesRequest", "term": asked.vote.leader_id.term,
                "prevLogIndex": index(asked.prev_log_id), "prevLogTerm": term(asked.prev_log_id),
                "entries": self.entries(asked.entries.iter().filter(|entry| entry.log_id.index > 0)),
                "leaderCommit": index(asked.leader_commit),
            }),
            Question::Snapshot(asked) => {
                let mut snapshot = json!({
                    "lastIncludedIndex": index(asked.meta.last_log_id),
                    "lastIncludedTerm": term(asked.meta.last_log_id),
                });
                if self.has_changes {
                    let members = asked.meta.last_membership.membership();
                    snapshot["configuration"] = shown(members, self.names);
                }
                json!({
                    "type": "InstallSnapshotRequest", "term": asked.vote.leader_id.term,
                    "snapshot": snapshot,
                })
            }
        }
    }
}

/// An answer has no term, but belongs to its question.
fn answered(question: &Question, answer: &Answer) -> Value {
    let no = |term| json!({"type": "AppendEntriesResponse", "term": term, "success": false, "matchIndex": 0});
    match (question, answer) {
        (_, Answer::Vote(answer)) => json!({
            "type": "RequestVoteResponse", "term": answer.vote.leader_id.term,
            "voteGranted": answer.vote_granted,
        }),
        (Question::Append(asked), Answer::Append(answer)) => {
            let last = asked.entries.last().map(|entry| entry.log_id);
            let matched = match answer {
                AppendEntriesResponse::Success => last.or(asked.prev_log_id),
                AppendEntriesResponse::PartialSuccess(matched) => *matched,
                AppendEntriesResponse::Conflict => return no(asked.vote.leader_id.term),
                AppendEntriesResponse::HigherVote(vote) => return no(vote.leader_id.term),
            };
            json!({
                "type": "AppendEntriesResponse", "term": asked.vote.leader_id.term,
                "success": true, "matchIndex": index(matched),
            })
        }
        (Question::Snapshot(asked), Answer::Snapshot(answer)) if answer.vote == asked.vote => {
            json!({
                "type": "InstallSnapshotResponse", "term": asked.vote.leader_id.term,
                "matchIndex": index(asked.meta.last_log_id),
            })
        }
        (_, Answer::Snapshot(answer)) => no(answer.vote.leader_id.term),
        _ => unreachable!("it answers what was asked"),
    }
}
