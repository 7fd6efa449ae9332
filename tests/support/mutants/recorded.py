"""What the node does in searches, recorded once, so that each mutant need not be searched with.

Raft.tla lets a server take each of its steps in one way (`spec/link/refinement.py` demands that).
So a mutant of the node that answers otherwise where the node was asked takes a step that is none of
the spec, and one whose choice is another lacks a step, or has one too many; and a mutant of the
spec that does not allow what the node did is one that step refinement refuses.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any, NamedTuple

from raft_ref import Node
from raft_ref.explorer import Event, Kind, Property, System, View, search
from raft_ref.spec.link import Refinement
from tests.support.models import Model

BOXES = (
    Model(servers=2, term=2, log=1, snapshot=1, restarts=1),
    Model(servers=4, messages=3),
    Model(log=2, snapshot=2),
    Model(servers=2, term=3, log=2, snapshot=1, restarts=1),
)
"""What is searched; the first is the smallest."""

_MEMORY = 1 << 30
_MOST = 6_000
"""How many of what is recorded are compared, of each box."""


class Call(NamedTuple):
    """A method that was called, with what, and what it answered."""

    method: str
    state: Any
    given: Any
    answer: Any


class _Recording:
    """A node that takes note of what it is asked, and answers."""

    def __init__(self, node: Node, calls: list[Call]) -> None:
        self._node, self._calls = node, calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)

    def actions(self, state: Any) -> Iterator[Any]:
        """Yield what may happen."""
        self._note("actions", state, None)
        return self._node.actions(state)

    def act(self, state: Any, action: Any) -> Any:
        """Take an action."""
        self._note("act", state, _as_plain(action))
        return self._node.act(state, action)

    def receive(self, state: Any, message: Any) -> Any:
        """Handle a message."""
        self._note("receive", state, message)
        return self._node.receive(state, message)

    def restart(self, state: Any) -> Any:
        """Crash and restart."""
        self._note("restart", state, None)
        return self._node.restart(state)

    def _note(self, method: str, state: Any, given: Any) -> None:
        self._calls.append(Call(method, state, given, _answer(self._node, method, state, given)))


@cache
def calls(model: Model) -> list[Call]:
    """Return what the node is asked within a model; to be called before a mutant is there."""
    found: list[Call] = []
    node: Any = _Recording(Node(model.server_names, model.value_names), found)
    system = System(node, model.server_names, model.bounds())
    search(system, [], model.symmetry, threads=1, memory=_MEMORY)
    return _mixed(found)


def answered_otherwise(model: Model) -> str | None:
    """Return the method that the node in the place of the original answers otherwise."""
    node = module().Node(model.server_names, model.value_names)
    for method, state, given, answer in calls(model):
        if _answer(node, method, state, given) != answer:
            return method
    return None


def _answer(node: Any, method: str, state: Any, given: Any) -> Any:
    match method:
        case "actions":
            return [_as_plain(each) for each in node.actions(state)]
        case "act":
            name, values = given
            step = node.act(state, getattr(module(), name)(*values))
            return step and tuple(step)
        case "receive":
            return tuple(node.receive(state, given))
        case _:
            return node.restart(state)


def module() -> Any:
    """Return the module of the node, which may be a mutant's."""
    return sys.modules["raft_ref.node"]


def _as_plain(action: Any) -> tuple[str, tuple[Any, ...]]:
    return type(action).__name__, tuple(getattr(action, each.name) for each in fields(action))


@cache
def steps(model: Model) -> list[tuple[View, Event]]:
    """Return the distinct steps of servers within a model."""
    found: list[tuple[View, Event]] = []

    def note(before: View, event: Event) -> bool:
        found.append((before, event))
        return True

    recording = Property("Recorded", note, Kind.LOCAL)
    search(model.system(), [recording], model.symmetry, threads=1, memory=_MEMORY)
    return _mixed(found)


def refused(model: Model) -> str | None:
    """Return the name of a recorded step that Raft.tla, as it is now, does not allow."""
    holds = Refinement(model.server_names, model.value_names).as_property.holds
    return next((event.step for before, event in steps(model) if not holds(before, event)), None)


def _mixed(found: list[Any]) -> list[Any]:
    """Return all in an order in which each kind comes soon."""
    random.Random(0).shuffle(found)
    return found[:_MOST]
