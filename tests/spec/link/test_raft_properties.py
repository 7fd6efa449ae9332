"""Each property of RaftInvariants.tla on states, by hand, that keep and that break it.

What keeps one is as near to what breaks it as can be: so a formula that says a little more, or a
little less, is noticed. (tests/support/mutants changes each token of the file.)
"""

from typing import Any

import pytest

from raft_ref import spec
from raft_ref.spec.files import INVARIANTS
from tests.support.raft_states import (
    CONSTANTS,
    HEALTHY,
    NIL,
    NOBODY,
    NONE,
    ONE,
    S1,
    S2,
    THREE,
    TWO,
    V1,
    V2,
    State,
    both,
    history,
    log,
    snap,
)

LOGS_ALIKE = {"snapshot": both(NONE, NONE), "log": both(log(ONE, TWO), log(ONE, TWO))}

# Of a state: the property, whether it is true, and what is otherwise than in HEALTHY.
OF_STATES: list[tuple[str, bool, State]] = [
    ("TypeOK", True, {"currentTerm": both(0, 3)}),
    ("TypeOK", False, {"currentTerm": both(-1, 3)}),
    ("TypeOK", True, {"votedFor": both(S2, S1)}),
    ("TypeOK", False, {"votedFor": both(V1, NIL)}),
    ("TypeOK", False, {"snapshot": both(snap(-1, 1), NONE)}),
    ("TypeOK", False, {"snapshot": both(snap(1, -1, V1), NONE)}),
    ("TypeOK", False, {"snapshot": both(snap(1, 1, S1), NONE)}),
    ("TypeOK", False, {"snapshot": both(snap(1, 1, V1, V2), NONE)}),
    ("TypeOK", False, {"snapshot": both(snap(1, 1), NONE)}),
    ("TypeOK", False, {"log": both(log((0, V1)), log())}),
    ("TypeOK", False, {"log": both(log((1, S1)), log())}),
    ("TypeOK", True, {"role": both("Candidate", "Candidate")}),
    ("TypeOK", True, {"role": both("Leader", "Leader")}),
    ("TypeOK", False, {"role": both("Leading", "Follower")}),
    ("TypeOK", True, {"commitIndex": both(0, 0)}),
    ("TypeOK", False, {"commitIndex": both(-1, 1)}),
    ("TypeOK", True, {"votesGranted": both(frozenset({S1, S2}), NOBODY)}),
    ("TypeOK", True, {"votesGranted": both(frozenset({S2}), NOBODY)}),
    ("TypeOK", False, {"votesGranted": both(frozenset({S1, V1}), NOBODY)}),
    ("TypeOK", False, {"nextIndex": both(both(0, 3), both(1, 1))}),
    ("TypeOK", False, {"nextIndex": both(spec.function({S1: 1}), both(1, 1))}),
    ("TypeOK", False, {"matchIndex": both(both(-1, 2), both(0, 0))}),
    ("TypeOK", False, {"matchIndex": both(spec.function({S1: 1}), both(0, 0))}),
    ("ElectionSafety", False, {"role": both("Leader", "Leader")}),
    ("ElectionSafety", True, {"role": both("Leader", "Leader"), "currentTerm": both(3, 2)}),
    ("ElectionSafety", True, {"role": both("Leader", "Candidate")}),
    ("ElectionSafety", True, {"role": both("Candidate", "Leader")}),
    ("ElectionSafety", True, {"role": both("Candidate", "Candidate")}),
    ("LogMatching", True, LOGS_ALIKE),
    ("LogMatching", True, {**LOGS_ALIKE, "log": both(log(ONE), log())}),
    # Of one term, and another value: at the first index, at the last.
    ("LogMatching", False, {**LOGS_ALIKE, "log": both(log(ONE), log((1, V2)))}),
    ("LogMatching", False, {**LOGS_ALIKE, "log": both(log(ONE, TWO), log(ONE, (2, V1)))}),
    # Of other terms, whatever the values: nothing is said of that.
    ("LogMatching", True, {**LOGS_ALIKE, "log": both(log(ONE, TWO), log(ONE, (3, V1)))}),
    ("LogMatching", True, {**LOGS_ALIKE, "log": both(log((1, V1)), log((2, V2)))}),
    # Alike at an index, and not before it: in the value, in the term, behind a snapshot.
    ("LogMatching", False, {**LOGS_ALIKE, "log": both(log(ONE, TWO), log((3, V2), TWO))}),
    ("LogMatching", False, {**LOGS_ALIKE, "log": both(log(ONE, TWO), log((2, V1), TWO))}),
    ("LogMatching", False, {"snapshot": both(snap(1, 1, V2), NONE)}),
    ("LogMatching", False, {"snapshot": both(snap(1, 2, V1), NONE)}),
    (
        "LogMatching",
        True,
        {"snapshot": both(snap(2, 2, V1, V2), NONE), "log": both(log(), log(ONE, TWO))},
    ),
    (
        "LogMatching",
        True,
        {"snapshot": both(NONE, snap(2, 2, V1, V2)), "log": both(log(ONE, TWO), log())},
    ),
    (
        "LogMatching",
        False,
        {"snapshot": both(snap(2, 2, V1, V1), NONE), "log": both(log(), log(ONE, TWO))},
    ),
    (
        "LogMatching",
        False,
        {"snapshot": both(snap(2, 2, V2, V2), NONE), "log": both(log(), log(ONE, TWO))},
    ),
    (
        "LogMatching",
        True,
        {"snapshot": both(snap(2, 3, V2, V2), NONE), "log": both(log(), log(ONE, TWO))},
    ),
    (
        "LogMatching",
        False,
        {"snapshot": both(snap(1, 1, V1), snap(1, 1, V2)), "log": both(log(), log())},
    ),
    # Nor of what two snapshots of other terms stand for.
    (
        "LogMatching",
        True,
        {"snapshot": both(snap(2, 2, V1, V2), snap(2, 3, V2, V2)), "log": both(log(), log())},
    ),
    ("LogTermsMonotonic", True, {"log": both(log((1, V1), (1, V1)), log(TWO, TWO, TWO))}),
    ("LogTermsMonotonic", False, {"log": both(log(ONE, TWO, ONE), log())}),
    ("LogTermsMonotonic", False, {"log": both(log(THREE, TWO), log())}),
    ("LogTermsMonotonic", False, {"log": both(log(TWO, TWO), log(TWO, ONE))}),
    ("LogTermsMonotonic", False, {"snapshot": both(snap(1, 3, V1), NONE)}),
    ("LogTermsMonotonic", True, {"snapshot": both(snap(1, 2, V1), NONE)}),
    ("LeaderCompleteness", True, {"log": both(log(TWO), log())}),
    ("LeaderCompleteness", False, {"log": both(log(), log(ONE, TWO))}),
    ("LeaderCompleteness", False, {"log": both(log((2, V1)), log(ONE, TWO))}),
    ("LeaderCompleteness", False, {"log": both(log((3, V2)), log(ONE, TWO))}),
    ("LeaderCompleteness", False, {"snapshot": both(snap(1, 1, V2), NONE)}),
    ("LeaderCompleteness", False, {"snapshot": both(snap(1, 2, V1), NONE)}),
    (
        "LeaderCompleteness",
        True,
        {"snapshot": both(snap(2, 2, V1, V2), NONE), "log": both(log(), log())},
    ),
    # What is committed in its own term, or in a later one, it need not have.
    ("LeaderCompleteness", True, {"currentTerm": both(2, 3), "log": both(log(), log(ONE, TWO))}),
    ("LeaderCompleteness", True, {"currentTerm": both(1, 3), "log": both(log(), log(ONE, TWO))}),
    ("LeaderCompleteness", False, {"role": both("Leader", "Leader"), "log": both(log(TWO), log())}),
    (
        "LeaderCompleteness",
        True,
        {"role": both("Candidate", "Follower"), "log": both(log(), log())},
    ),
    ("StateMachineSafety", False, {"commitIndex": both(3, 1)}),
    ("StateMachineSafety", False, {"commitIndex": both(2, 1), "log": both(log(), log(ONE, TWO))}),
    ("StateMachineSafety", True, {"commitIndex": both(0, 2)}),
    ("StateMachineSafety", False, {"commitIndex": both(2, 1), "log": both(log(TWO), log(TWO))}),
    ("StateMachineSafety", False, {"log": both(log(TWO), log((2, V1)))}),
    ("StateMachineSafety", True, {"log": both(log(TWO), log(ONE, THREE))}),
    ("StateMachineSafety", False, {"committed": history((1, V1, 1))}),
    ("StateMachineSafety", False, {"committed": history((1, V2, 1), (2, V2, 2))}),
    ("SnapshotCommitted", True, {"commitIndex": both(1, 0)}),
    ("SnapshotCommitted", False, {"commitIndex": both(0, 0)}),
    ("SnapshotCommitted", False, {"snapshot": both(snap(1, 1, V2), NONE)}),
    ("SnapshotCommitted", False, {"snapshot": both(snap(2, 1, V1, V2), NONE)}),
    ("SnapshotCommitted", True, {"snapshot": both(snap(2, 2, V1, V2), NONE)}),
    ("SnapshotCommitted", False, {"committed": history()}),
    ("NextIndexAboveMatchIndex", True, {"nextIndex": both(both(1, 3), both(1, 1))}),
    ("NextIndexAboveMatchIndex", False, {"nextIndex": both(both(4, 2), both(1, 1))}),
    ("NextIndexAboveMatchIndex", False, {"nextIndex": both(both(4, 3), both(1, 0))}),
    ("NextIndexAboveMatchIndex", False, {"matchIndex": both(both(4, 2), both(0, 0))}),
    ("SometimesLeader", True, {}),
    ("SometimesLeader", False, {"role": both("Candidate", "Follower")}),
    ("SometimesTwoLeaders", True, {"role": both("Leader", "Leader")}),
    ("SometimesTwoLeaders", False, {}),
    ("SometimesTwoLeaders", False, {"role": both("Candidate", "Follower")}),
    ("SometimesCommitted", True, {}),
    ("SometimesCommitted", False, {"committed": history()}),
    ("SometimesFollowerCommits", True, {}),
    ("SometimesFollowerCommits", False, {"commitIndex": both(2, 0)}),
    ("SometimesFollowerCommits", False, {"role": both("Leader", "Candidate")}),
]

