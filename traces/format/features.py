"""What features of Raft a trace may name in its header, and what is known of each then.

The names are those of the modules in spec/features/. Without its feature a variable, a step or a
message is as unknown as any other that Raft.tla does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from raft_ref.traces.format.trace import TraceError

FEATURES: Final = ("PreVote", "CheckQuorum", "LeadershipTransfer", "ReadIndex", "Leases")
"""All that a header may name, and that a log is held to."""

NOT_JUDGED: Final = ("Membership", "JointConsensus", "AppliedMembership")
"""Those of which a trace can be told and drawn, and that no log is held to yet."""

VARIABLES: Final = (
    "heardFromLeader", "preVotesGranted", "heardFrom", "transferTarget", "isForced",
    "readNumber", "readIndex", "pendingReads", "readRound", "roundAcks",
    "promise", "isTrusting", "isLeaseGivenUp",
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

MARK: Final = "isForced"
"""The field of a RequestVoteRequest that says whether it is of a forced election."""

MAY_BE_ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "GrantInSpiteOfLeader": ("PreVote",),
    "GrantInOwnTerm": ("PreVote",),
    "CountOfEarlierTerm": ("PreVote",),
}
"""What is no liberty unless a header says that the implementation takes it."""


def known(names: Mapping[str, tuple[str, ...]], features: frozenset[str]) -> tuple[str, ...]:
    """Return which names of a table are known while these features are on."""
    return tuple(name for name, of in names.items() if not features.isdisjoint(of))


def checked_features(header: Mapping[str, Any], is_judged: bool = True) -> frozenset[str]:
    """Return the features that a header names, of a log that is judged or of a trace that is told.

    Raises `TraceError` for what is none, and for one that no log is held to yet.
    """
    named = header.get("features", [])
    if type(named) is not list or not all(name in (*FEATURES, *NOT_JUDGED) for name in named):
        raise TraceError(f'"features" must be a list of {", ".join(FEATURES)}')
    for name in NOT_JUDGED:
        if is_judged and name in named:
            raise TraceError(f'"features": no log is held to {name} yet')
    if "Leases" in named and "ReadIndex" not in named:
        raise TraceError('"features": Leases are for reads, and need ReadIndex')
    return frozenset(named)
