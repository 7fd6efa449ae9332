//! Changes of the membership of raft-rs: what is asked, what it leads to, what is known of both.
//!
//! A configuration is used once it is applied; C_old,new is left by the leader itself, or, if that
//! was asked explicitly, when it is told to. Entries hold changes, the trace wants what they lead
//! to: who proposes them notes it, by index and term.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use protocol::Names;
use raft::prelude::*;
use raft::{Changer, ProgressTracker};
use serde_json::{Value, json};

use crate::disk::Disk;

/// A change, and the configuration that it leads to.
#[derive(Clone)]
pub struct Change {
    pub asked: ConfChangeV2,
    pub after: ConfState,
}

/// All that were ever appended, by index and term.
#[derive(Clone, Default)]
pub struct Changes(Rc<RefCell<HashMap<(u64, u64), Change>>>);

impl Changes {
    pub fn of(&self, entry: &Entry) -> Option<Change> {
        self.0.borrow().get(&(entry.index, entry.term)).cloned()
    }

    /// Notes what the last entry of a leader holds, if it is a change.
    pub fn note(&self, raft: &Raft<Disk>, change: Change) -> bool {
        let last = raft.raft_log.all_entries().pop();
        let new = last.filter(|entry| is_change(entry) && self.of(entry).is_none());
        if let Some(entry) = &new {
            self.0.borrow_mut().insert((entry.index, entry.term), change);
        }
        new.is_some()
    }

    /// Notes that a leader has left C_old,new by itself, if it has; returns for what.
    pub fn note_leaving(&self, raft: &Raft<Disk>) -> Option<ConfState> {
        let change = checked(raft.prs(), ConfChangeV2::default())?;
        let after = change.after.clone();
        self.note(raft, change).then_some(after)
    }

    /// What is in force behind an index of what is stored.
    pub fn members_at(&self, disk: &Disk, index: u64) -> ConfState {
        let stored = disk.0.borrow();
        let up_to = stored.entries.iter().rev().skip_while(|entry| entry.index > index);
        let last = up_to.filter(|entry| is_change(entry)).find_map(|entry| self.of(entry));
        last.map_or_else(|| stored.snapshot.get_conf_state().clone(), |change| change.after)
    }
}

pub fn is_change(entry: &Entry) -> bool {
    entry.get_entry_type() != EntryType::EntryNormal
}

/// With what it leads to, a change that may be asked of who has these members.
fn checked(members: &ProgressTracker, asked: ConfChangeV2) -> Option<Change> {
    let mut changer = Changer::new(members);
    let after = if asked.leave_joint() {
        changer.leave_joint()
    } else if let Some(is_left_by_itself) = asked.enter_joint() {
        changer.enter_joint(is_left_by_itself, &asked.changes)
    } else {
        changer.simple(&asked.changes)
    };
    let after = after.ok()?.0.to_conf_state();
    Some(Change { asked, after })
}

/// How C_old,new comes about, and is left.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Joint {
    #[default]
    Never,
    LeftByItself,
    LeftIfAsked,
}

/// What a request asks for, if it may be asked.
pub fn asked(raft: &Raft<Disk>, arguments: &Value, names: &Names, joint: Joint) -> Option<Change> {
    let is_voter = |id| raft.prs().conf().voters().contains(id);
    let peer = names.number(&arguments["peer"]);
    let mut asked = ConfChangeV2::default();
    let mut add = |kind, node_id| {
        let mut one = ConfChangeSingle::default();
        one.set_change_type(kind);
        one.node_id = node_id;
        asked.changes.push(one);
    };
    let is_joint = match arguments["change"].as_str()? {
        "AddServer" | "PromoteLearner" => {
            add(ConfChangeType::AddNode, peer);
            false
        }
        "AddLearner" => {
            add(ConfChangeType::AddLearnerNode, peer);
            // A voter stays one until C_old,new is left.
            is_voter(peer) && joint != Joint::Never
        }
        "RemoveServer" => {
            add(ConfChangeType::RemoveNode, peer);
            false
        }
        "EnterJoint" if joint != Joint::Never => {
            let wanted: Vec<_> =
                arguments["voters"].as_array()?.iter().map(|each| names.number(each)).collect();
            for &id in &wanted {
                add(ConfChangeType::AddNode, id);
            }
            for id in (1..=names.count()).filter(|id| is_voter(*id) && !wanted.contains(id)) {
                add(ConfChangeType::RemoveNode, id);
            }
            true
        }
        "LeaveJoint" if joint == Joint::LeftIfAsked => false,
        _ => return None,
    };
    if is_joint {
        asked.set_transition(match joint {
            Joint::LeftIfAsked => ConfChangeTransition::Explicit,
            _ => ConfChangeTransition::Implicit,
        });
    }
    checked(raft.prs(), asked)
}

/// Proposes a change, in the older form where that can say it.
pub fn propose(node: &mut RawNode<Disk>, asked: &ConfChangeV2) -> raft::Result<()> {
    match asked.changes.as_slice() {
        [one] if asked.get_transition() == ConfChangeTransition::Auto => {
            let mut change = ConfChange::default();
            change.set_change_type(one.get_change_type());
            change.node_id = one.node_id;
            node.propose_conf_change(vec![], change)
        }
        _ => node.propose_conf_change(vec![], asked.clone()),
    }
}

pub fn shown(members: &ConfState, names: &Names) -> Value {
    let named = |ids: &[u64]| ids.iter().map(|id| names.of(*id)).collect::<Value>();
    json!({
        "voters": named(&members.voters),
        "outgoingVoters": named(&members.voters_outgoing),
        "learners": named(&members.learners),
    })
}

/// That a leader appends a configuration.
pub fn step(members: &ConfState, names: &Names) -> Value {
    json!({"step": "ChangeTo", "arguments": {"configuration": shown(members, names)}})
}
