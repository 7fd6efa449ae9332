"""A node with messages of its own is held to Raft.tla, too, if it says what they stand for."""

from typing import Any

import pytest

from raft_ref.explorer import ActorError
from raft_ref.traces import tell
from raft_ref.verify import (
    ClusterRequest,
    ExhaustiveCheck,
    ExhaustiveReport,
    GivenSizes,
    PropertyRequest,
    RequestError,
)
from tests import toys

BOX = GivenSizes(servers=2, max_term=2, max_log_length=1, max_restarts=1, max_drops=0)


def refined(node: type[Any]) -> ExhaustiveReport:
    properties = PropertyRequest(refine=True, invariants=("StepRefinement",))
    return ExhaustiveCheck(ClusterRequest(node=node, sizes=BOX, properties=properties)).run()


def test_what_is_right_takes_steps_of_the_spec() -> None:
    report = refined(toys.ForeignRaft)
    assert report.counterexample is None
    assert report.search.distinct_states > 1_000


@pytest.mark.parametrize(
    ("node", "steps", "said"),
    [
        (toys.ForeignRaftThatForgets, 2, "votedFor[s1]: the node has Nil, the spec has s1"),
        (toys.ForeignRaftThatCommitsAtOnce, 4, "no action of Raft does what Does does"),
    ],
)
def test_what_is_wrong_does_not(node: type[Any], steps: int, said: str) -> None:
    report = refined(node)
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "StepRefinement"
    assert len(report.counterexample.events) == steps
    assert report.counterexample.instances[0] == said


def test_its_messages_are_told_as_rafts() -> None:
    trace = refined(toys.ForeignRaftThatCommitsAtOnce).trace()
    assert trace is not None
    assert "s1 receives RequestVoteResponse(term 1, granted) from s2" in "\n".join(tell(trace))


def test_what_stands_for_nothing_of_raft_is_a_line() -> None:
    class Wrong(toys.ForeignRaft):
        def as_raft_message(self, message: Any) -> Any:
            return "a vote"

    with pytest.raises(ActorError, match=r"Wrong\.as_raft_message returns a str, expected a "):
        refined(Wrong)


def test_without_messages_there_is_no_refinement() -> None:
    with pytest.raises(RequestError, match="as_raft_message"):
        refined(toys.OwnRaft)
