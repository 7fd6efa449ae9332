"""What a check of a specification found: a verdict that is never rounded up, and the way there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from raft_ref.spec.steps.interning import State
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.values.value import Value

DEADLOCK = "Deadlock"
"""What is violated by a state without successors."""


class Verdict(StrEnum):
    """How a check ended. Only the first two are good news.

    Of what holds in part, some property was not checked; where nothing is asked, nothing can hold.
    """

    HOLDS = "HOLDS"
    HOLDS_WITHIN_BOUNDS = "HOLDS_WITHIN_BOUNDS"
    HOLDS_IN_PART = "HOLDS_IN_PART"
    NOTHING_ASKED = "NOTHING_ASKED"
    VIOLATED = "VIOLATED"
    INCOMPLETE = "INCOMPLETE"
    ERROR = "ERROR"


class Action(Protocol):
    """A disjunct of the next-state relation, as the model tells them apart."""

    @property
    def name(self) -> str:
        """The operator that the disjunct stands in."""

    @property
    def position(self) -> Position:
        """Where the disjunct stands."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that the disjunct binds."""


class Step(NamedTuple):
    """A state, and the action that led to it, with its arguments; None for an initial state."""

    action: Action | None
    arguments: tuple[Value, ...]
    state: State


@dataclass(frozen=True)
class Behavior:
    """An initial state and the steps from it; one of the shortest that lead to its end.

    `back_to` is the place of the step (from 0) to whose state the behavior returns after its last
    one, to go on in this circle forever; if that is the last itself, nothing happens any more.
    `again` is the step by which it returns.
    """

    variables: tuple[str, ...]
    steps: tuple[Step, ...]
    back_to: int | None = None
    again: Step | None = None


class Coverage(NamedTuple):
    """How many successors an action gave, and how many of these were new."""

    generated: int
    distinct: int


@dataclass(frozen=True)
class Report:
    """The outcome of a check, counted as TLC counts.

    - `violated`: the name of the property, or `DEADLOCK`; `violated_at` is where the part of it
      stands that fails. `counterexample` is a shortest behavior that violates it, or that leads to
      the `error`.
    - `generated_states`: the initial states and all successors, those that a constraint rejects
      among them.
    - `depth`: levels of states reached, the initial one included; `covered_depth`: the levels out
      of which every step was taken.
    - `actions`: for each action, by its name, what it gave.
    - `renamings`: how many renamings of model values the symmetry has; 1 without one.
    - `unchecked`: the properties that were not checked, each with the reason.
    """

    verdict: Verdict
    violated: str | None
    violated_at: Position | None
    error: SpecError | None
    counterexample: Behavior | None
    distinct_states: int
    generated_states: int
    depth: int
    covered_depth: int
    queue: int
    seconds: float
    actions: Mapping[str, Coverage]
    renamings: int
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far a check has come; `queue` are the states found and not expanded yet."""

    distinct_states: int
    transitions: int
    depth: int
    queue: int
    seconds: float
