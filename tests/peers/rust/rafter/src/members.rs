//! Changes of the membership of rafter: voters come and go by way of C_old,new, which a leader leaves
//! when it is told to; who is to vote learns before.

use protocol::Names;
use rafter::{Input, MembershipConfig, MembershipSet, Node, NodeId, PromotionBarrier};
use serde_json::{Value, json};

/// What a request asks for of a leader, if it may be asked.
pub fn asked(node: &Node, arguments: &Value, names: &Names) -> Option<Input> {
    let peer = NodeId(names.number(&arguments["peer"]));
    let has_caught_up = |learner| PromotionBarrier::new(learner, node.commit_index());
    let membership = node.effective_membership();
    let now = match &membership {
        MembershipConfig::Stable(now) => Some(now),
        MembershipConfig::Joint(_) => None,
    };
    Some(match (arguments["change"].as_str()?, now) {
        ("LeaveJoint", None) => Input::leave_joint(),
        ("AddLearner", _) => Input::add_learner(peer),
        ("PromoteLearner", _) => Input::promote_learner(peer, has_caught_up(peer)),
        ("RemoveServer", Some(now)) if now.learners().contains(&peer) => {
            let left = now.learners().iter().filter(|id| **id != peer).copied().collect();
            let target = MembershipSet::new(now.voters().to_vec(), left).ok()?;
            Input::change_membership(target, vec![])
        }
        ("RemoveServer", _) => Input::remove_voter(peer),
        ("EnterJoint", Some(now)) => {
            let named = arguments["voters"].as_array()?.iter();
            let wanted = named.map(|name| NodeId(names.number(name)));
            let voters: Vec<_> = wanted.filter(|id| now.replica_ids().contains(id)).collect();
            let is_new = |id: &&NodeId| voters.contains(id);
            let learners = now.learners().iter();
            let promoted = learners.clone().filter(is_new).map(|id| has_caught_up(*id)).collect();
            let left = learners.filter(|id| !is_new(id)).copied().collect();
            Input::enter_joint(MembershipSet::new(voters, left).ok()?, promoted)
        }
        _ => return None,
    })
}

/// The configuration that a server goes by, but for one that it knows from its start alone.
pub fn in_force(node: &Node, names: &Names) -> Value {
    let is_known = node.snapshot().is_some() || node.effective_configuration_entry().is_some();
    shown(is_known.then(|| node.effective_membership()).as_ref(), names)
}

pub fn shown(membership: Option<&MembershipConfig>, names: &Names) -> Value {
    let named = |ids: &[NodeId]| ids.iter().map(|id| names.of(id.0)).collect::<Value>();
    let told = |set: &MembershipSet, outgoing: &[NodeId]| {
        json!({
            "voters": named(set.voters()), "outgoingVoters": named(outgoing),
            "learners": named(set.learners()),
        })
    };
    match membership {
        Some(MembershipConfig::Stable(set)) => told(set, &[]),
        Some(MembershipConfig::Joint(joint)) => told(joint.new_membership(), joint.old().voters()),
        None => json!({"voters": [], "outgoingVoters": [], "learners": []}),
    }
}
