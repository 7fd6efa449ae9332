"""The verdict on a trace: whether it is a behaviour of the spec."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.world import Step, World
from raft_ref.traces.validation.rules.invariants import Invariants
from raft_ref.traces.validation.search import Search

LAST = 12
"""How many steps before a refusal are kept to be shown."""


class Outcome(StrEnum):
    """What was found."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"
    BAD_INPUT = "bad input"
    """Of files: it is no trace."""


@dataclass
class Verdict:
    """What was found of one trace.

    `lines` of it were followed, in at most `readings` ways at a time; `actions` says how often each
    action of the spec was taken, and `changes` which changes of the membership that were; `checked`
    of how many steps the invariants were checked. `line` and `reason` say where and why it was
    refused, or given up; `worlds` are the readings before that line, `event` what it says, `last`
    the steps before.
    """

    path: Path
    outcome: Outcome = Outcome.ACCEPTED
    lines: int = 0
    readings: int = 1
    actions: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    line: int | None = None
    reason: str = ""
    event: Event | None = None
    worlds: list[World] = field(default_factory=list)
    last: list[Step] = field(default_factory=list)
    search: Search | None = None
    looked_back: int = 0
    """How many lines before that one were followed in all readings."""
    contradiction: str = ""
    """What that line says against one before it, however all are read, whatever nobody logs."""
    given_up: int | None = None
    """At which line before it the readings were given up, if only what lines say was looked at."""
    is_open_before: bool = False
    """Whether lines before those could be read otherwise: then nobody can say."""
    breaks: World | None = None
    """Where steps of the spec explain the line, and break a property: the reading with them."""
    invariants: Invariants | None = None
