"""What the modules of spec/features say of which type variables and messages are, by hand."""

from collections.abc import Iterator
from typing import Any

import pytest

from raft_ref import spec
from raft_ref.spec.files import FEATURES
from raft_ref.spec.link.shared import shared
from tests.support import raft_states
from tests.support.raft_states import NIL, NOBODY, S1, S2, V1, State, both, log, snap

YES, NO = spec.boolean(True), spec.boolean(False)
CONSTANTS: dict[str, spec.Value] = {
    **raft_states.CONSTANTS,
    "Features": frozenset({"Membership"}),
    "Voters": frozenset({S1, S2}),
}


def some(*members: spec.Value) -> spec.Value:
    return frozenset(members)


def conf(voters: spec.Value, outgoing: spec.Value = NOBODY, learners: spec.Value = NOBODY) -> Any:
    return spec.record({"voters": voters, "outgoingVoters": outgoing, "learners": learners})


def read(server: spec.Value, number: Any, index: Any, is_covered: Any = NO) -> spec.Value:
    return spec.record(
        {"server": server, "number": number, "index": index, "isCovered": is_covered}
    )


def promise(leader: spec.Value, term: int, number: int) -> spec.Value:
    return spec.record({"leader": leader, "term": term, "round": number})


BOTH = conf(some(S1, S2))
HEALTHY: State = {
    **raft_states.HEALTHY,
    "heardFromLeader": both(NO, YES),
    "preVotesGranted": both(NOBODY, some(S2)),
    "heardFrom": both(some(S2), NOBODY),
    "transferTarget": both(S2, NIL),
    "isForced": both(NO, YES),
    "readNumber": both(1, 0),
    "readIndex": both(0, NIL),
    "pendingReads": both(some(read(S1, 1, 2)), NOBODY),
    "readRound": both(1, 0),
    "roundAcks": both(some(S2), NOBODY),
    "promise": both(NIL, promise(S1, 1, 1)),
    "isTrusting": both(YES, NO),
    "isLeaseGivenUp": both(NO, YES),
    "bootstrap": both(BOTH, BOTH),
    "configurationIndex": both(0, 0),
}


def vote_asked(kind: str, term: int) -> spec.Value:
    return spec.record({"type": kind, "source": S1, "dest": S2, "term": term})


VOTE, NO_VOTE = vote_asked("RequestVoteRequest", 1), vote_asked("PreVoteRequest", 1)
LATER_VOTE = vote_asked("RequestVoteRequest", 2)