LATER = {"restarts": 2}
# Of a step from HEALTHY, but for what is said first, to a state that differs as is said then.
OF_STEPS: list[tuple[str, bool, State, State]] = [
    ("LeaderAppendOnly", True, {}, {}),
    ("LeaderAppendOnly", True, {}, {"log": both(log(TWO, THREE, THREE), log())}),
    ("LeaderAppendOnly", False, {}, {"log": both(log(TWO), log(ONE, TWO))}),
    ("LeaderAppendOnly", False, {}, {"log": both(log(TWO, (3, V2)), log(ONE, TWO))}),
    ("LeaderAppendOnly", False, {}, {"log": both(log(TWO, (2, V1)), log(ONE, TWO))}),
    ("LeaderAppendOnly", False, {}, {"log": both(log((1, V2), THREE), log(ONE, TWO))}),
    ("LeaderAppendOnly", False, {}, {"snapshot": both(snap(1, 1, V2), NONE)}),
    (
        "LeaderAppendOnly",
        False,
        {},
        {"snapshot": both(snap(0, 0), NONE), "log": both(log((3, V1), TWO, THREE), NONE)},
    ),
    (
        "LeaderAppendOnly",
        True,
        {},
        {"snapshot": both(snap(2, 2, V1, V2), NONE), "log": both(log(THREE), log())},
    ),
    (
        "LeaderAppendOnly",
        True,
        {},
        {"snapshot": both(snap(3, 3, V1, V2, V1), NONE), "log": both(log(), log())},
    ),
    (
        "LeaderAppendOnly",
        False,
        {},
        {"snapshot": both(snap(3, 3, V1, V1, V1), NONE), "log": both(log(), log())},
    ),
    # The term of what is compacted is no matter of this.
    (
        "LeaderAppendOnly",
        True,
        {},
        {"snapshot": both(snap(2, 3, V1, V2), NONE), "log": both(log(THREE), log())},
    ),
    (
        "LeaderAppendOnly",
        True,
        {},
        {"role": both("Follower", "Follower"), "log": both(log(), log())},
    ),
    (
        "LeaderAppendOnly",
        True,
        {"role": both("Candidate", "Follower")},
        {"role": both("Leader", "Follower"), "log": both(log(), log())},
    ),
    ("LeaderAppendOnly", True, {}, {"currentTerm": both(4, 3), "log": both(log(), log())}),
    ("CurrentTermMonotonic", True, {}, {"currentTerm": both(3, 4)}),
    ("CurrentTermMonotonic", False, {}, {"currentTerm": both(3, 2)}),
    ("CurrentTermMonotonic", False, {}, {"currentTerm": both(2, 4), **LATER}),
    ("CommitIndexMonotonic", True, {}, {"commitIndex": both(2, 2)}),
    ("CommitIndexMonotonic", False, {}, {"commitIndex": both(1, 1)}),
    ("CommitIndexMonotonic", True, {}, {"commitIndex": both(1, 1), **LATER}),
    ("SnapshotMonotonic", True, {}, {"snapshot": both(snap(2, 2, V1, V2), NONE)}),
    ("SnapshotMonotonic", False, {}, {"snapshot": both(NONE, NONE), **LATER}),
    ("MatchIndexMonotonic", True, {}, {"matchIndex": both(both(0, 3), both(0, 0))}),
    ("MatchIndexMonotonic", False, {}, {"matchIndex": both(both(3, 1), both(0, 0))}),
    (
        "MatchIndexMonotonic",
        True,
        {},
        {"matchIndex": both(both(0, 0), both(0, 0)), "role": both("Follower", "Leader")},
    ),
    (
        "MatchIndexMonotonic",
        True,
        {"role": both("Candidate", "Leader")},
        {"matchIndex": both(both(0, 0), both(0, 0)), "role": both("Leader", "Leader")},
    ),
    (
        "MatchIndexMonotonic",
        True,
        {},
        {"matchIndex": both(both(0, 0), both(0, 0)), "currentTerm": both(4, 3)},
    ),
    ("CommittedRecorded", True, {}, {}),
    ("CommittedRecorded", False, {}, {"committed": history((1, V1, 1))}),
    ("CommittedRecorded", False, {}, {"committed": history((1, V1, 1), (2, V2, 2), (3, V1, 3))}),
    (
        "CommittedRecorded",
        True,
        {},
        {"commitIndex": both(3, 1), "committed": history((1, V1, 1), (2, V2, 2), (3, V1, 3))},
    ),
    (
        "CommittedRecorded",
        True,
        {},
        {"commitIndex": both(5, 1), "committed": history((1, V1, 1), (2, V2, 2), (3, V1, 3))},
    ),
    ("CommittedRecorded", False, {}, {"commitIndex": both(3, 1)}),
    (
        "CommittedRecorded",
        False,
        {},
        {"commitIndex": both(3, 1), "committed": history((1, V1, 1), (2, V2, 2), (2, V1, 3))},
    ),
    (
        "CommittedRecorded",
        False,
        {},
        {"commitIndex": both(3, 1), "committed": history((1, V1, 1), (2, V2, 2), (3, V2, 3))},
    ),
    (
        "CommittedRecorded",
        False,
        {},
        {"commitIndex": both(3, 1), "committed": history((1, V1, 1), (2, V2, 3), (3, V1, 3))},
    ),
    (
        "CommittedRecorded",
        False,
        {},
        {"commitIndex": both(3, 1), "committed": history((1, V1, 1), (2, V2, 2), (3, V1, 2))},
    ),
    # An entry that comes in the same step, and a term.
    (
        "CommittedRecorded",
        True,
        {},
        {
            "log": both(log(TWO, THREE), log(ONE, TWO, THREE)),
            "commitIndex": both(2, 3),
            "committed": history((1, V1, 1), (2, V2, 2), (3, V1, 3)),
        },
    ),
    (
        "CommittedRecorded",
        True,
        {},
        {
            "currentTerm": both(4, 3),
            "commitIndex": both(3, 1),
            "committed": history((1, V1, 1), (2, V2, 2), (3, V1, 4)),
        },
    ),
    # A snapshot tells the value of what is gone, and the term of the last alone.
    (
        "CommittedRecorded",
        True,
        {},
        {
            "snapshot": both(snap(1, 1, V1), snap(4, 3, V1, V2, V1, V2)),
            "log": both(log(TWO), log()),
            "commitIndex": both(2, 4),
            "committed": history((1, V1, 1), (2, V2, 2), (0, V1, 3), (3, V2, 3)),
        },
    ),
    ("SometimesConflictTruncated", False, {}, {}),
    ("SometimesConflictTruncated", True, {}, {"log": both(log(TWO, THREE), log(ONE))}),
    ("SometimesConflictTruncated", True, {}, {"log": both(log(TWO, THREE), log(ONE, THREE))}),
    ("SometimesConflictTruncated", True, {}, {"log": both(log(TWO, THREE), log(TWO, TWO))}),
    ("SometimesConflictTruncated", True, {}, {"log": both(log(TWO), log(ONE, TWO))}),
    ("SometimesConflictTruncated", False, {}, {"log": both(log(TWO, THREE), log(ONE, TWO, THREE))}),
    (
        "SometimesConflictTruncated",
        False,
        {},
        {"snapshot": both(snap(2, 2, V1, V2), NONE), "log": both(log(THREE), log(ONE, TWO))},
    ),
    (
        "SometimesConflictTruncated",
        False,
        {},
        {"snapshot": both(snap(1, 1, V1), snap(2, 2, V1, V2)), "log": both(log(TWO, THREE), log())},
    ),
    (
        "SometimesSnapshotInstalled",
        False,
        {},
        {"snapshot": both(snap(2, 2, V1, V2), snap(1, 1, V1))},
    ),
    (
        "SometimesSnapshotInstalled",
        True,
        {},
        {"snapshot": both(snap(1, 1, V1), snap(2, 2, V1, V2)), "commitIndex": both(2, 2)},
    ),
    (
        "SometimesSnapshotReplacesConflict",
        True,
        {},
        {"snapshot": both(snap(1, 1, V1), snap(2, 3, V1, V1)), "commitIndex": both(2, 2)},
    ),
    (
        "SometimesSnapshotReplacesConflict",
        False,
        {},
        {"snapshot": both(snap(1, 1, V1), snap(2, 2, V1, V2))},
    ),
    (
        "SometimesSnapshotReplacesConflict",
        False,
        {},
        {"snapshot": both(snap(1, 1, V1), snap(3, 3, V1, V1, V1))},
    ),
    (
        "SometimesSnapshotReplacesConflict",
        False,
        {},
        {"snapshot": both(snap(2, 3, V1, V1), snap(1, 3, V1))},
    ),
    ("SometimesLeaderStepsDown", True, {}, {"role": both("Follower", "Follower")}),
    ("SometimesLeaderStepsDown", False, {}, {"role": both("Follower", "Follower"), **LATER}),
    ("SometimesLeaderStepsDown", False, {}, {}),
    (
        "SometimesLeaderStepsDown",
        False,
        {"role": both("Candidate", "Follower")},
        {"role": both("Follower", "Follower")},
    ),
    ("SometimesNextIndexBacksUp", True, {}, {"nextIndex": both(both(4, 2), both(1, 1))}),
    ("SometimesNextIndexBacksUp", False, {}, {"nextIndex": both(both(4, 4), both(1, 1))}),
    ("SometimesNextIndexBacksUp", False, {}, {}),
    (
        "SometimesNextIndexBacksUp",
        False,
        {},
        {"nextIndex": both(both(4, 2), both(1, 1)), "role": both("Follower", "Follower")},
    ),
    (
        "SometimesNextIndexBacksUp",
        False,
        {"role": both("Candidate", "Follower")},
        {"nextIndex": both(both(4, 2), both(1, 1)), "role": both("Leader", "Follower")},
    ),
    ("SometimesCommitForgotten", True, {}, {"commitIndex": both(2, 0)}),
    ("SometimesCommitForgotten", False, {}, {"commitIndex": both(3, 1)}),
]


