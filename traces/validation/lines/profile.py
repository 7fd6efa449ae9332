"""How to read the traces of one kind of implementation: what lines mean, what they leave out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from raft_ref.traces.format.ndjson import parse_line
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.lines.events import Event

LONGEST_LINE = 64 * 1024 * 1024
"""The most characters that a line may have."""


LOOK_BACK = (4, 16, 64, 256, 1024, 4096)
"""How many lines are followed once more, in all readings, before one is refused."""
TRIES = 50
"""How many ways to read lines are looked at then, for each reading that there may be at a time."""


@dataclass(frozen=True)
class Liberties:
    """What the spec is asked besides what a line says.

    `silent` are the moves that a server may make unlogged, and how many of each with the move of a
    line. `may_decline` says that messages may be ignored or refused, acknowledged in part, or
    counted later; without it each is handled as Raft.tla does. `unsynced` is how many of its last
    steps a server may lose as it restarts, if it has told nobody of them. `remembers` is how many
    messages are kept, `candidates` how many readings of the trace at a time. Of the servers that
    are `unlogged` no line tells anything: they do what explains the lines of the others. Unless
    `are_all_told`, so may one be of which no line happens to tell. `allowed` is what only
    implementations do that say so (`format.features.MAY_BE_ALLOWED`).
    """

    silent: Mapping[str, int] = field(default_factory=dict)
    may_decline: bool = True
    unsynced: int = 0
    remembers: int = 100_000
    candidates: int = 1_000
    unlogged: frozenset[str] = frozenset()
    are_all_told: bool = False
    allowed: frozenset[str] = frozenset()


class Lines:
    """The lines of a trace, one JSON object each; `number` is that of the line read last.

    Argument: the objects, as they come.
    """

    def __init__(self, objects: Iterable[JsonObject] = ()) -> None:
        self.number = 0
        self._objects = objects

    def __iter__(self) -> Iterator[JsonObject]:
        for each in self._objects:
            self.number += 1
            yield each

    def found_ahead(self, pattern: re.Pattern[str]) -> set[tuple[str, str]]:
        """Return the groups of a pattern, and what they stand for, in all lines to come.

        Nothing where lines cannot be read twice.
        """
        return set()


class LinesOfFile(Lines):
    """The lines of a file."""

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self.characters = 0
        """How many were read."""
        self._file = file

    def found_ahead(self, pattern: re.Pattern[str]) -> set[tuple[str, str]]:
        """Return the groups of a pattern, and what they stand for, in the rest of the file."""
        if not self._file.seekable():
            return set()
        found, place = set[tuple[str, str]](), self._file.tell()
        while text := self._file.readline(LONGEST_LINE):
            found.update((str(each.lastgroup), each.group()) for each in pattern.finditer(text))
        self._file.seek(place)
        return found

    def __iter__(self) -> Iterator[JsonObject]:
        # Not splitlines: a JSON string may hold U+2028, which is no end of a line.
        while text := self._file.readline(LONGEST_LINE):
            self.number += 1
            self.characters += len(text)
            if len(text) >= LONGEST_LINE:
                raise TraceError(f"the line has more than {LONGEST_LINE} characters")
            if text.strip():
                yield parse_line(text)


@contextmanager
def located(path: Path, lines: LinesOfFile) -> Iterator[None]:
    """Say of what is wrong in a file at which line: raise `TraceError` (`file:line: reason`)."""
    try:
        yield
    except TraceError as error:
        raise TraceError(f"{path}:{max(lines.number, 1)}: {error}") from None
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 text ({error.reason})"
        raise TraceError(f"{path}:{lines.number + 1}: {reason}") from None


@dataclass(frozen=True)
class Recording:
    """A trace as its profile reads it.

    `initial` are the states in which servers start, where the trace begins with them; a server that
    it does not name starts with what its first line says, or, if the trace `begins_at_init`, as in
    Init, unless its first line is `Start`. `events` are read as they are asked for, and raise
    `TraceError` for a line that makes no sense. `features` are those that are on.
    """

    servers: tuple[str, ...]
    initial: Mapping[str, JsonObject]
    liberties: Liberties
    events: Iterator[Event]
    begins_at_init: bool = False
    features: frozenset[str] = frozenset()


Profile = Callable[[Lines], Recording]
"""Begins to read a trace. Raises `TraceError` for one that makes no sense."""