# The property of which module, whether it is true, and what is otherwise than in HEALTHY.
OF_STATES: list[tuple[str, str, bool, State]] = [
    ("PreVote", "PreVoteTypeOK", True, {}),
    ("PreVote", "PreVoteTypeOK", False, {"preVotesGranted": both(some(S1, V1), NOBODY)}),
    ("PreVote", "PreVoteTypeOK", False, {"preVotesGranted": both(NOBODY, some(V1))}),
    ("CheckQuorum", "CheckQuorumTypeOK", True, {}),
    ("CheckQuorum", "CheckQuorumTypeOK", False, {"heardFromLeader": both(NIL, YES)}),
    ("CheckQuorum", "CheckQuorumTypeOK", False, {"heardFrom": both(some(S2, V1), NOBODY)}),
    ("CheckQuorum", "CheckQuorumTypeOK", False, {"heardFrom": both(NOBODY, some(V1))}),
    ("LeadershipTransfer", "TransferTypeOK", True, {}),
    ("LeadershipTransfer", "TransferTypeOK", False, {"transferTarget": both(V1, NIL)}),
    ("LeadershipTransfer", "TransferTypeOK", False, {"isForced": both(NO, NIL)}),
    (
        "LeadershipTransfer",
        "ForcedRequestsAreInFlight",
        True,
        {"forcedRequests": some(VOTE), "messages": some(VOTE, NO_VOTE)},
    ),
    (
        "LeadershipTransfer",
        "ForcedRequestsAreInFlight",
        False,
        {"forcedRequests": some(VOTE, LATER_VOTE), "messages": some(VOTE)},
    ),
    (
        "LeadershipTransfer",
        "ForcedRequestsAreInFlight",
        False,
        {"forcedRequests": some(VOTE, NO_VOTE), "messages": some(VOTE, NO_VOTE)},
    ),
    ("ReadIndex", "ReadsTypeOK", True, {}),
    ("ReadIndex", "ReadsTypeOK", False, {"readNumber": both(-1, 0)}),
    ("ReadIndex", "ReadsTypeOK", False, {"readIndex": both(-1, NIL)}),
    ("ReadIndex", "ReadsTypeOK", False, {"pendingReads": both(some(read(V1, 1, 2)), NOBODY)}),
    ("ReadIndex", "ReadsTypeOK", False, {"pendingReads": both(some(read(S1, -1, 2)), NOBODY)}),
    ("ReadIndex", "ReadsTypeOK", False, {"pendingReads": both(some(read(S1, 1, -1)), NOBODY)}),
    ("ReadIndex", "ReadsTypeOK", False, {"pendingReads": both(some(read(S1, 1, 1, NIL)), NOBODY)}),
    ("ReadIndex", "ReadsTypeOK", False, {"readRound": both(-1, 0)}),
    ("ReadIndex", "ReadsTypeOK", False, {"roundAcks": both(some(V1), NOBODY)}),
    ("Leases", "LeasesTypeOK", True, {}),
    ("Leases", "LeasesTypeOK", False, {"promise": both(NIL, promise(V1, 1, 1))}),
    ("Leases", "LeasesTypeOK", False, {"promise": both(NIL, promise(S1, 0, 1))}),
    ("Leases", "LeasesTypeOK", False, {"promise": both(NIL, promise(S1, 1, 0))}),
    ("Leases", "LeasesTypeOK", False, {"isTrusting": both(NIL, NO)}),
    ("Leases", "LeasesTypeOK", False, {"isLeaseGivenUp": both(NIL, NO)}),
    ("Membership", "MembershipTypeOK", True, {}),
    ("Membership", "MembershipTypeOK", True, {"bootstrap": both(BOTH, conf(NOBODY))}),
    ("Membership", "MembershipTypeOK", False, {"bootstrap": both(BOTH, conf(some(V1)))}),
    ("Membership", "MembershipTypeOK", False, {"bootstrap": both(BOTH, conf(NOBODY, some(V1)))}),
    (
        "Membership",
        "MembershipTypeOK",
        False,
        {"bootstrap": both(BOTH, conf(NOBODY, NOBODY, some(V1)))},
    ),
    ("Membership", "MembershipTypeOK", False, {"configurationIndex": both(0, -1)}),
    # Where no configuration is, none was applied: behind what is compacted, in it, beyond the log.
    ("Membership", "MembershipTypeOK", False, {"configurationIndex": both(1, 0)}),
    ("Membership", "MembershipTypeOK", False, {"configurationIndex": both(2, 0)}),
    ("Membership", "MembershipTypeOK", False, {"configurationIndex": both(4, 0)}),
    (
        "Membership",
        "MembershipTypeOK",
        True,
        {"configurationIndex": both(2, 0), "log": both(log((2, BOTH)), log())},
    ),
    (
        "Membership",
        "MembershipTypeOK",
        True,
        {"configurationIndex": both(1, 0), "snapshot": both(snap(1, 1, BOTH), snap(0, 0))},
    ),
    ("", "RaftTypeOK", True, {}),
    ("", "RaftTypeOK", True, {"log": both(log((2, BOTH)), log((2, V1)))}),
    ("", "RaftTypeOK", False, {"log": both(log((2, S1)), log())}),
    ("", "RaftTypeOK", False, {"log": both(log((2, conf(some(V1)))), log())}),
    ("", "RaftTypeOK", False, {"log": both(log((2, conf(NOBODY, some(V1)))), log())}),
    ("", "RaftTypeOK", False, {"log": both(log((2, conf(NOBODY, NOBODY, some(V1)))), log())}),
]

