"""What is written beside a lifeline or in a table, and how large: lines of text, logs as cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

from raft_ref.traces.drawing.metrics import LINE_HEIGHT, text_width, wrapped
from raft_ref.traces.drawing.refused import (
    became,
    changed_at,
    falsifying,
    falsifying_index,
    wrongly_logged,
)
from raft_ref.traces.format.features import VARIABLES
from raft_ref.traces.format.trace import JsonObject, Trace, states
from raft_ref.traces.story.evidence import read_of
from raft_ref.traces.story.membership import goes_by
from raft_ref.traces.story.words import (
    compacted,
    entries,
    is_number,
    is_snapshot,
    plain,
    short_value,
    shortened,
)

Style = Literal["message", "note", "flying", "lost"]

NOTE_SIZE = 9.0
CELLS_HEIGHT = 32.0
HIDDEN_WIDTH = 14
EMPTY_WIDTH = 54
CELLS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Text:
    """One line of a note."""

    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class Cells:
    """A log, one cell an entry: the texts, their terms, and which of them are committed.

    `first` is the index of the first cell; `hidden` says that there are entries before it,
    `goes_on` that there are some behind the last. `is_wrong`: it is not as the spec has it. A
    snapshot is a cell too, the first: it has the index of the last entry that it stands for. Where
    one entry alone is wrong, `wrong_at` is its index.
    """

    texts: tuple[str, ...]
    terms: tuple[int, ...]
    first: int
    committed: int
    hidden: bool
    goes_on: bool = False
    is_wrong: bool = False
    wrong_at: int | None = None

    def is_wrong_at(self, place: int) -> bool:
        """Say whether the cell at this place (from 0) is wrong."""
        return self.is_wrong and self.wrong_at in (None, self.first + place)


Line = Text | Cells


def last_values(trace: Trace) -> dict[str, dict[str, Line]]:
    """Return the last value of every variable, by its name and then by server.

    The first of these rows has no name: it holds the names of the servers. What the servers go by
    follows, where the membership can change. What only features have is left out where nothing
    changes it and the property that is broken does not read it.
    """
    last, false = states(trace)[-1], falsifying(trace)
    wrong = wrongly_logged(trace) | false
    values: dict[str, dict[str, Line]] = {"": {name: Text(name, "message") for name in last}}
    moved = {name for step in trace.steps for name in step.changes} | {name for _, name in wrong}
    idle = {*VARIABLES} - moved - read_of(trace)
    for server, state in last.items():
        if configuration := goes_by(state, trace.features):
            values.setdefault("configuration", {})[server] = Text(configuration, "message")
    for server, state in last.items():
        for name, value in state.items():
            if name == "snapshot" and is_snapshot(value) and log_cells(state):
                continue  # a cell of the log
            if name in idle:
                continue
            is_wrong = (server, name) in wrong
            cells = log_cells(state, changed_at(trace, server)) if name == "log" else None
            told = became(trace, server, name) if (server, name) in false else plain(value)
            text = Text(shortened(told, 24), "lost" if is_wrong else "message")
            at = falsifying_index(trace) if (server, name) in false else None
            marked = cells and replace(cells, is_wrong=is_wrong, wrong_at=at)
            values.setdefault(name, {})[server] = marked or text
    return values


def log_cells(state: JsonObject, seen: int | None = None) -> Cells | None:
    """Return the end of the log as cells, or None where the state has no log of entries.

    Where `seen` is an index, what stands there is among the cells.
    """
    log = entries(state.get("log"))
    if log is None:
        return None
    cells = [(entry["term"], f"t{entry['term']} {short_value(entry)}") for entry in log]
    before = compacted(state)
    if before:
        term = state["snapshot"]["lastIncludedTerm"]
        cells.insert(0, (term, f"t{term} snapshot"))
        before -= 1
    first = max(0, len(cells) - CELLS_SHOWN)
    if seen is not None:
        first = max(0, min(first, seen - before - 2))
    shown = cells[first : first + CELLS_SHOWN]
    commit = state.get("commitIndex")
    committed = min(commit - before, len(cells)) if is_number(commit) else 0
    return Cells(
        texts=tuple(text for _, text in shown),
        terms=tuple(term for term, _ in shown),
        first=before + first + 1,
        committed=min(max(0, committed - first), len(shown)),
        hidden=first > 0,
        goes_on=first + len(shown) < len(cells),
    )


def lines_of(phrases: Iterable[str], style: Style, note_width: float) -> list[Text]:
    """Return phrases as the lines of a note of at most this width."""
    return [Text(line, style) for line in wrapped(list(phrases), NOTE_SIZE, note_width)]


def line_height(line: Line) -> float:
    """Return the height of a line of a note in points."""
    return CELLS_HEIGHT if isinstance(line, Cells) and line.texts else NOTE_SIZE * LINE_HEIGHT


def line_width(line: Line) -> int:
    """Return the width of a line of a note in points."""
    if not isinstance(line, Cells):
        return ceil(text_width(line.text, NOTE_SIZE)) + 4
    hidden = HIDDEN_WIDTH * (line.hidden + line.goes_on)
    return sum(map(cell_width, line.texts)) + hidden or EMPTY_WIDTH


def cell_width(text: str) -> int:
    """Return the width of a cell of a log in points."""
    return ceil(text_width(text, NOTE_SIZE)) + 8
