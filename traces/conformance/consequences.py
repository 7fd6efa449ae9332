"""Consequences: what no client forgives, seen in what servers tell of themselves, without the spec.

The rule: only what was told counts. Entries are committed where a server says so of a log that it
has shown; what an implementation does not tell can hide a consequence, and never makes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import Event

Entry = tuple[Any, Any]
"""The term and the value of an entry, as it was told."""


class Consequence(NamedTuple):
    """What went wrong: its kind, and the instance of it."""

    kind: str
    text: str


@dataclass
class Told:
    """What a server has told of itself so far; `log` is None where that is not known."""

    role: str = "Follower"
    current_term: int = 0
    commit_index: int = 0
    compacted: int = 0
    log: list[Entry] | None = field(default_factory=list)

    @property
    def last_index(self) -> int:
        """The index of the last entry that is known."""
        return self.compacted + len(self.log or ())

    def entry(self, index: int) -> Entry | None:
        """Return the entry at an index; None for one that is not known."""
        if self.log is None or not self.compacted < index <= self.last_index:
            return None
        return self.log[index - self.compacted - 1]

    def update(self, variables: JsonObject) -> None:
        """Take in what a line tells."""
        self.role = variables.get("role", self.role)
        self.current_term = variables.get("currentTerm", self.current_term)
        self.commit_index = variables.get("commitIndex", self.commit_index)
        snapshot = variables.get("snapshot") or {}
        compacted = snapshot.get("lastIncludedIndex", self.compacted)
        if "log" in variables:
            told = variables["log"]
            is_list = isinstance(told, list)
            self.log = [(e.get("term"), e.get("value")) for e in told] if is_list else None
        elif compacted > self.compacted and self.log is not None:
            self.log = self.log[compacted - self.compacted :]
        self.compacted = compacted


class _Commit(NamedTuple):
    """An entry that was committed: who said so first, and in which term that one was."""

    entry: Entry
    server: str
    term: int


class Witness:
    """Watches a cluster; `found` is the first consequence, if there is one.

    Arguments: the servers, and what is told of each at the start.
    """

    def __init__(self, servers: tuple[str, ...], initial: Mapping[str, JsonObject]) -> None:
        self.states = {name: Told() for name in servers}
        self.found: Consequence | None = None
        self._leaders: dict[int, str] = {}
        self._committed: dict[int, _Commit] = {}
        for name, variables in initial.items():
            self.states[name].update(variables)
            self._look(name)

    def see(self, event: Event) -> None:
        """Take in what a line tells, and look for a consequence."""
        state = self.states[event.server]
        was = state.commit_index
        if "Restart" in event.moves:
            state.role, state.commit_index = "Follower", state.compacted
        if event.after:
            state.update(event.after)
        if self.found is None:
            self.found = self._forgotten(event.server, was) or self._look(event.server)

    def lacking(self) -> list[str]:
        """Return the servers that lack the last entry that was committed, as far as is known."""
        if not self._committed:
            return []
        index = max(self._committed)
        entry = self._committed[index].entry
        found = []
        for name, state in self.states.items():
            held = state.entry(index)
            if state.compacted < index and (held is None or _differ(held, entry)):
                found.append(name)
        return found

    def _forgotten(self, name: str, committed: int) -> Consequence | None:
        """Return whether a server has no more what it has itself called committed."""
        state = self.states[name]
        if state.log is None or state.last_index >= committed:
            return None
        index = state.last_index + 1
        if index not in self._committed:
            return None
        return Consequence(
            "a committed entry lost",
            f"{name} has lost the entry at index {index}, which it had committed",
        )

    def _look(self, name: str) -> Consequence | None:
        state = self.states[name]
        return self._second_leader(name, state) or self._other_value(name, state)

    def _second_leader(self, name: str, state: Told) -> Consequence | None:
        if state.role != "Leader":
            return None
        term = state.current_term
        first = self._leaders.setdefault(term, name)
        if first != name:
            return Consequence(
                "two leaders in one term", f"{first} and {name} both lead term {term}"
            )
        for index, commit in self._committed.items():
            if term > commit.term and state.log is not None and index > state.compacted:
                held = state.entry(index)
                if held is None or _differ(held, commit.entry):
                    what = "lacks the entry" if held is None else "has another entry"
                    than = "that" if held is None else "than"
                    return Consequence(
                        "a committed entry lost",
                        f"{name} leads term {term} and {what} at index {index} {than} "
                        f"{commit.server} committed in term {commit.term}",
                    )
        return None

    def _other_value(self, name: str, state: Told) -> Consequence | None:
        for index in range(state.compacted + 1, min(state.commit_index, state.last_index) + 1):
            entry = state.entry(index)
            assert entry is not None
            first = self._committed.setdefault(index, _Commit(entry, name, state.current_term))
            if _differ(first.entry, entry):
                return Consequence(
                    "two entries committed at one index",
                    f"at index {index} {first.server} has committed {_shown(first.entry)}, and "
                    f"{name} {_shown(entry)}",
                )
        return None


def _differ(one: Entry, other: Entry) -> bool:
    """Say whether two entries at one index are not the same, as far as they were told."""
    (term, value), (other_term, other_value) = one, other
    if None not in (term, other_term) and term != other_term:
        return True
    return None not in (value, other_value) and value != other_value


def _shown(entry: Entry) -> str:
    term, value = entry
    return f"{'an entry' if value is None else value} of term {term}"
