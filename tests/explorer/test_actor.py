"""What a bad adapter does is caught, and told in one message that names the method."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from raft_ref.explorer import ActorError, Bounds, Step, System, search
from tests.toys import Counting, Holder, Number, Pass, Ring, Talker, Token

SERVERS = ("s1", "s2", "s3")
ALL_FAULTS = Bounds(max_messages=3, max_restarts=1, max_drops=1, max_duplicates=1, depth=6)


@dataclass
class MutableHolder:
    """A state that can be changed, and that can be hashed all the same."""

    me: str
    has_token: bool = False

    def __hash__(self) -> int:
        return hash((self.me, self.has_token))


class Raises(Ring):
    def receive(self, state: Holder, message: Token) -> Step:
        raise KeyError("no such thing")


class ReturnsNoStep(Ring):
    def receive(self, state: Holder, message: Token) -> Any:
        return state


class ReturnsAnotherState(Ring):
    def restart(self, state: Holder) -> Any:
        return "crashed"


class ReturnsAList(Ring):
    def initial(self, me: str) -> Any:
        return [me]


class ReturnsNoActions(Ring):
    def actions(self, state: Holder) -> Any:
        return 7


class SendsNowhere(Ring):
    def act(self, state: Holder, action: Pass) -> Step | None:
        return Step(replace(state, has_token=False), (Token(state.me, "s9"),))


class SendsText(Ring):
    def act(self, state: Holder, action: Pass) -> Step | None:
        return Step(state, ("token",))


class Mutates(Ring):
    def initial(self, me: str) -> Any:
        return MutableHolder(me, me == "s1")

    def act(self, state: Any, action: Pass) -> Step | None:
        state.has_token = False
        return Step(state, (Token(state.me, self.next[state.me]),))


class RollsDice(Ring):
    dice = itertools.count()

    def receive(self, state: Holder, message: Token) -> Step:
        return Step(replace(state, has_token=next(self.dice) % 2 == 0))


class ComparesByIdentity(Ring):
    def actions(self, state: Holder) -> Iterable[Any]:
        return [object()]


@pytest.mark.parametrize(
    ("ring", "message"),
    [
        (Raises, r"Raises.receive raises KeyError: 'no such thing' \(.*test_actor.py:\d+"),
        (ReturnsNoStep, r"ReturnsNoStep.receive returns Holder\(.*\), expected a step with"),
        (ReturnsAnotherState, r"ReturnsAnotherState.restart returns a str for a state, expected H"),
        (ReturnsAList, r"ReturnsAList.initial returns \['s1'\], which is not an immutable value"),
        (ReturnsNoActions, r"ReturnsNoActions.actions returns 7, expected an iterable"),
        (
            SendsNowhere,
            r"SendsNowhere.act sends Token\(.*\), whose `dest` is not one of s1, s2",
        ),
        (SendsText, r"SendsText.act sends 'token', whose `source` is not one of"),
        (Mutates, r"Mutates.act changes its argument: MutableHolder\(me='s1'"),
        (RollsDice, r"RollsDice.receive is not deterministic: asked twice, it answers Step"),
        (ComparesByIdentity, r"ComparesByIdentity.actions is not deterministic"),
    ],
)
def test_a_bad_adapter_is_named_with_its_method(ring: type[Ring], message: str) -> None:
    with pytest.raises(ActorError, match=message):
        search(System(ring(SERVERS), SERVERS, ALL_FAULTS), [])


def test_a_good_adapter_passes_with_all_faults() -> None:
    assert search(System(Ring(SERVERS), SERVERS, ALL_FAULTS), []).distinct_states > 6


# With symmetry the adapter's `rename` is held to account as well.


class FavoursTheFirst(Counting):
    """Only s1 listens."""

    def receive(self, state: Talker, message: Number) -> Step:
        return super().receive(state, message) if state.me == "s1" else Step(state)


class ForgetsToRename(Counting):
    """Leaves the sender of a message as it was."""

    def rename(self, value: Any, renaming: Any) -> Any:
        if isinstance(value, Number):
            return replace(value, dest=renaming[value.dest])
        return super().rename(value, renaming)


class RenamesToSomethingElse(Counting):
    def rename(self, value: Any, renaming: Any) -> Any:
        return None


@pytest.mark.parametrize(
    ("counting", "message"),
    [
        (FavoursTheFirst, "FavoursTheFirst.receive tells servers apart, or its `rename` is wrong"),
        (ForgetsToRename, "ForgetsToRename.act tells servers apart, or its `rename` is wrong"),
        (RenamesToSomethingElse, r"RenamesToSomethingElse.rename returns None for Talker\("),
    ],
)
def test_what_is_not_symmetric_is_not_searched_with_symmetry(
    counting: type[Counting], message: str
) -> None:
    system = System(counting(SERVERS), SERVERS, Bounds(depth=3))
    with pytest.raises(ActorError, match=message):
        search(system, [], symmetry=True)


def test_symmetry_needs_rename() -> None:
    with pytest.raises(ValueError, match="Ring has no method `rename`"):
        search(System(Ring(SERVERS), SERVERS, Bounds()), [], symmetry=True)
