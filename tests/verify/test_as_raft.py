"""What a user's `as_raft` gets wrong is one line, which names the class and the field."""

from dataclasses import replace
from typing import Any

import pytest

from raft_ref import State
from raft_ref.explorer import ActorError
from raft_ref.verify import ClusterRequest, ExhaustiveCheck, GivenSizes
from tests.toys import OwnRaft, Wrapped

BOX = GivenSizes(max_term=1, max_log_length=0, max_messages=2)


def said(as_raft: Any) -> str:
    node = type("Mine", (OwnRaft,), {"as_raft": lambda self, state: as_raft(state.inner)})
    with pytest.raises(ActorError) as raised:
        ExhaustiveCheck(ClusterRequest(node=node, sizes=BOX)).run()
    text = str(raised.value)
    assert "\n" not in text
    return text


def changed(**fields: Any) -> Any:
    return lambda state: replace(state, **fields)


@pytest.mark.parametrize(
    ("as_raft", "expected"),
    [
        (lambda state: None, "Mine.as_raft returns a NoneType, expected a raft_ref.State: None"),
        (lambda state: {"role": "Leader"}, "Mine.as_raft returns a dict, expected a raft_ref"),
        (
            lambda state: State(),  # type: ignore[call-arg]
            "Mine.as_raft raises TypeError: ",
        ),
        (lambda state: 1 / 0, "Mine.as_raft raises ZeroDivisionError: division by zero"),
        (changed(role="Leader"), "Mine.as_raft: role is 'Leader', expected a raft_ref.Role"),
        (changed(next_index=()), "Mine.as_raft: next_index is (), expected a tuple of 3 numbers"),
        (
            changed(match_index=[0, 0, 0]),
            "Mine.as_raft: match_index is [0, 0, 0], expected a tuple",
        ),
        (changed(log=[]), "Mine.as_raft: log is [], expected a tuple of raft_ref.Entry"),
        (changed(log=(("v1", 1),)), "Mine.as_raft: log is (('v1', 1),), expected a tuple of raft"),
        (
            changed(current_term=None),
            "Mine.as_raft: current_term is None, expected a number from 0",
        ),
        (
            changed(voted_for=""),
            "Mine.as_raft: voted_for is '', expected None or one of s1, s2, s3",
        ),
        (changed(votes_granted={"s1"}), "Mine.as_raft: votes_granted is {'s1'}, expected a frozen"),
        (changed(snapshot=None), "Mine.as_raft: snapshot is None, expected a raft_ref.Snapshot"),
        (changed(me="me"), "Mine.as_raft: me is 'me', expected one of s1, s2, s3"),
    ],
)
def test_at_once(as_raft: Any, expected: str) -> None:
    assert said(as_raft).startswith(expected)


def test_later() -> None:
    def as_raft(state: State) -> State:
        return replace(state, role="Candidate") if state.current_term else state  # type: ignore[arg-type]

    assert said(as_raft).startswith("Mine.as_raft: role is 'Candidate', expected a raft_ref.Role")


def test_what_is_right_is_asked_once_for_each_state() -> None:
    asked: list[Wrapped] = []

    class Counted(OwnRaft):
        def as_raft(self, state: Wrapped) -> State:
            asked.append(state)
            return super().as_raft(state)

    ExhaustiveCheck(ClusterRequest(node=Counted, sizes=BOX)).run()
    assert len(asked) == len({*asked}) > 1