@pytest.fixture(scope="module")
def module() -> spec.Module:
    return spec.load(INVARIANTS)


def test_a_healthy_state_has_every_property(module: spec.Module) -> None:
    for each in module.properties():
        if not each.name.startswith("Sometimes"):
            assert module.predicate(each.name, CONSTANTS).holds(HEALTHY, HEALTHY), each.name


def test_every_property_has_its_rows(module: spec.Module) -> None:
    told = {row[:2] for row in OF_ALL}
    assert told == {(each.name, told) for each in module.properties() for told in (True, False)}


@pytest.mark.parametrize(("name", "is_true", "changes"), OF_STATES)
def test_of_a_state(module: spec.Module, name: str, is_true: bool, changes: State) -> None:
    predicate = module.predicate(name, CONSTANTS)
    assert not predicate.is_step
    assert predicate.holds({**HEALTHY, **changes}) == is_true


@pytest.mark.parametrize(("name", "is_true", "before", "after"), OF_STEPS)
def test_of_a_step(
    module: spec.Module, name: str, is_true: bool, before: State, after: State
) -> None:
    predicate = module.predicate(name, CONSTANTS)
    assert predicate.is_step
    start = {**HEALTHY, **before}
    assert predicate.holds(start, {**start, **after}) == is_true


def message(**fields: Any) -> spec.Value:
    return spec.record({"source": S1, "dest": S2, "term": 1, **fields})


