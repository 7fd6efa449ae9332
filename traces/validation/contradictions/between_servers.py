"""What lines of several servers say against each other, whichever comes first.

The rule: a fact is what one line says alone, of what can be only once in a behaviour: who leads a
term, whom a server votes for in it, which entry a term has at an index and behind which, which is
committed there. So no order of lines counts, nor what became of a server since; what a line leaves
open, or tells of a log whose beginning is not told, is no fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import Event

MOST = 20_000
"""How many facts of a kind are kept, and those before half of them forgotten."""
RECENT = 8
"""How many entries at the end of a log are looked at, and at the end of what is committed of it."""


class Kind(Enum):
    """What can be only once: of what, and how two lines say otherwise."""

    LEADER = "term {0} is led by {known} and by {new}"
    VOTE = "{0} gives {new} its vote of term {1}, which {known} has"
    VALUE = "the entry of term {1} at index {0} is {new}, and was told to be {known} by {who}"
    BEHIND = (
        "the entry of term {1} at index {0} follows one of term {new}, and was told by {who} to "
        "follow one of term {known}"
    )
    COMMITTED = (
        "an entry of term {new} is committed at index {0}, and {who} told of one of term {known}"
    )
    COMMITTED_VALUE = "{new} is committed at index {0}, and {who} told of {known}"


class Fact(NamedTuple):
    """One fact: of its `kind`, what `key` (of one or two parts) has."""

    kind: Kind
    key: tuple[Any, ...]
    value: Any


class Between:
    """The facts that lines have told so far."""

    def __init__(self) -> None:
        self._known: dict[Kind, dict[tuple[Any, ...], tuple[Any, str]]] = {k: {} for k in Kind}

    def add(self, event: Event) -> None:
        """Note what a line tells."""
        for kind, key, value in facts(event):
            known = self._known[kind]
            if key not in known:
                known[key] = value, event.server
                if len(known) > MOST:
                    self._known[kind] = dict([*known.items()][MOST // 2 :])

    def contradiction(self, event: Event) -> str:
        """Return in a sentence what a line says against one before it, or ""."""
        for kind, key, value in facts(event):
            known, who = self._known[kind].get(key, (value, ""))
            if known != value:
                return kind.value.format(*key, new=value, known=known, who=who)
        return ""


def facts(event: Event) -> Iterator[Fact]:
    """Yield the facts that a line tells."""
    if event.before:
        yield from _of_state(event.server, event.before)
    if event.after:
        yield from _of_state(event.server, event.after)
    if event.message is not None:
        yield from _of_message(event.message)
    for message in event.sends or ():
        yield from _of_message(message)
    if event.moves == ("Apply",) and "index" in event.arguments:
        value = event.arguments.get("value")
        if isinstance(value, str):
            yield Fact(Kind.COMMITTED_VALUE, (event.arguments["index"],), value)


def _of_state(server: str, state: JsonObject) -> Iterator[Fact]:
    term = state.get("currentTerm")
    if term is not None:
        if state.get("votedFor") is not None:
            yield Fact(Kind.VOTE, (server, term), state["votedFor"])
        role = state.get("role")
        if role == "Leader":
            yield Fact(Kind.LEADER, (term,), server)
        elif role == "Candidate":
            for voter in state.get("votesGranted", ()):
                yield Fact(Kind.VOTE, (voter, term), server)
    if "snapshot" in state:
        yield from _of_snapshot(state["snapshot"])
    log = state.get("log")
    if isinstance(log, dict):
        last = log.get("lastIndex", 0)
        if "lastTerm" in log and 0 < last <= state.get("commitIndex", 0):
            yield Fact(Kind.COMMITTED, (last,), log["lastTerm"])
    elif log and "lastIncludedIndex" in state.get("snapshot", {}):
        yield from _of_log(log, state)


def _of_log(log: list[JsonObject], state: JsonObject) -> Iterator[Fact]:
    """Yield the facts of a log behind a snapshot: of its end, and of what is committed of it."""
    begin = state["snapshot"]["lastIncludedIndex"] + 1
    first = max(0, len(log) - RECENT)
    before = log[first - 1]["term"] if first else state["snapshot"].get("lastIncludedTerm", 0)
    yield from _of_entries(begin + first, before, log[first:])
    end = min(len(log), state.get("commitIndex", 0) + 1 - begin)
    for place in range(max(0, end - RECENT), end):
        yield Fact(Kind.COMMITTED, (begin + place,), log[place]["term"])
        value = log[place].get("value")
        if isinstance(value, str):
            yield Fact(Kind.COMMITTED_VALUE, (begin + place,), value)


def _of_entries(index: int, before: int, entries: list[JsonObject]) -> Iterator[Fact]:
    """Yield the facts of entries from an index on; 0 is the term `before` them that is not told."""
    for entry in entries:
        term, value = entry["term"], entry.get("value")
        if before:
            yield Fact(Kind.BEHIND, (index, term), before)
        if isinstance(value, str):
            yield Fact(Kind.VALUE, (index, term), value)
        index, before = index + 1, term


def _of_snapshot(snapshot: JsonObject) -> Iterator[Fact]:
    index, term = snapshot.get("lastIncludedIndex", 0), snapshot.get("lastIncludedTerm")
    if index and term:
        yield Fact(Kind.COMMITTED, (index,), term)


def _of_message(message: JsonObject) -> Iterator[Fact]:
    kind, source, term = message["type"], message["source"], message.get("term")
    if kind == "RequestVoteResponse":
        if message.get("voteGranted") is True and term is not None:
            yield Fact(Kind.VOTE, (source, term), message["dest"])
    elif kind in ("AppendEntriesRequest", "HeartbeatRequest"):
        if term is not None:
            yield Fact(Kind.LEADER, (term,), source)
        entries, previous = message.get("entries"), message.get("prevLogIndex")
        if isinstance(entries, list) and previous is not None:
            yield from _of_entries(previous + 1, message.get("prevLogTerm", 0), entries)
    elif kind == "InstallSnapshotRequest" and "snapshot" in message:
        yield from _of_snapshot(message["snapshot"])
