"""What a search found: a verdict that is never rounded up, and what was covered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypedDict

from raft_ref.explorer.model.renaming import Renamed
from raft_ref.explorer.model.system import System
from raft_ref.explorer.results.counterexample import Counterexample
from raft_ref.explorer.results.progress import Outlook


class Verdict(StrEnum):
    """How a search ended. Only `HOLDS_WITHIN_BOUNDS` is good news.

    A search does not know what it should have met; `HOLDS_VACUOUSLY` is what those say who do.
    """

    HOLDS_WITHIN_BOUNDS = "HOLDS_WITHIN_BOUNDS"
    HOLDS_VACUOUSLY = "HOLDS_VACUOUSLY"
    VIOLATED = "VIOLATED"
    INCOMPLETE = "INCOMPLETE"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search has come; `queue` are the states found and not expanded yet.

    Once all are, and progress is asked for, `undecided` are the states from which the goal is not
    known to be reachable yet. `bytes_on_disk` are those of states, where they are there.
    """

    distinct_states: int
    transitions: int
    depth: int
    queue: int
    seconds: float
    undecided: int | None = None
    bytes_on_disk: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a search.

    A search that meets a violation still takes every step out of the states of that depth: the
    numbers are those of whole levels, and do not depend on the order in which they were searched.

    - `depth`: levels of states reached, the initial one included; `covered_depth`: the levels
      out of which every step was taken.
    - `transitions`: steps taken. With symmetry, steps and states are those of the quotient.
    - `actions`: how often each named step or action was taken; `never_taken`: those of the
      declared ones that never were.
    - `cut_off`: for each bound, how many steps it kept from happening (for `depth`: how many
      states it kept from being expanded).
    - `sometimes`: whether each property that must be reached was.
    - `progress`: for each property of progress that was asked, what was found. None is if something
      else is violated or the search is incomplete, nor after the first that is violated.
    - `symmetry`: by a renaming of what states may differ that were counted as one.
    - `engine`: what searched; `stopped_by`: why an incomplete search is incomplete.
    - `bytes_on_disk`: those of the states, if they are there.
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
    symmetry: tuple[Renamed, ...]
    bounds: Mapping[str, int]
    engine: str
    stopped_by: str | None = None
    progress: Mapping[str, Outlook] = field(default_factory=dict)
    bytes_on_disk: int | None = None


class Coverage(TypedDict):
    """The part of a report that says which steps and actions were taken."""

    actions: Mapping[str, int]
    never_taken: tuple[str, ...]


def coverage(system: System, taken: Mapping[tuple[str, ...], int]) -> Coverage:
    """Return how often each step and action was taken.

    `taken` says it of combinations of names: a step's own, and those of what it composes.
    """
    actions: Counter[str] = Counter()
    for names, times in taken.items():
        for name in names:
            actions[name] += times
    declared = system.step_names()
    return Coverage(
        actions={name: actions[name] for name in dict.fromkeys((*declared, *actions))},
        never_taken=tuple(name for name in declared if not actions[name]),
    )
