"""The part of a system in which a known counterexample lies.

What is wrong is found there in seconds, where a checker in Python searches all for minutes.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from raft_ref.bugs import BUGS
from raft_ref.explorer import Event, System, search
from raft_ref.explorer.model.system import GlobalState, Transition
from raft_ref.spec.link import Committed
from tests.support.models import Model


class Corridor(System):
    """A system that takes the steps of one behaviour and no others, in whatever order."""

    allowed: frozenset[Any] = frozenset()

    def steps(self, state: GlobalState, cut_off: Counter[str]) -> Iterator[Transition]:
        """Yield those of the steps that are allowed."""
        for step in super().steps(state, cut_off):
            if _key(self.event(step)) in self.allowed:
                yield step


def corridor(name: str) -> Corridor:
    """Return the part of a known bug's system in which its shortest counterexample lies."""
    bug, model = BUGS[name], Model.within(BUGS[name].bounds)
    names = model.server_names
    system = Corridor(
        bug.node(names, model.value_names), names, model.bounds(), history=Committed()
    )
    system.allowed = frozenset(map(_key, _harm(name)))
    return system


def path(name: str) -> tuple[System, list[GlobalState]]:
    """Return a known bug's system, and the states of its shortest counterexample."""
    system = Model.within(BUGS[name].bounds).system(BUGS[name].node)
    states = [system.initial()]
    for event in _harm(name):
        steps = system.steps(states[-1], Counter())
        states.append(next(s.after for s in steps if _key(system.event(s)) == _key(event)))
    return system, states


def _harm(name: str) -> Sequence[Event]:
    model = Model.within(BUGS[name].bounds)
    system = model.system(BUGS[name].node)
    found = search(system, model.harm(BUGS[name]), model.symmetry).counterexample
    assert found is not None
    return found.events


def _key(event: Event) -> Any:
    return event.step, event.server, event.action, event.message
