"""What a search found: a verdict that is never rounded up, and what was covered."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from explorer.actor import ServerId
from explorer.properties import Property
from explorer.system import View


class Verdict(StrEnum):
    """How a search ended. Only `HOLDS_WITHIN_BOUNDS` is good news."""

    HOLDS_WITHIN_BOUNDS = "HOLDS_WITHIN_BOUNDS"
    VIOLATED = "VIOLATED"
    INCOMPLETE = "INCOMPLETE"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a counterexample, as values.

    `step` is its name and `actions` are the names that it composes; `server` is None for a step
    of the network; `action` is what the actor took, `message` what was received or lost.
    """

    step: str
    actions: tuple[str, ...]
    server: ServerId | None
    action: Any
    message: Any
    sends: tuple[Any, ...]
    after: View


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A shortest behaviour that violates a property: the initial state and the steps from it."""

    prop: Property
    initial: View
    events: tuple[Event, ...]

    @property
    def instances(self) -> list[str]:
        """Which instances of the property's formula are false at the end."""
        views = [self.initial, *(event.after for event in self.events)]
        return self.prop.explain(*(views[-2:] if self.prop.is_step else views[-1:]))


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a search.

    - `depth`: levels of states reached, the initial one included; `covered_depth`: the levels
      out of which every step was taken.
    - `transitions`: steps taken. With symmetry, steps and states are those of the quotient.
    - `actions`: how often each named step or action was taken; `never_taken`: those of the
      declared ones that never were.
    - `cut_off`: for each bound, how many steps it kept from happening (for `depth`: how many
      states it kept from being expanded).
    - `sometimes`: whether each property that must be reached was.
    """

    verdict: Verdict
    counterexample: Counterexample | None
    distinct_states: int
    transitions: int
    depth: int
    covered_depth: int
    queue: int
    seconds: float
    actions: Mapping[str, int]
    never_taken: tuple[str, ...]
    cut_off: Mapping[str, int]
    sometimes: Mapping[str, bool]
    symmetry: bool
    bounds: Mapping[str, int]
    engine: str
