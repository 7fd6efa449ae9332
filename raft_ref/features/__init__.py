"""Raft with the features that production runs, each beside the node and not within it.

In: which features are on. Out: a node, `ExtendedNode`, which with none on does what `raft_ref.Node`
does. `node` composes what the others add, as spec/features/ExtendedRaft.tla does: `pre_vote`,
`check_quorum` and `leadership_transfer` are a feature each, `leader_contact` is what two of them
ask; `state` has the variables and `messages` the messages of all. `bugs` are mutants of them.
"""

from raft_ref.features.check_quorum import CheckQuorum
from raft_ref.features.leader_contact import MissLeader
from raft_ref.features.leadership_transfer import AbortTransfer, TimeoutNow, TransferLeadership
from raft_ref.features.messages import (
    FeatureMessage,
    ForcedRequestVoteRequest,
    PreVoteRequest,
    PreVoteResponse,
    TimeoutNowRequest,
)
from raft_ref.features.node import ExtendedNode
from raft_ref.features.pre_vote import RequestPreVotes
from raft_ref.features.state import ExtendedState, Feature

__all__ = [
    "AbortTransfer",
    "CheckQuorum",
    "ExtendedNode",
    "ExtendedState",
    "Feature",
    "FeatureMessage",
    "ForcedRequestVoteRequest",
    "MissLeader",
    "PreVoteRequest",
    "PreVoteResponse",
    "RequestPreVotes",
    "TimeoutNow",
    "TimeoutNowRequest",
    "TransferLeadership",
]
