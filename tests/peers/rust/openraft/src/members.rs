//! Changes of the membership of openraft: each goes by way of C_old,new, which it leaves by itself
//! once that is applied, but for who does not vote. One that leaves no more, since it is deposed or
//! starts again, leaves C_old,new to who is asked to go on.

use std::collections::{BTreeMap, BTreeSet};

use openraft::{ChangeMembers, Membership};
use protocol::Names;
use serde_json::{Value, json};

pub type Members = Membership<u64, ()>;

/// What a request asks for of a leader with these members, if it may be asked.
pub fn asked(
    members: &Members,
    arguments: &Value,
    names: &Names,
) -> Option<ChangeMembers<u64, ()>> {
    let peer = names.number(&arguments["peer"]);
    let (alone, with_nothing) = (BTreeSet::from([peer]), BTreeMap::from([(peer, ())]));
    let is_voter = members.voter_ids().any(|id| id == peer);
    Some(match arguments["change"].as_str()? {
        "AddServer" => ChangeMembers::AddVoters(with_nothing),
        "PromoteLearner" => ChangeMembers::AddVoterIds(alone),
        "RemoveServer" if is_voter => ChangeMembers::RemoveVoters(alone),
        "RemoveServer" => ChangeMembers::RemoveNodes(alone),
        "AddLearner" => ChangeMembers::AddNodes(with_nothing),
        "EnterJoint" => {
            let named = arguments["voters"].as_array()?.iter();
            let wanted: BTreeSet<_> = named.map(|name| names.number(name)).collect();
            let is_there = |id: &u64| members.get_node(id).is_some();
            // The others are to be learners before that.
            ChangeMembers::ReplaceAllVoters(wanted.into_iter().filter(is_there).collect())
        }
        "LeaveJoint" if members.get_joint_config().len() > 1 => {
            ChangeMembers::ReplaceAllVoters(members.get_joint_config().last()?.clone())
        }
        _ => return None,
    })
}

/// A configuration: the last of its sets of voters are the ones to be.
pub fn shown(members: &Members, names: &Names) -> Value {
    let named = |ids: &BTreeSet<u64>| ids.iter().map(|id| names.of(*id)).collect::<Value>();
    let (voters, outgoing) = match members.get_joint_config().as_slice() {
        [] => (json!([]), json!([])),
        [only] => (named(only), json!([])),
        [outgoing, .., voters] => (named(voters), named(outgoing)),
    };
    let learners: BTreeSet<_> = members.learner_ids().collect();
    json!({"voters": voters, "outgoingVoters": outgoing, "learners": named(&learners)})
}

/// That a leader appends a configuration.
pub fn step(members: &Members, names: &Names) -> Value {
    json!({"step": "ChangeTo", "arguments": {"configuration": shown(members, names)}})
}
