"""What features of Raft a trace may name in its header, and what is known of each then.

The names are those of the modules in spec/features/. Without its feature a variable, a step or a
message is as unknown as any other that Raft.tla does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from raft_ref.traces.format.trace import TraceError

REFINING: Final = ("PreVote", "CheckQuorum", "LeadershipTransfer", "ReadIndex", "Leases")
"""Those that leave alone what a quorum is."""

FEATURES: Final = (*REFINING, "Membership", "JointConsensus", "AppliedMembership")
"""All that a header may name, and that a log is held to."""

_NEEDS: Final[Mapping[str, str]] = {
    "Leases": "ReadIndex",
    "JointConsensus": "Membership",
    "AppliedMembership": "Membership",
}

VARIABLES: Final = (
    "heardFromLeader", "preVotesGranted", "heardFrom", "transferTarget", "isForced",
    "readNumber", "readIndex", "pendingReads", "readRound", "roundAcks",
    "promise", "isTrusting", "isLeaseGivenUp", "bootstrap", "configurationIndex",
)  # fmt: skip
"""The variables of a server that features add; with any of them on, all are known."""

STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "MissLeader": ("PreVote", "CheckQuorum"),
    "RequestPreVotes": ("PreVote",),
    "ForgetPreVotes": ("PreVote",),
    "CheckQuorum": ("CheckQuorum",),
    "TransferLeadership": ("LeadershipTransfer",),
    "AbortTransfer": ("LeadershipTransfer",),
    "TimeoutNow": ("LeadershipTransfer",),
    "Read": ("ReadIndex",),
    "RequestReadIndex": ("ReadIndex",),
    "BeginRound": ("ReadIndex",),
    "Heartbeat": ("ReadIndex",),
    "AnswerReads": ("ReadIndex",),
    "ServeRead": ("ReadIndex",),
    "LeaseRead": ("Leases",),
    "EndLease": ("Leases",),
    "EndPromise": ("Leases",),
    "AddServer": ("Membership",),
    "RemoveServer": ("Membership",),
    "AddLearner": ("Membership",),
    "PromoteLearner": ("Membership",),
    "EnterJoint": ("JointConsensus",),
    "LeaveJoint": ("JointConsensus",),
    "ChangeTo": ("Membership",),
    "ApplyConfiguration": ("AppliedMembership",),
}
"""The steps that a server takes, each with the features of which one must be on."""

MESSAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "PreVoteRequest": ("PreVote",),
    "PreVoteResponse": ("PreVote",),
    "TimeoutNowRequest": ("LeadershipTransfer",),
    "HeartbeatRequest": ("ReadIndex",),
    "HeartbeatResponse": ("ReadIndex",),
    "ReadIndexRequest": ("ReadIndex",),
    "ReadIndexResponse": ("ReadIndex",),
}
"""The types of messages, as the steps."""

CHANGES: Final = (
    "AddServer", "RemoveServer", "AddLearner", "PromoteLearner", "EnterJoint", "LeaveJoint",
)  # fmt: skip
"""The steps by which a leader changes the membership."""

MARK: Final = "isForced"
"""The field of a RequestVoteRequest that says whether it is of a forced election."""

MAY_BE_ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "GrantInSpiteOfLeader": ("PreVote",),
    "GrantInOwnTerm": ("PreVote",),
    "CountOfEarlierTerm": ("PreVote",),
    "TrustClock": ("ReadIndex",),
}
"""What is no liberty unless a header says that the implementation takes it."""


def known(names: Mapping[str, tuple[str, ...]], features: frozenset[str]) -> tuple[str, ...]:
    """Return which names of a table are known while these features are on."""
    return tuple(name for name, of in names.items() if not features.isdisjoint(of))


def lacking(
    name: Any, features: frozenset[str], names: Mapping[str, tuple[str, ...]] = STEPS
) -> str | None:
    """Return what a name of a table needs that is not on, in a sentence; None: nothing is known."""
    needed = names.get(name) if type(name) is str else None
    if needed is None or not features.isdisjoint(needed):
        return None
    return f'{name} needs {" or ".join(needed)} among the "features"'


def checked_features(header: Mapping[str, Any]) -> frozenset[str]:
    """Return the features that a header names. Raises `TraceError` for what is none."""
    named = header.get("features", [])
    if type(named) is not list or not all(name in FEATURES for name in named):
        raise TraceError(f'"features" must be a list of {", ".join(FEATURES)}')
    for name, needed in _NEEDS.items():
        if name in named and needed not in named:
            raise TraceError(f'"features": {name} needs {needed}')
    return frozenset(named)