OF_TWO = {"source": S1, "dest": S2}
# The property of which module, a message of which it is true, and what makes it false.
MESSAGES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "PreVote",
        "PreVoteMessageTypeOK",
        {"type": "PreVoteRequest", "term": 1, "lastLogIndex": 0, "lastLogTerm": 0},
        {"source": V1, "dest": V1, "term": 0, "lastLogIndex": -1, "lastLogTerm": -1},
    ),
    (
        "PreVote",
        "PreVoteMessageTypeOK",
        {"type": "PreVoteResponse", "term": 0, "voteGranted": NO},
        {"source": V1, "dest": V1, "term": -1, "voteGranted": NIL},
    ),
    (
        "LeadershipTransfer",
        "TransferMessageTypeOK",
        {"type": "TimeoutNowRequest", "term": 1},
        {"source": V1, "dest": V1, "term": 0},
    ),
    (
        "ReadIndex",
        "ReadsMessageTypeOK",
        {"type": "HeartbeatRequest", "term": 1, "round": 1},
        {"source": V1, "dest": V1, "term": 0, "round": 0},
    ),
    (
        "ReadIndex",
        "ReadsMessageTypeOK",
        {"type": "HeartbeatResponse", "term": 1, "round": 0},
        {"source": V1, "dest": V1, "term": 0, "round": -1},
    ),
    (
        "ReadIndex",
        "ReadsMessageTypeOK",
        {"type": "ReadIndexRequest", "term": 0, "number": 1},
        {"source": V1, "dest": V1, "term": -1, "number": 0},
    ),
    (
        "ReadIndex",
        "ReadsMessageTypeOK",
        {"type": "ReadIndexResponse", "term": 1, "number": 1, "index": 1},
        {"source": V1, "dest": V1, "term": 0, "number": 0, "index": 0},
    ),
    (
        "",
        "RaftMessageTypeOK",
        {"type": "RequestVoteResponse", "term": 1, "voteGranted": NO},
        {"source": V1, "dest": V1, "term": 0, "voteGranted": NIL},
    ),
    (
        "",
        "RaftMessageTypeOK",
        {
            "type": "InstallSnapshotRequest",
            "term": 1,
            "snapshot": snap(1, 1, BOTH),
        },
        {"source": V1, "dest": V1, "term": 0, "snapshot": snap(1, 1, S1)},
    ),
]
OTHER = spec.record({"type": "Other"})
KNOWN = spec.record({**OF_TWO, "type": "TimeoutNowRequest", "term": 1})
"""What the properties of other modules know nothing of."""


def of_messages() -> Iterator[tuple[str, str, bool, State]]:
    """Yield rows with messages: the right one alone, and beside it one with a field changed."""
    for module, name, fields, wrong in MESSAGES:
        right = spec.record({**OF_TWO, **fields})
        strange = KNOWN if module == "" else OTHER
        yield module, name, True, {"messages": some(right, strange)}
        for field, value in wrong.items():
            changed = spec.record({**OF_TWO, **fields, field: value})
            yield module, name, False, {"messages": some(right, changed)}


ROWS = [*OF_STATES, *of_messages()]


def holds(module: str, name: str, changes: State) -> bool:
    """Evaluate a property of a feature, or of all (that of no name)."""
    path = FEATURES / (f"{module}Invariants.tla" if module else "FeatureVariables.tla")
    predicate = shared(path).predicate(name, CONSTANTS)
    assert not predicate.is_step
    return predicate.holds({**HEALTHY, **changes})


@pytest.mark.parametrize(("module", "name", "is_true", "changes"), ROWS)
def test_of_a_state(module: str, name: str, is_true: bool, changes: State) -> None:
    assert holds(module, name, changes) == is_true
