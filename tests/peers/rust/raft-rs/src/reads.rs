//! Reads of raft-rs.
//!
//! A read has a context, here its number. With `ReadOnlyOption::Safe` a leader that notes one begins
//! a round of heartbeats with that context; an answer to one confirms all that were noted before. So
//! a round is known by the term and the context. With `LeaseBased` a leader asks nobody, and answers
//! at once.

use std::collections::HashMap;

use raft::prelude::*;
use serde_json::{Value, json};

use crate::disk::Disk;

#[derive(Default)]
pub struct Reads {
    asked: u64,
    begun: u64,
    rounds: HashMap<(u64, u64), u64>,
}

/// The number of the read that has a context; 0 is none.
pub fn number(context: &[u8]) -> u64 {
    std::str::from_utf8(context).ok().and_then(|text| text.parse().ok()).unwrap_or_default()
}

impl Reads {
    /// The number of a read that a client asks for now.
    pub fn next(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// Notes that a leader has begun a round, if it has, for a read that it was asked for.
    pub fn note(&mut self, raft: &Raft<Disk>, read: u64) -> bool {
        let is_noted = raft.read_only.pending_read_index.contains_key(&context(read));
        if is_noted {
            self.begun += 1;
            self.rounds.insert((raft.term, read), self.begun);
        }
        is_noted
    }

    /// The step of a leader that asks nobody, since it takes itself for the only voter.
    pub fn at_once(&mut self) -> &'static str {
        self.begun += 1;
        "BeginRound"
    }

    /// Whether a read was noted in a term: who asks twice is answered once.
    pub fn is_noted(&self, term: u64, read: u64) -> bool {
        self.rounds.contains_key(&(term, read))
    }

    /// What a message is besides: a heartbeat of a round, or word of what is committed.
    pub fn also(&self, m: &Message) -> Option<Value> {
        let kind = match m.get_msg_type() {
            MessageType::MsgHeartbeat => "HeartbeatRequest",
            MessageType::MsgHeartbeatResponse => "HeartbeatResponse",
            // A leader reads where an entry of its term is committed.
            MessageType::MsgReadIndexResp => {
                return Some(json!({
                    "type": "AppendEntriesRequest", "term": m.term, "prevLogIndex": m.index,
                    "prevLogTerm": m.term, "entries": [], "leaderCommit": m.index,
                }));
            }
            _ => return None,
        };
        let round = self.rounds.get(&(m.term, number(&m.context)))?;
        Some(json!({"type": kind, "term": m.term, "round": round}))
    }
}

pub fn context(read: u64) -> Vec<u8> {
    read.to_string().into_bytes()
}

/// That a leader answers a read.
pub fn answer(peer: Value, read: &[u8], index: u64) -> Value {
    let told = json!({"peer": peer, "number": number(read), "index": index});
    json!({"step": "AnswerReads", "arguments": told})
}
