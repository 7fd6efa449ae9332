//! One server of raft-rs, with what it has stored.

use std::collections::{HashSet, VecDeque};

use protocol::Taken;
use raft::prelude::*;
use raft::{INVALID_ID, ReadOnlyOption, StateRole};

use crate::Features;
use crate::disk::Disk;
use crate::members::{Changes, is_change};

pub struct Server {
    pub disk: Disk,
    pub node: RawNode<Disk>,
    changes: Changes,
    applied: u64,
    /// What is committed and not applied yet: a change is first.
    waiting: VecDeque<Entry>,
    /// What clients are told of their reads.
    pub answered: Vec<ReadState>,
    /// For what it has left C_old,new by itself.
    pub left: Vec<ConfState>,
}

impl Server {
    pub fn start(id: u64, disk: Disk, on: Features, changes: Changes) -> Server {
        let applied = disk.0.borrow().snapshot.index;
        let config = Config {
            id,
            applied,
            election_tick: 10,
            heartbeat_tick: 1,
            // No chance: it never counts that far.
            min_election_tick: 1_000,
            max_election_tick: 1_001,
            max_size_per_msg: 1 << 20,
            max_inflight_msgs: 16,
            pre_vote: on.pre_vote,
            check_quorum: on.check_quorum,
            read_only_option: match on.leases {
                true => ReadOnlyOption::LeaseBased,
                false => ReadOnlyOption::Safe,
            },
            ..Default::default()
        };
        let quiet = slog::Logger::root(slog::Discard, slog::o!());
        let node = RawNode::new(&config, disk.clone(), &quiet).expect("what is stored is sound");
        let (waiting, answered, left) = (VecDeque::new(), vec![], vec![]);
        Server { disk, node, changes, applied, waiting, answered, left }
    }

    pub fn is_leader(&self) -> bool {
        self.node.raft.state == StateRole::Leader
    }

    /// Whether it has heard of a leader within the election timeout.
    pub fn has_leader(&self) -> bool {
        let raft = &self.node.raft;
        raft.leader_id != INVALID_ID && raft.election_elapsed < raft.election_timeout()
    }

    /// Does what the library asks for, up to a change that is to be applied: store, send, apply.
    pub fn work(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while self.node.has_ready() {
            let mut ready = self.node.ready();
            messages.extend(ready.take_messages());
            self.answered.extend(ready.take_read_states());
            let has_snapshot = !ready.snapshot().is_empty();
            if has_snapshot {
                self.disk.0.borrow_mut().install(ready.snapshot());
                self.applied = ready.snapshot().get_metadata().index;
                self.waiting.clear();
            }
            self.disk.0.borrow_mut().append(ready.entries());
            if let Some(state) = ready.hs() {
                self.disk.0.borrow_mut().hard_state = state.clone();
            }
            messages.extend(ready.take_persisted_messages());
            self.waiting.extend(ready.take_committed_entries());
            let mut light = self.node.advance_append(ready);
            if let Some(commit) = light.commit_index() {
                self.disk.0.borrow_mut().hard_state.commit = commit;
            }
            messages.extend(light.take_messages());
            self.waiting.extend(light.take_committed_entries());
            if has_snapshot {
                self.node.advance_apply_to(self.applied);
            }
            self.apply_values();
        }
        messages
    }

    fn apply_values(&mut self) {
        while let Some(entry) = self.waiting.front().filter(|entry| !is_change(entry)) {
            let index = entry.index;
            self.waiting.pop_front();
            self.apply_to(index);
        }
    }

    fn apply_to(&mut self, index: u64) {
        self.applied = index;
        self.node.advance_apply_to(index);
        self.left.extend(self.changes.note_leaving(&self.node.raft));
    }

    pub fn has_change(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Goes by the next configuration that is committed; returns who is a member now and was none.
    pub fn apply_change(&mut self) -> Vec<u64> {
        let entry = self.waiting.pop_front().expect("there is one");
        let change = self.changes.of(&entry).expect("who has proposed it has noted it");
        let before: HashSet<_> = self.node.raft.prs().iter().map(|(id, _)| *id).collect();
        self.node.apply_conf_change(&change.asked).expect("it was checked");
        self.apply_to(entry.index);
        self.apply_values();
        let members = self.node.raft.prs().iter().map(|(id, _)| *id);
        members.filter(|id| !before.contains(id)).collect()
    }

    /// Compacts its log; a fault `is_ahead`, and has the members of the end of that.
    pub fn compact(&mut self, index: u64, is_ahead: bool) -> Taken {
        let to = index.min(self.applied);
        if to <= self.disk.0.borrow().snapshot.index {
            return Taken::Nothing;
        }
        let as_of = if is_ahead { u64::MAX } else { to };
        let members = self.changes.members_at(&self.disk, as_of);
        self.disk.0.borrow_mut().compact(to, members);
        Taken::step("CompactLog")
    }

    pub fn receive(&mut self, message: Message) -> Taken {
        let (kind, term) = (message.get_msg_type(), self.node.raft.term);
        // It says no to what comes from nobody that it knows.
        let _ = self.node.step(message);
        let stands = self.node.raft.state == StateRole::Candidate && self.node.raft.term > term;
        match kind {
            MessageType::MsgRequestPreVoteResponse | MessageType::MsgTimeoutNow if stands => {
                Taken::steps(&["Receive", "Timeout"])
            }
            MessageType::MsgTimeoutNow if self.node.raft.state == StateRole::PreCandidate => {
                Taken::steps(&["Receive", "RequestPreVotes"])
            }
            _ => Taken::step("Receive"),
        }
    }

    /// The election timeout fires: as its own clock has it, for a voter alone.
    pub fn stand(&mut self) -> Taken {
        let raft = &mut self.node.raft;
        if raft.state == StateRole::Leader || !raft.promotable() {
            return Taken::Nothing;
        }
        let term = raft.term;
        let _ = self.node.campaign();
        let raft = &self.node.raft;
        match raft.state {
            // Changes are committed and not applied.
            StateRole::Follower => Taken::Nothing,
            StateRole::PreCandidate => Taken::step("RequestPreVotes"),
            _ if raft.term == term => Taken::Nothing,
            _ if raft.pre_vote => Taken::steps(&["RequestPreVotes", "Timeout"]),
            _ => Taken::step("Timeout"),
        }
    }

    /// An election timeout passes.
    pub fn check_quorum(&mut self) -> Taken {
        let mut check = Message::default();
        check.set_msg_type(MessageType::MsgCheckQuorum);
        self.node.raft.election_elapsed = 0;
        let _ = self.node.raft.step(check);
        Taken::step("CheckQuorum")
    }
}
