"""What a diagram shows of each step: marks, notes, arrows. No coordinates, no Graphviz.

A `Row` is a step. Only one server acts in it, and what it shows stands beside that server's
lifeline, so that what stands in two rows cannot meet. What else changes, in steps of a
specification that is not Raft, stands beside its own lifeline, and all of that row on the right.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from raft_ref.traces.drawing.cells import Line, Text, lines_of, log_cells
from raft_ref.traces.drawing.refused import (
    is_of_nobody,
    is_refused_send,
    numbers,
    wrongly_logged,
)
from raft_ref.traces.format.flights import Flight, flights
from raft_ref.traces.format.trace import JsonObject, Trace, TraceStep, states
from raft_ref.traces.story.causal_slice import causal_slice
from raft_ref.traces.story.changes import differences
from raft_ref.traces.story.evidence import Servers
from raft_ref.traces.story.membership import goes_by
from raft_ref.traces.story.sentences import given
from raft_ref.traces.story.words import (
    entries,
    is_number,
    message_phrases,
    plain,
    shortened,
)

ArrowKind = Literal["delivered", "duplicate", "lost", "refused"]
Side = Literal[-1, 0, 1]
LEFT: Side = -1
BELOW: Side = 0
RIGHT: Side = 1

# Told by the mark, or of no interest in a picture.
_UNTOLD = ("votesGranted", "nextIndex", "matchIndex")
_LONG = 44
"""How many letters of a line of a specification are shown."""


@dataclass(frozen=True, slots=True)
class Note:
    """Lines beside a lifeline, or under the cross of a lost message.

    `flying` says that the note names messages that are never received: a stub leads to it. `at` is
    whose lifeline it stands beside, if it is not that of the server that acts.
    """

    lines: tuple[Line, ...]
    side: Side
    flying: bool = False
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One step: its number and name, the server that acts, its mark and what is noted beside it.

    `server` is None in the row of a lost message; then `towards` is the channel that it took.
    `mark` is empty where a plain dot will do. `configuration` is what the server goes by from here
    on, where that changes. `leads` says that the step leads to the violation, `is_told` that
    whoever recorded it told of the step.
    """

    number: int
    name: str
    server: str | None
    mark: str
    role: str
    crashed: bool
    notes: tuple[Note, ...]
    towards: tuple[str, str] | None = None
    configuration: str = ""
    leads: bool = True
    is_told: bool = True


@dataclass(frozen=True, slots=True)
class Arrow:
    """A message from the step that sends it to the step that receives or loses it.

    `sender` is the position of the server that sends it; `sent` is 0 where that was before the
    first step. `leads` says that the step which receives it leads to the violation. A message that
    a refused step sends ends nowhere: its arrow points at the lifeline of `dest`, a position.
    """

    sender: int
    sent: int
    ended: int
    kind: ArrowKind
    leads: bool = True
    dest: int = 0


def rows(trace: Trace, note_width: float) -> list[Row]:
    """Return the rows of a diagram whose notes are at most this many points wide.

    Raises TraceError where a step takes a message that is not in flight.
    """
    ways = flights(trace)
    matter = causal_slice(trace)
    wrong_in_last = {name for _, name in wrongly_logged(trace)}
    steps = zip(trace.steps, pairwise(states(trace)), strict=True)
    shown = []
    for number, (step, (before, after)) in enumerate(steps, start=1):
        if step.server is None:
            lost = _lost_row(number, step, note_width)
            notes = [*lost.notes, *_of_others(step, before, after)]
            shown.append(replace(lost, notes=tuple(notes), leads=number in matter))
            continue
        old, new = before[step.server], after[step.server]
        wrong = wrong_in_last if number == len(trace.steps) else set()
        values = (
            _changed(step, old, new, note_width, wrong)
            if trace.of is None
            else [*_arguments(step), *_values(step.changes, old, new)]
        )
        told = [
            *_received(number, step, ways, note_width),
            *values,
            *lines_of(numbers(trace.servers, old, new, wrong), "lost", note_width),
        ]
        sent = [flight for flight in ways if flight.sent == number]
        sent = [flight for flight in sent if not flight.over or flight.gone]
        flying = [flight for flight in sent if not is_refused_send(trace, flight)]
        for flight in sent:
            if flight not in flying:
                told += lines_of(message_phrases(flight.message), "lost", note_width)
        side = note_side(trace.servers, step)
        if trace.of is not None and (step.others or step.message is None):
            side = RIGHT
        notes = [Note(tuple(told), side)] if told else []
        notes = _with_stubs(notes, trace.servers, step, flying, note_width)
        notes += _of_others(step, before, after)
        crashed = step.step == "Restart"
        mark = "× restart" if crashed else _mark(old, new)
        row = Row(number, step.step, step.server, mark, role_of(new), crashed, tuple(notes))
        now = goes_by(new, trace.features)
        changed = now if now != goes_by(old, trace.features) else ""
        row = replace(row, configuration=changed, leads=number in matter, is_told=step.is_told)
        shown.append(row)
    return shown


