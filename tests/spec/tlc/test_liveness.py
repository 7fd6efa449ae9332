"""TLC, asked the same of MCRaft.tla with the same fairness, says the same of a goal."""

from pathlib import Path

import pytest

from raft_ref.explorer import Assumptions, Fairness, search_live
from raft_ref.spec.link import LIVENESS_OF_RAFT, raft_goal
from raft_ref.spec.tlc.run import is_installed
from tests.support.live_tlc import ask_tlc, ask_tlc_of_changes
from tests.support.models import Model

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not is_installed(), reason="needs the extra [tlc]"),
]

REST = ("Timeout",)


def by_each(action: str, servers: int = 2, *, is_strong: bool = False) -> tuple[Fairness, ...]:
    return tuple(Fairness(action, f"s{n}", is_strong) for n in range(1, servers + 1))


@pytest.mark.parametrize(
    ("model", "goal", "assumed", "is_refuted"),
    [
        (Model(servers=2, term=2), "<>LeaderIsElected", Assumptions(), True),
        (
            Model(servers=2, term=2),
            "[]<>(CandidateIsAlone => LeaderIsElected)",
            Assumptions(by_each("Receive"), REST),
            False,
        ),
        (
            Model(servers=2, term=1, drops=1),
            "[]<>(CandidateIsAlone => LeaderIsElected)",
            Assumptions(by_each("Receive"), REST),
            True,
        ),
        (
            Model(servers=2, term=2, log=1),
            "LeaderIsElected ~> CommitIsDue",
            Assumptions((Fairness("ClientRequest"), *by_each("Receive", is_strong=True))),
            True,
        ),
        (
            Model(servers=2, term=1, restarts=1),
            "CandidateIsAlone ~> (LeaderIsElected \\/ ~CandidateIsAlone)",
            Assumptions((Fairness("Receive"), Fairness("Timeout"))),
            False,
        ),
    ],
    ids=str,
)
def test_a_goal_is_refuted_by_both_or_by_neither(
    model: Model, goal: str, assumed: Assumptions, is_refuted: bool, tmp_path: Path
) -> None:
    names = model.server_names, model.value_names
    ours = search_live(model.system(), raft_goal(LIVENESS_OF_RAFT, *names, goal), assumed)
    assert (ours.lasso is not None) == is_refuted
    theirs = ask_tlc(model, goal, assumed, tmp_path)
    assert theirs.distinct_states == ours.search.distinct_states
    assert ("Temporal properties were violated" in theirs.output) == is_refuted
    assert theirs.ok != is_refuted


OF_CHANGES = {
    "Server": "{s1, s2}", "Voters": "{s1, s2}", "MaxTerm": "2", "MaxMessages": "1",
    "MaxLogLength": "2", "MaxChanges": "1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("features", "is_refuted"),
    [
        ('{"Membership", "AppliedMembership"}', True),
        ('{"Membership", "AppliedMembership", "PreVote"}', False),
    ],
)
def test_a_removed_server_is_judged_by_both_alike(
    features: str, is_refuted: bool, tmp_path: Path
) -> None:
    """What the engine of ours says is in tests/spec/link/test_membership_progress.py."""
    numbers = {**OF_CHANGES, "Features": features}
    theirs = ask_tlc_of_changes(numbers, "RestIsAsked ~> RestIsServed", ("Timeout",), tmp_path)
    assert ("Temporal properties were violated" in theirs.output) == is_refuted
    assert theirs.ok != is_refuted
    assert is_refuted or theirs.distinct_states == 2_564


SENT = r"(\A i, j \in Server : SF_vars(AppendEntries(i, j, 1)))"
LEFT = r"(\A i \in Server : WF_vars(LeaveJoint(i)))"
CHANGE = "[]<>(ChangeIsLed => ChangeIsEnded)"
JOINT = r"[]<>((JointIsEntered /\ \A i \in Server : Len(log[i]) < 3) => JointIsLeft)"
JOINT_ON = '{"Membership", "JointConsensus"}', (3, 2), JOINT


@pytest.mark.parametrize(
    ("features", "sizes", "goal", "fair", "is_refuted", "states"),
    [
        ('{"Membership"}', (2, 1), CHANGE, (SENT,), False, 577),
        ('{"Membership"}', (2, 1), CHANGE, (), True, 0),
        pytest.param(*JOINT_ON, (SENT, LEFT), False, 10_073, marks=pytest.mark.deep),
        pytest.param(*JOINT_ON, (LEFT,), True, 0, marks=pytest.mark.deep),
    ],
    ids=["sent", "not-sent", "joint-sent", "joint-not-sent"],
)
def test_a_change_that_must_end_does_so_for_both(
    features: str,
    sizes: tuple[int, int],
    goal: str,
    fair: tuple[str, ...],
    is_refuted: bool,
    states: int,
    tmp_path: Path,
) -> None:
    """What the engine of ours says stands there too. The sizes: of a log, and how many changes."""
    log, changes = sizes
    numbers = {
        **OF_CHANGES,
        "Features": features,
        "MaxLogLength": str(log),
        "MaxChanges": str(changes),
    }
    theirs = ask_tlc_of_changes(numbers, goal, ("Timeout",), tmp_path, fair)
    assert ("Temporal properties were violated" in theirs.output) == is_refuted
    assert theirs.ok != is_refuted
    assert is_refuted or theirs.distinct_states == states
