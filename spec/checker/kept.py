"""Where a search keeps the states that it finds: here in Python; `core` has another place."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, NamedTuple, Protocol

from raft_ref.spec.checker.verdict import Action
from raft_ref.spec.steps.interning import Row
from raft_ref.spec.values.value import Value


class Origin(NamedTuple):
    """How a state was first reached: from which one, None for an initial state."""

    number: int | None
    action: Action | None
    arguments: tuple[Value, ...]


class Kept(Protocol):
    """The states found, numbered from 0 on as they were found."""

    @property
    def numbers(self) -> Container[Any]:
        """The keys that are known."""

    def __len__(self) -> int:
        """How many there are."""

    def row(self, number: int) -> Row:
        """Return a state."""

    def origin(self, number: int) -> Origin | int:
        """Return how it was first reached, or from which state alone."""

    def keep(self, key: Any, row: Row, origin: Origin) -> None:
        """Keep one more."""

    def expand(self, number: int, end: int) -> int:
        """Expand states from one on; return the first before `end` that is left, or `end`."""

    @property
    def counts(self) -> Sequence[tuple[int, int]]:
        """How many successors each action gave in this, and how many of them were new."""


class InPython:
    """States in lists, each with its number by its key. None is expanded."""

    counts: Sequence[tuple[int, int]] = ()

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}
        self.rows: list[Row] = []
        self._origins: list[Origin] = []

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, number: int) -> Row:
        """Return a state."""
        return self.rows[number]

    def origin(self, number: int) -> Origin:
        """Return how it was first reached."""
        return self._origins[number]

    @property
    def initial(self) -> list[int]:
        """The initial states."""
        return [n for n, origin in enumerate(self._origins) if origin.number is None]

    def keep(self, key: Any, row: Row, origin: Origin) -> None:
        """Keep one more."""
        self.numbers[key] = len(self.rows)
        self.rows.append(row)
        self._origins.append(origin)

    def expand(self, number: int, end: int) -> int:
        """Return the number of the first state that is left, which is this."""
        return number
