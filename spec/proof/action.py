"""What an action of the proof's protocol is: when it is enabled, and what it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import z3

from raft_ref.spec.proof.relations import Formula, State, variables


class Change(NamedTuple):
    """What an action makes of a relation: from its arguments to whether they are in it."""

    relation: str
    holds: Callable[..., Formula]


class Lemma(NamedTuple):
    """What follows from invariant and guard, is proved first, and used for the rest.

    `by` are names of conjuncts, properties and lemmas from which it follows, where that is known.
    """

    formula: Formula
    name: str = ""
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Action:
    """An action: its name in Raft.tla, its parameters, when it is enabled, what it changes.

    The first letter of a parameter tells its sort, what is behind "_" its meaning.
    """

    name: str
    parameters: str
    guard: Callable[..., list[Formula]]
    changes: Callable[..., Iterator[Change]]
    lemmas: Callable[..., list[Lemma]] = lambda old, *parameters: []
    variant: str = ""

    @property
    def title(self) -> str:
        """The name, with which of its cases this is."""
        return f"{self.name} ({self.variant})" if self.variant else self.name

    def given(self) -> list[Formula]:
        """Return its parameters as constants."""
        return variables(self.parameters)

    def lemmas_given(self, old: State) -> list[Lemma]:
        """Return its lemmas about a state, and its parameters as `given` has them."""
        return self.lemmas(old, *self.given())

    def meanings(self) -> list[str]:
        """Return what its parameters are."""
        return [name.partition("_")[2] for name in self.parameters.split()]

    def after(self, old: State) -> State:
        """Return the next state: what the action changes is new, the rest is as it was."""
        new = State("_next", old.sorts)
        changed = {change.relation for change in self.changes(old, *self.given())}
        new.relations |= {name: old.relations[name] for name in old.sorts.keys() - changed}
        return new

    def formula(self, old: State) -> Formula:
        """Return the action as a formula about a state and the next (`after`)."""
        new, given = self.after(old), self.given()
        parts = [*self.guard(old, *given)]
        for name, holds in self.changes(old, *given):
            made = [z3.Const(f"y{number}", sort) for number, sort in enumerate(old.sorts[name])]
            parts.append(z3.ForAll(made, new.relations[name](*made) == holds(*made)))
        return z3.And(*parts)
