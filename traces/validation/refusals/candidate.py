"""A candidate: what might explain a line that is refused, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from raft_ref.traces.validation.moves.world import World

BEFORE = "before the step"
"""What a candidate is called where the server is not as it was logged before its step."""

NOTHING = "nothing happens"
"""What a candidate is called by which a line tells of the state alone."""

NO_STEP = "no reading has such a step"
"""The condition of a candidate where nothing can be tried at all."""

NOT_ENABLED = "it is not enabled"
"""The condition of a candidate of which nobody knows why it cannot be."""

TOLD, WRITES_IT, SILENT = 0, 1, 2
"""How far an action is from what a line tells of: the same, what writes what is told, any other."""


class Unchanged(str):
    """What stands for what was logged of a variable that changes without that."""

    __slots__ = ()


Difference = tuple[str, Any, Any]
"""The name of a variable or a field, what was logged, and what the spec has."""


@dataclass(frozen=True)
class Candidate:
    """An action that might explain a line, and what stands against it.

    `condition` is the conjunct of the action that does not hold; or else `differences` are what was
    logged and what the spec has, by name. It `breaks` properties where it explains the line, and
    they do not hold then. `same` is what was logged besides, and is so. `world` is
    the reading in which it was tried, `result` what that becomes with it.
    """

    action: str
    condition: str = ""
    differences: tuple[Difference, ...] = ()
    same: tuple[tuple[str, Any], ...] = ()
    breaks: tuple[str, ...] = ()
    world: World | None = field(default=None, compare=False, repr=False)
    result: World | None = field(default=None, compare=False, repr=False)
    distance: tuple[int, ...] = field(default=(), compare=False, repr=False)
