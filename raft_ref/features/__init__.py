"""Raft with the features that production runs, each beside the node and not within it.

In: which features are on. Out: a node, `ExtendedNode`, which with none on does what `raft_ref.Node`
does. `node` composes what the others add, as spec/features/ExtendedRaft.tla does: `pre_vote`,
`check_quorum`, `leadership_transfer`, `read_index`, `leases` and `membership` are a feature each;
`leader_contact` is what two of them ask, and `configuration` what a quorum is to all. `state` has
the variables of all, `messages` their messages; `bugs` are mutants.
"""

from raft_ref.features.check_quorum import CheckQuorum
from raft_ref.features.configuration import Configuration
from raft_ref.features.leader_contact import MissLeader
from raft_ref.features.leadership_transfer import AbortTransfer, TimeoutNow, TransferLeadership
from raft_ref.features.leases import EndLease, EndPromise, LeaseRead
from raft_ref.features.membership import (
    AddLearner,
    AddServer,
    ApplyConfiguration,
    Commit,
    EnterJoint,
    LeaveJoint,
    PromoteLearner,
    RemoveServer,
    StepDown,
    TakeLead,
)
from raft_ref.features.messages import (
    FeatureMessage,
    ForcedRequestVoteRequest,
    HeartbeatRequest,
    HeartbeatResponse,
    PreVoteRequest,
    PreVoteResponse,
    ReadIndexRequest,
    ReadIndexResponse,
    TimeoutNowRequest,
)
from raft_ref.features.node import MAX_CHANGES, MAX_READS, MAX_ROUNDS, ExtendedNode, renamed_value
from raft_ref.features.pre_vote import RequestPreVotes
from raft_ref.features.read_index import (
    AnswerReads,
    BeginRound,
    Heartbeat,
    Read,
    RequestReadIndex,
    ServeRead,
)
from raft_ref.features.state import (
    REFINING,
    ConfiguredState,
    ExtendedState,
    Feature,
    PendingRead,
    Promise,
    ReadingState,
)

__all__ = [
    "MAX_CHANGES",
    "MAX_READS",
    "MAX_ROUNDS",
    "REFINING",
    "AbortTransfer",
    "AddLearner",
    "AddServer",
    "AnswerReads",
    "ApplyConfiguration",
    "BeginRound",
    "CheckQuorum",
    "Commit",
    "Configuration",
    "ConfiguredState",
    "EndLease",
    "EndPromise",
    "EnterJoint",
    "ExtendedNode",
    "ExtendedState",
    "Feature",
    "FeatureMessage",
    "ForcedRequestVoteRequest",
    "Heartbeat",
    "HeartbeatRequest",
    "HeartbeatResponse",
    "LeaseRead",
    "LeaveJoint",
    "MissLeader",
    "PendingRead",
    "PreVoteRequest",
    "PreVoteResponse",
    "Promise",
    "PromoteLearner",
    "Read",
    "ReadIndexRequest",
    "ReadIndexResponse",
    "ReadingState",
    "RemoveServer",
    "RequestPreVotes",
    "RequestReadIndex",
    "ServeRead",
    "StepDown",
    "TakeLead",
    "TimeoutNow",
    "TimeoutNowRequest",
    "TransferLeadership",
    "renamed_value",
]