RIGHT: dict[str, dict[str, spec.Value]] = {
    "RequestVoteRequest": {"lastLogIndex": 0, "lastLogTerm": 0},
    "RequestVoteResponse": {"voteGranted": spec.boolean(False)},
    "AppendEntriesRequest": {
        "prevLogIndex": 0, "prevLogTerm": 0, "entries": log(ONE), "leaderCommit": 0,
    },
    "AppendEntriesResponse": {"success": spec.boolean(True), "matchIndex": 0},
    "InstallSnapshotRequest": {"snapshot": NONE},
    "InstallSnapshotResponse": {"matchIndex": 0},
}  # fmt: skip
WRONG: dict[str, list[spec.Value]] = {
    "source": [NIL], "dest": [V1], "term": [0, -1],
    "lastLogIndex": [-1], "lastLogTerm": [-1], "voteGranted": [V1],
    "prevLogIndex": [-1], "prevLogTerm": [-1], "leaderCommit": [-1],
    "entries": [log((0, V1)), log((1, S1))], "success": [V1], "matchIndex": [-1],
    "snapshot": [snap(-1, 0), snap(0, -1), snap(1, 1, S1)],
}  # fmt: skip
MESSAGES: list[tuple[str, bool, str, str, Any]] = [
    ("MessageTypeOK", True, kind, "", None) for kind in RIGHT
] + [
    ("MessageTypeOK", False, kind, field, value)
    for kind, fields in RIGHT.items()
    for field in ("source", "dest", "term", *fields)
    for value in WRONG[field]
]
OF_ALL: list[tuple[Any, ...]] = [*OF_STATES, *OF_STEPS, *MESSAGES]


@pytest.mark.parametrize(("name", "is_true", "kind", "field", "value"), MESSAGES)
def test_of_a_message(
    module: spec.Module, name: str, is_true: bool, kind: str, field: str, value: Any
) -> None:
    state = with_message(kind, field, value)
    assert module.predicate(name, CONSTANTS).holds(state) == is_true


def with_message(kind: str, field: str, value: Any) -> State:
    changed = message(type=kind, **{**RIGHT[kind], **({field: value} if field else {})})
    other = message(type="InstallSnapshotResponse", matchIndex=0)
    return {**HEALTHY, "messages": frozenset({changed, other})}