def arrows(trace: Trace) -> list[Arrow]:
    """Return the arrows of all messages that are received or lost, in the order of sending."""
    drawn = []
    matter = causal_slice(trace)
    for flight in flights(trace):
        start = trace.servers.index(flight.message["source"]), flight.sent
        for count, end in enumerate(flight.delivered):
            kind: ArrowKind = "duplicate" if count else "delivered"
            if is_of_nobody(trace, flight):
                kind = "refused"
            drawn.append(Arrow(*start, end, kind, end in matter))
        if is_refused_send(trace, flight):
            dest = trace.servers.index(flight.message["dest"])
            drawn.append(Arrow(*start, 0, "refused", dest=dest))
        if flight.lost is not None:
            drawn.append(Arrow(*start, flight.lost, "lost", flight.lost in matter))
    return drawn


def role_of(state: JsonObject) -> str:
    """Return the role of a server, or "" for one that has none."""
    role = state.get("role")
    return role if isinstance(role, str) else ""


def role_and_term(state: JsonObject) -> str:
    """Return "leader t2", or as much of it as the state knows."""
    term = state.get("currentTerm")
    words = [role_of(state).lower(), f"t{term}" if is_number(term) else ""]
    return " ".join(word for word in words if word)


def note_side(servers: tuple[str, ...], step: TraceStep) -> Side:
    """Return the side for a step's note: away from where its message comes from."""
    if step.message is not None and step.message["source"] != step.server:
        return side_of(servers, step.message["dest"], step.message["source"], opposite=True)
    return LEFT if step.server == servers[0] else RIGHT


def side_of(servers: tuple[str, ...], server: str, other: str, opposite: bool = False) -> Side:
    """Return the side of a server on which another one stands (or the opposite one)."""
    is_right = servers.index(other) > servers.index(server)
    return RIGHT if is_right != opposite else LEFT


def _mark(old: JsonObject, new: JsonObject) -> str:
    text = role_and_term(new)
    return text if text != role_and_term(old) else ""


def _lost_row(number: int, step: TraceStep, note_width: float) -> Row:
    if step.message is None:
        return Row(number, step.step, None, "", "", False, ())
    phrases = [*message_phrases(step.message), "lost"]
    note = Note(tuple(lines_of(phrases, "lost", note_width)), BELOW)
    towards = (step.message["source"], step.message["dest"])
    return Row(number, step.step, None, "", "", False, (note,), towards)


def _received(number: int, step: TraceStep, ways: list[Flight], note_width: float) -> list[Text]:
    if step.message is None:
        return []
    lines = lines_of(message_phrases(step.message), "message", note_width)
    for message in step.takes:
        lines += lines_of(message_phrases(message), "message", note_width)
    if step.keeps:
        return lines
    if any(number in flight.delivered[1:] for flight in ways):
        lines.append(Text("duplicate", "note"))
    elif step.step == "ReceiveDuplicate":
        lines += lines_of(["a copy stays", "in flight"], "note", note_width)
    return lines


