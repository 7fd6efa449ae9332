"""Raft with the features that production runs, each beside the node and not within it.

In: which features are on. Out: a node, `ExtendedNode`, which with none on does what `raft_ref.Node`
does. `node` composes what the others add, as spec/features/ExtendedRaft.tla does: `pre_vote`,
`check_quorum`, `leadership_transfer`, `read_index` and `leases` are a feature each, and
`leader_contact` is what two of them ask. `state` has the variables of all, `messages` their
messages; `bugs` and `read_bugs` are mutants.
"""

from raft_ref.features.check_quorum import CheckQuorum
from raft_ref.features.leader_contact import MissLeader
from raft_ref.features.leadership_transfer import AbortTransfer, TimeoutNow, TransferLeadership
from raft_ref.features.leases import EndLease, EndPromise, LeaseRead
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
from raft_ref.features.node import MAX_READS, MAX_ROUNDS, ExtendedNode
from raft_ref.features.pre_vote import RequestPreVotes
from raft_ref.features.read_index import (
    AnswerReads,
    BeginRound,
    Heartbeat,
    Read,
    RequestReadIndex,
    ServeRead,
)
from raft_ref.features.state import ExtendedState, Feature, PendingRead, Promise, ReadingState

__all__ = [
    "MAX_READS",
    "MAX_ROUNDS",
    "AbortTransfer",
    "AnswerReads",
    "BeginRound",
    "CheckQuorum",
    "EndLease",
    "EndPromise",
    "ExtendedNode",
    "ExtendedState",
    "Feature",
    "FeatureMessage",
    "ForcedRequestVoteRequest",
    "Heartbeat",
    "HeartbeatRequest",
    "HeartbeatResponse",
    "LeaseRead",
    "MissLeader",
    "PendingRead",
    "PreVoteRequest",
    "PreVoteResponse",
    "Promise",
    "Read",
    "ReadIndexRequest",
    "ReadIndexResponse",
    "ReadingState",
    "RequestPreVotes",
    "RequestReadIndex",
    "ServeRead",
    "TimeoutNow",
    "TimeoutNowRequest",
    "TransferLeadership",
]
