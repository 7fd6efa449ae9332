"""The actions of a specification whose rows have slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from raft_ref.spec.code.effects import Effects
from raft_ref.spec.names.labels import ActionName
from raft_ref.spec.steps.interning import Row, State
from raft_ref.spec.steps.slots.answers import SlotAnswers
from raft_ref.spec.steps.slots.layout import SlotInterner
from raft_ref.spec.steps.specialization import GeneratingExtension
from raft_ref.spec.values.value import Domain

_MOST_SLOTS: Final = 16

_FEWEST_SLOTS: Final = 2


def domains_of(states: Sequence[State]) -> Mapping[int, Domain]:
    """Return the places of functions that have the same few arguments in all states."""
    if not states:
        return {}
    first, *others = states
    found = {
        place: value[0]
        for place, value in enumerate(first)
        if type(value) is tuple and _FEWEST_SLOTS <= len(value[0]) <= _MOST_SLOTS  # type: ignore[arg-type]
    }
    return {
        place: domain  # type: ignore[misc]
        for place, domain in found.items()
        if all(type(each[place]) is tuple and each[place][0] is domain for each in others)  # type: ignore[index]
    }


@dataclass(frozen=True)
class SlotActions:
    """Every action, and which variables have slots, by their places.

    `given` is for each action its name, its generating extension (None: it has none), and a
    function from a state to its successors; `oracle` is one from a state to all successors.
    """

    given: Sequence[tuple[ActionName, GeneratingExtension | None, Callable[..., list[Any]]]]
    oracle: Callable[..., list[Any]]
    interner: SlotInterner
    effects: Effects

    @property
    def names(self) -> list[ActionName]:
        """The names of the actions."""
        return [name for name, _, _ in self.given]

    def successors(self, row: Row) -> list[tuple[ActionName, tuple[Any, ...], Row]]:
        """Return what follows a state; raises `SpecError` where TLC has an error."""
        after = self.oracle(self.interner.state(row))
        return [(a, arguments, self.interner.row(state)) for a, arguments, state in after]

    def answers(self) -> SlotAnswers:
        """Return what a native search asks of the actions."""
        given = [(extension, successors) for _, extension, successors in self.given]
        return SlotAnswers(given, self.interner, self.effects)