def _changed(
    step: TraceStep, old: JsonObject, new: JsonObject, note_width: float, wrong: Collection[str]
) -> list[Line]:
    """Return the lines about the variables that the step changes, the log as cells at the end.

    `wrong` are those that are not as the spec has them.
    """
    phrases: list[str] = []
    marked: list[str] = []
    if step.step == "Restart" and _mark(old, new):
        phrases.append(_mark(old, new))
    cells = log_cells(new)
    is_log = cells is not None and entries(old.get("log")) is not None
    told_by_cells = ("snapshot", "log", "commitIndex") if is_log else ()
    told_by_mark = ("role", "currentTerm") if role_of(new) else ()
    for name, value in step.changes.items():
        if name in (*_UNTOLD, *told_by_cells, *told_by_mark):
            continue
        if name == "votedFor" and name not in wrong:
            phrases += _vote(step, old.get(name), value)
        else:
            told = marked if name in wrong else phrases
            told.append(shortened(f"{name} = {plain(value)}", 28))
    lines: list[Line] = [
        *lines_of(phrases, "note", note_width),
        *lines_of(marked, "lost", note_width),
    ]
    if cells and any(old.get(name) != new.get(name) for name in told_by_cells):
        lines.append(replace(cells, is_wrong="log" in wrong))
    if "commitIndex" in wrong and is_number(new.get("commitIndex")):
        lines += lines_of([f"commitIndex = {new['commitIndex']}"], "lost", note_width)
    return lines


def _of_others(step: TraceStep, before: Servers, after: Servers) -> list[Note]:
    """Return the notes of what changes beside the server that acts."""
    return [
        Note(tuple(_values(changes, before[other], after[other])), RIGHT, at=other)
        for other, changes in step.others.items()
    ]


def _arguments(step: TraceStep) -> list[Line]:
    told = (f"{name} = {plain(value)}" for name, value in given(step).items())
    return [Text(shortened(text, _LONG), "message") for text in told]


def _values(changes: JsonObject, old: JsonObject, new: JsonObject) -> list[Line]:
    """Return lines of what changes of a column of a specification, a log of entries as cells."""
    cells = log_cells(new) if "log" in changes else None
    told_by_mark = ("role", "currentTerm") if _mark(old, new) else ()
    lines: list[Line] = [
        Text(shortened(text, _LONG), "note")
        for name, value in changes.items()
        if name not in told_by_mark and not (name == "log" and cells)
        for text in differences(name, old.get(name), value)
    ]
    return [*lines, cells] if cells else lines


def _vote(step: TraceStep, old: Any, new: Any) -> list[str]:
    if new is None:
        # A new term has no vote yet; only a vote lost within its term is news.
        return [] if "currentTerm" in step.changes else ["forgets", f"votedFor = {plain(old)}"]
    return [] if new == step.server else [f"votedFor = {plain(new)}"]


def _with_stubs(
    notes: list[Note],
    servers: tuple[str, ...],
    step: TraceStep,
    flying: list[Flight],
    note_width: float,
) -> list[Note]:
    """Add what is never received to the notes of the sending step, on the side that it left."""
    assert step.server is not None
    by_side: dict[Side, dict[str, list[str]]] = {}
    for flight in flying:
        dest = flight.message["dest"]
        copy = "copy in flight" if flight.delivered else "in flight"
        copy = f"gone in {flight.gone}" if flight.gone else copy
        text = "\n".join([*message_phrases(flight.message), copy])
        side = RIGHT if step.others else side_of(servers, step.server, dest)
        by_side.setdefault(side, {}).setdefault(text, []).append(dest)
    for side, texts in by_side.items():
        lines: list[Line] = []
        for text, dests in texts.items():
            *phrases, copy = text.split("\n")
            lines += lines_of([*phrases, f"to {', '.join(dests)}:", copy], "flying", note_width)
        here = [note for note in notes if note.side == side]
        told = tuple(line for note in here for line in note.lines)
        notes = [note for note in notes if note.side != side]
        notes.append(Note((*told, *lines), side, flying=True))
    return notes
