"""Each operator of RaftLiveness.tla on states, by hand, in which it is true and in which not."""

import pytest

from raft_ref import spec
from raft_ref.spec.files import LIVENESS_OF_RAFT
from tests.support.raft_states import NIL, NONE, S1, S2, V1, V2, State, log, snap

S3 = spec.model_value("s3")
ONE, TWO, THREE = (1, V1), (2, V2), (3, V1)
CONSTANTS: dict[str, spec.Value] = {
    "Server": frozenset((S1, S2, S3)),
    "Value": frozenset((V1, V2)),
    "Nil": NIL,
}


def three(s1: spec.Value, s2: spec.Value, s3: spec.Value) -> spec.Value:
    return spec.function({S1: s1, S2: s2, S3: s3})


def ends(s1: spec.Value, s2: spec.Value) -> State:
    """Return the logs of s1 and s2, where nothing is compacted; that of s3 is empty."""
    return {"snapshot": three(NONE, NONE, NONE), "log": three(s1, s2, log())}


# s1 stands in term 3, which s2 has not heard of, and s3 has, and gives its vote to nobody yet.
HEALTHY: State = {
    "currentTerm": three(3, 2, 3),
    "votedFor": three(S1, S2, NIL),
    "snapshot": three(snap(1, 1, V1), NONE, NONE),
    "log": three(log(TWO), log(ONE, TWO), log(ONE)),
    "role": three("Candidate", "Follower", "Follower"),
}
COMPACTED = {"log": three(log(), log(ONE, TWO), log(ONE))}

# What is otherwise than in the healthy state, and whether a candidate is alone then.
OF_STATES: list[tuple[bool, State]] = [
    (True, {}),
    # Another stands instead, or as well, or nobody does.
    (False, {"role": three("Follower", "Follower", "Follower")}),
    (False, {"role": three("Leader", "Follower", "Follower")}),
    (False, {"role": three("Follower", "Candidate", "Follower")}),
    (True, {"role": three("Candidate", "Candidate", "Follower")}),
    # One of the two others is enough for it not to be: by its term, or its vote.
    (False, {"currentTerm": three(3, 2, 4)}),
    (False, {"currentTerm": three(3, 4, 3)}),
    (True, {"currentTerm": three(3, 2, 2), "votedFor": three(S1, S2, S2)}),
    (True, {"votedFor": three(S1, S2, S1)}),
    (False, {"votedFor": three(S1, S2, S2)}),
    (False, {"votedFor": three(S1, S2, S3)}),
    # Of itself nothing is asked.
    (True, {"votedFor": three(S2, S2, NIL)}),
    # By its log: the later term, and of one term the longer log.
    (False, {"log": three(log(TWO), log(ONE, TWO), log(THREE))}),
    (False, ends(log(ONE), log(TWO))),
    (False, ends(log(ONE, ONE, ONE), log(TWO))),
    (True, ends(log(TWO), log(ONE, ONE, ONE))),
    (True, ends(log(TWO), log(TWO))),
    (False, ends(log(TWO), log(ONE, TWO))),
    (True, ends(log(ONE, TWO, TWO), log(TWO, TWO))),
    (True, ends(log(), log())),
    # What is compacted counts, and where all is, the term of the last of that does.
    (True, {**COMPACTED, "snapshot": three(snap(2, 2, V1, V2), NONE, NONE)}),
    (False, {**COMPACTED, "snapshot": three(snap(1, 2, V1), NONE, NONE)}),
    (False, {**COMPACTED, "snapshot": three(snap(2, 1, V1, V2), NONE, NONE)}),
    (True, {**COMPACTED, "snapshot": three(snap(1, 3, V1), NONE, NONE)}),
    (
        True,
        {
            "snapshot": three(snap(1, 1, V1), snap(2, 2, V1, V2), NONE),
            "log": three(log(TWO), log(), log()),
        },
    ),
    (
        False,
        {
            "snapshot": three(snap(1, 1, V1), snap(3, 2, V1, V2, V2), NONE),
            "log": three(log(TWO), log(), log()),
        },
    ),
]


@pytest.fixture(scope="module")
def module() -> spec.Module:
    return spec.load(LIVENESS_OF_RAFT)


def test_every_operator_has_its_rows(module: spec.Module) -> None:
    assert [each.name for each in module.properties()] == ["CandidateIsAlone"]


@pytest.mark.parametrize(("is_true", "changes"), OF_STATES)
def test_a_candidate_is_alone(module: spec.Module, is_true: bool, changes: State) -> None:
    predicate = module.predicate("CandidateIsAlone", CONSTANTS)
    assert not predicate.is_step
    assert predicate.holds({**HEALTHY, **changes}) == is_true
