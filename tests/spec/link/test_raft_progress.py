"""The goals of RaftProgress.tla and where they are due, on states by hand on either side."""

import pytest

from raft_ref import spec
from raft_ref.spec.files import PROGRESS_OF_RAFT
from tests.support.raft_states import (
    CONSTANTS,
    HEALTHY,
    NONE,
    ONE,
    THREE,
    TWO,
    V1,
    V2,
    State,
    both,
    log,
    snap,
)  # fmt: skip

COMPACTED = {"snapshot": both(snap(1, 3, V1), NONE), "log": both(log(), log())}
CANDIDATE = {"role": both("Candidate", "Follower")}
STALE = {"currentTerm": both(3, 4)}
ANOTHER = {"role": both("Leader", "Leader"), "currentTerm": both(3, 3)}

# The property, whether it is true, and what is otherwise than in a healthy state.
OF_STATES: list[tuple[str, bool, State]] = [
    ("CommitIsDue", True, {}),
    ("CommitIsDue", True, {"currentTerm": both(3, 2)}),
    ("CommitIsDue", False, CANDIDATE),
    ("CommitIsDue", False, STALE),
    ("CommitIsDue", False, {"log": both(log(TWO, TWO), log(THREE))}),
    ("CommitIsDue", False, {"log": both(log(THREE, TWO), log(THREE))}),
    ("CommitIsDue", True, {"log": both(log(THREE), log())}),
    ("CommitIsDue", True, COMPACTED),
    ("CommitIsDue", False, {**COMPACTED, "snapshot": both(snap(1, 2, V1), NONE)}),
    ("CommitIsDue", False, {**COMPACTED, "snapshot": both(NONE, NONE)}),
    ("CommitIsDue", False, {**COMPACTED, "snapshot": both(snap(0, 3), NONE)}),
    ("CommitIsDone", False, {}),
    ("CommitIsDone", True, {"commitIndex": both(3, 1)}),
    ("CommitIsDone", False, {"commitIndex": both(4, 1)}),
    ("CommitIsDone", False, {"commitIndex": both(2, 2)}),
    ("CommitIsDone", True, {"commitIndex": both(3, 3), **ANOTHER}),
    ("CommitIsDone", False, {"commitIndex": both(3, 1), **CANDIDATE}),
    ("CommitIsDone", False, {"commitIndex": both(3, 1), **STALE}),
    ("CommitIsDone", False, {"commitIndex": both(3, 1), "log": both(log(TWO, TWO), log())}),
    ("CommitIsDone", True, {"commitIndex": both(1, 0), **COMPACTED}),
    (
        "CommitIsDone",
        True,
        {
            "snapshot": both(snap(1, 3, V2), NONE),
            "commitIndex": both(2, 0),
            "log": both(log(THREE), log(ONE)),
        },
    ),
    ("LeaderIsElected", True, {}),
    ("LeaderIsElected", True, {"currentTerm": both(3, 2)}),
    ("LeaderIsElected", False, CANDIDATE),
    ("LeaderIsElected", False, STALE),
    ("CommitIsKnown", True, {}),
    ("CommitIsKnown", True, {"commitIndex": both(1, 0)}),
    ("CommitIsKnown", False, {"commitIndex": both(0, 1)}),
    ("CommitIsKnown", False, CANDIDATE),
    ("CommitIsKnown", False, STALE),
    ("CommitIsKnownToAll", False, {}),
    ("CommitIsKnownToAll", False, {"commitIndex": both(1, 2)}),
    ("CommitIsKnownToAll", True, {"commitIndex": both(1, 1)}),
    ("CommitIsKnownToAll", True, {"commitIndex": both(2, 2)}),
    ("CommitIsKnownToAll", False, {"commitIndex": both(0, 0)}),
    ("CommitIsKnownToAll", False, {"commitIndex": both(2, 2), **CANDIDATE}),
    ("CommitIsKnownToAll", False, {"commitIndex": both(2, 2), **STALE}),
]


@pytest.fixture(scope="module")
def module() -> spec.Module:
    return spec.load(PROGRESS_OF_RAFT)


def test_every_goal_has_its_rows(module: spec.Module) -> None:
    told = {row[:2] for row in OF_STATES}
    assert told == {(each.name, told) for each in module.properties() for told in (True, False)}


@pytest.mark.parametrize(("name", "is_true", "changes"), OF_STATES)
def test_of_a_state(module: spec.Module, name: str, is_true: bool, changes: State) -> None:
    predicate = module.predicate(name, CONSTANTS)
    assert not predicate.is_step
    assert predicate.holds({**HEALTHY, **changes}) == is_true
