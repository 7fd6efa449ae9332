"""Logs that share what they have in common, so that a long trace costs no more for each line.

The rule: two logs that are equal are one object, so that a comparison is one of identity.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from raft_ref.spec.values.value import Function, domain_of
from raft_ref.traces.format.trace import NOT_LOGGED
from raft_ref.traces.validation.rules.configurations import text

ENTRY = domain_of(frozenset({"term", "value"}))
"""The fields of an entry of Raft.tla, in the order in which its record has them."""

UNLOGGED = NOT_LOGGED


CHUNK = 64


class Log:
    """A log as its last entry and the log before that; made by `Logs` and `append`.

    `index` and `term` are those of the last entry, 0 where there is none. `entry` is its record in
    the spec. `digest` is the SHA-256 of the digest before it, followed by `term:value`, and None
    where a value is unknown. `changed` is the log up to its last configuration, None where it has
    none; of a log that begins behind entries which nobody knows, its beginning may be one. `terms`
    has what is kept of entries that were known, where the log begins behind such.
    """

    __slots__ = (
        "_child", "_chunk", "_jump", "_others", "beginning", "changed", "digest", "entry", "index",
        "previous", "term", "terms",
    )  # fmt: skip

    def __init__(self, previous: Log | None, index: int, term: int, entry: Function | None) -> None:
        self.previous = previous
        self.index = index
        self.term = term
        self.entry = entry
        self._child: Log | None = None
        self._others: dict[Function, Log] | None = None
        self._chunk: tuple[Log, list[Any]] | None = None
        self._jump: Log = self if previous is None else previous._next_jump()
        before = b"" if index == 0 else None if previous is None else previous.digest
        self.digest: bytes | None = before if previous is None else _digest(before, entry)
        self.beginning: Function | None = None
        self.terms: Terms | None = None
        changed = None if previous is None else previous.changed
        self.changed: Log | None = self if entry and type(entry[2]) is tuple else changed

    def _next_jump(self) -> Log:
        # Skew-binary pointers: to reach any index takes a logarithmic number of jumps (Myers, "An
        # applicative random-access stack", 1983).
        jump = self._jump
        if self.index - jump.index == jump.index - jump._jump.index:
            return jump._jump
        return self

    @property
    def configuration(self) -> Function:
        """The configuration at the last index of the log, where one is there."""
        found: Any = self.beginning if self.entry is None else self.entry[2]
        configuration: Function = found
        return configuration

    def changes(self, after: int, last: int) -> Iterator[Log]:
        """Yield the log up to each configuration behind an index, up to a last one; that first.

        That of a beginning may have stood at any index before.
        """
        node = self.changed if last else None
        while node is not None and node.index > after:
            if node.index <= last or node.previous is None:
                yield node
            node = None if node.previous is None else node.previous.changed

    def changed_by(self, index: int) -> Log | None:
        """Return the log up to its last configuration up to an index; None where it has none."""
        return next(self.changes(0, index), None)

    @property
    def first(self) -> int:
        """The index before the first entry that is known."""
        node = self
        while node.previous is not None:
            node = node._jump
        return node.index

    def append(self, term: int, value: str) -> Log:
        """Return the log with one more entry."""
        return self.extended((ENTRY, term, value))

    def extended(self, entry: Function) -> Log:
        """Return the log with one more entry, given as the record of the spec."""
        child = self._child
        if child is not None and child.entry == entry:
            return child
        if child is None:
            self._child = made = self._made(entry)
            return made
        if self._others is None:
            self._others = {}
        if entry not in self._others:
            self._others[entry] = self._made(entry)
        return self._others[entry]

    def _made(self, entry: Function) -> Log:
        term = entry[1]
        assert isinstance(term, int)
        return Log(self, self.index + 1, term, entry)

    def with_entries(self, entries: Iterable[Any]) -> Log:
        """Return the log with more entries."""
        node = self
        for entry in entries:
            node = node.extended(entry)
        return node

    def at(self, index: int) -> Log:
        """Return the log up to an index. Raises `IndexError` for what it lacks, or nobody knows."""
        node = self
        while node.index > index:
            if node.previous is None and node.terms is not None:
                return node.terms.at(index)
            # Where a log begins, there is nothing to jump to but itself.
            jumps = node._jump.index >= index and node._jump is not node
            node = node._jump if jumps else _known(node.previous, index)
        if node.index != index:
            raise IndexError(index)
        return node

    def entries(self, after: int) -> list[Function]:
        """Return the entries behind an index, as records of the spec; forgotten ones by terms."""
        found: list[Function] = []
        node = self
        while node.index > after:
            if node.entry is None and node.terms is not None:
                found += reversed(node.terms.entries(after, node.index))
                break
            if node.entry is None:
                raise IndexError(after)
            found.append(node.entry)
            node = _known(node.previous, after)
        found.reverse()
        return found

    def values(self) -> list[Any]:
        """Return the values that are known, up to the last entry."""
        parts: list[list[Any]] = []
        node = self
        while node.entry is not None:
            node, part = node._last_values()
            parts.append(part)
        return [value for part in reversed(parts) for value in part]

    def _last_values(self) -> tuple[Log, list[Any]]:
        # Kept for every CHUNK-th entry, since the same ones are asked for with each snapshot.
        if self._chunk is not None:
            return self._chunk
        node, values = self, list[Any]()
        while node.entry is not None and node.previous is not None:
            values.append(node.entry[2])
            node = node.previous
            if node.index % CHUNK == 0:
                break
        values.reverse()
        if self.index % CHUNK == 0:
            self._chunk = node, values
        return node, values

    @property
    def forgotten(self) -> int:
        """The index up to which entries were known, and are no more; 0 if there are none."""
        first = self.first
        return first if first and self.at(first).terms is not None else 0

    def continued(self, index: int, entries: Sequence[Any]) -> Log:
        """Return the log up to an index, with entries behind it, some of which may be forgotten."""
        gone = self.forgotten - index
        if gone > 0 and [*entries[:gone]] == self.at(index + gone).entries(index):
            return self.at(index + gone).with_entries(entries[gone:])
        return self.at(index).with_entries(entries)

    def followers(self) -> list[Log]:
        """Return it, and all logs that were made of it."""
        found = [self]
        for node in found:
            if node._child is not None:
                found += (node._child, *(node._others or {}).values())
        return found

    def begins(self, terms: Terms | None) -> None:
        """Forget what is before its end: all that were made of it begin there.

        `terms` are those of the entries up to there; None where they are not asked for.
        """
        for each in self.followers():
            if each._jump.index < self.index:
                each._jump = self
            if each._chunk is not None and each._chunk[0].index < self.index:
                each._chunk = None
        self.previous, self.entry, self._jump, self.terms = None, None, self, terms

    def stands_alone(self, terms: Terms | None, *, keeps_entry: bool = False) -> None:
        """Have nothing in common with others any more, but perhaps its entry and what is before."""
        self._child = self._others = self._chunk = None
        if keeps_entry and self.previous is not None:
            self._jump = self.previous
        else:
            self.begins(terms)

    def __repr__(self) -> str:
        return f"a log up to {self.index}:t{self.term}"


def common(first: Log, *others: Log) -> int | None:
    """Return the last index up to which logs are one; None where nobody knows."""
    index = min([first.index, *(each.index for each in others)])
    try:
        nodes = {first.at(index), *(each.at(index) for each in others)}
    except IndexError:
        return None
    while len(nodes) > 1:
        jumps = {each._jump for each in nodes}
        if jumps != nodes and len(jumps) > 1 and len({each.index for each in jumps}) == 1:
            # They are still apart there.
            nodes = jumps
            continue
        before = {each.previous for each in nodes}
        nodes = {each for each in before if each is not None}
        if len(nodes) < len(before):
            return None
    (node,) = nodes
    return node.index


def _known(log: Log | None, index: int) -> Log:
    if log is None:
        raise IndexError(index)
    return log


def _digest(before: bytes | None, entry: Function | None) -> bytes | None:
    if before is None or entry is None or entry[2] == UNLOGGED:
        return None
    held: Any = entry[2]
    value = held if type(held) is str else text(held)
    return hashlib.sha256(before + f"{entry[1]}:{value}".encode()).digest()


class Logs:
    """Where logs begin: nowhere, or behind entries that nobody knows."""

    def __init__(self) -> None:
        self.empty = Log(None, 0, 0, None)
        self._unknown = {(0, 0): self.empty}

    def unknown(self, index: int, term: int, configuration: Function | None = None) -> Log:
        """Return a log of which is known only where it ends, and the configuration as of there.

        All such logs that end alike are one, as LogMatching says of real ones.
        """
        if (index, term) not in self._unknown:
            self._unknown[index, term] = Log(None, index, term, None)
        log = self._unknown[index, term]
        if configuration is not None and index and log.beginning is None:
            log.beginning, log.changed = configuration, log
        return log

    def forget(self, log: Log, *others: Log) -> None:
        """Let a log begin where it ends, and others: of what is before nobody asks for the values.

        What was made of them is as it was; what else there is up to there stands for itself, and
        has no more in common with anything. Each configuration is kept, with where it stands, and
        of the log the terms.
        """
        beginnings = (log, *others)
        kept = {id(each) for one in beginnings for each in one.followers()}
        changes = {id(each) for one in beginnings for each in one.changes(0, one.index)}
        roots = [root for root in self._unknown.values() if root.index < log.index]
        gone = [each for root in roots for each in root.followers() if id(each) not in kept]
        path = _path(log)
        terms = path[0].terms or Terms(path[0])
        terms.extend(path[1:])
        on_path = {id(each) for each in path}
        for each in gone:
            its_terms = terms if each.index and id(each) in on_path else None
            each.stands_alone(its_terms, keeps_entry=id(each) in changes)
        log.begins(terms)
        for other in others:
            other.begins(None)
        left = {where: root for where, root in self._unknown.items() if root.index >= log.index}
        self._unknown = {(0, 0): self.empty, **left, (log.index, log.term): log}


def _path(log: Log) -> list[Log]:
    """Return the logs that one was made of, from where it begins, and itself."""
    found = [log]
    while (before := found[-1].previous) is not None:
        found.append(before)
    return found[::-1]


class Terms:
    """Of entries that are forgotten the terms: in a log there are few.

    Argument: the log behind which they begin.
    """

    _KEPT = 1_000

    def __init__(self, begins: Log) -> None:
        self._indices, self._terms = [begins.index], [begins.term]
        self._made: dict[int, Log] = {}

    def extend(self, logs: Iterable[Log]) -> None:
        """Add the last entry of each log to come."""
        for each in logs:
            if each.term != self._terms[-1]:
                self._indices.append(each.index)
                self._terms.append(each.term)

    def term_at(self, index: int) -> int:
        """Return the term of an entry. Raises `IndexError` for one before the first."""
        place = bisect_right(self._indices, index) - 1
        if place < 0:
            raise IndexError(index)
        return self._terms[place]

    def at(self, index: int) -> Log:
        """Return the log up to an index, of which no more is known."""
        if index not in self._made:
            if len(self._made) >= self._KEPT:
                self._made.clear()
            made = Log(None, index, self.term_at(index), None)
            made.terms = self if index else None
            self._made[index] = made
        return self._made[index]

    def entries(self, after: int, last: int) -> list[Function]:
        """Return entries without their values. Raises `IndexError` where not all were known."""
        self.term_at(after)
        return [(ENTRY, self.term_at(index), UNLOGGED) for index in range(after + 1, last + 1)]
