"""What a search found: a verdict that is never rounded up, and what was covered."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from explorer.properties import Property
from explorer.system import Event, View


class Verdict(StrEnum):
    """How a search ended. Only `HOLDS_WITHIN_BOUNDS` is good news."""

    HOLDS_WITHIN_BOUNDS = "HOLDS_WITHIN_BOUNDS"
    VIOLATED = "VIOLATED"
    INCOMPLETE = "INCOMPLETE"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A shortest behaviour that violates a property: the initial state and the steps from it.

    `evidence` is what the property was asked about when it was false.
    """

    prop: Property
    initial: View
    events: tuple[Event, ...]
    evidence: tuple[Any, ...]

    @property
    def instances(self) -> list[str]:
        """What the property says of its violation, such as the instances that are false."""
        return self.prop.explain(*self.evidence)


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
