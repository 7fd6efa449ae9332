"""The properties of RaftInvariants.tla along the readings of a trace.

Evaluated by the spec's evaluator, for the servers that a step can have changed something for. The
rule: indices up to which the logs at hand are one are counted off (`base`), values are named in the
order in which they stand, terms numbered in their own order, and where logs are read, whose they
are is left out; no property can tell the difference, and so what was found once need not be asked
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from raft_ref.spec.code.predicate import ByElement, Predicate
from raft_ref.spec.files import INVARIANTS
from raft_ref.spec.link.properties import SOMETIMES
from raft_ref.spec.link.refinement import UNREADABLE
from raft_ref.spec.link.shared import shared
from raft_ref.spec.module import Module
from raft_ref.spec.values.value import Function, Value, domain_in, domain_of, function, sequence
from raft_ref.traces.validation.rules.logs import Log, common
from raft_ref.traces.validation.rules.protocol import (
    OF_A_SERVER,
    SNAPSHOT,
    Message,
    Protocol,
    ServerState,
)

WINDOW = 32
"""How many entries behind the base are looked at after each step; more of them, less often."""
KNOWN = 100_000
"""How many answers are kept: of a long trace that is nearly all that is ever asked."""


class Committed(NamedTuple):
    """The history `committed`: the longest log ever committed, and when each entry was."""

    log: Log
    terms: Log
    """As an entry's term, the term in which it was committed."""


Row = tuple[Any, ...]
"""A server's variables, with indices counted from the base and values by the order they come in."""


class Invariants:
    """Checks the properties of steps and states.

    Each is a formula over one server or two; after a step of one server, only what it says of that
    server can have changed. Arguments: the protocol, whose servers these are; the file of the
    properties. Raises `SpecError` if it cannot be loaded, `ValueError` for a property that is not
    of that form.
    """

    def __init__(self, protocol: Protocol, path: Path = INVARIANTS) -> None:
        module: Module = shared(path)
        names = [each.name for each in module.properties()]
        checked = [
            name for name in names if not name.startswith(SOMETIMES) and name not in _NOT_OF_TRACES
        ]
        made = module.parts(checked, protocol.constants)
        self._protocol = protocol
        self._servers = tuple(protocol.servers.values())
        self._of_messages = [each for each in made if "messages" in each.reads]
        of_one, of_two = self._by_servers(made)
        formulas = [_Formula(*each) for each in of_one]
        self._with_logs = [each for each in formulas if _OF_HISTORY & {*each.predicate.reads}]
        self._without_logs = [each for each in formulas if each not in self._with_logs]
        for each in self._with_logs:
            if not {*each.predicate.reads} <= _BESIDE_LOGS | _OF_HISTORY:
                reason = f"{each.predicate.name} reads logs, and what names servers"
                raise ValueError(f"{path}: {reason}")
        self._read_with_logs = {n for each in self._with_logs for n in each.predicate.reads}
        self._numbers: dict[Any, int] = {}
        self._of_terms = [each for each in of_two if {*each[0].reads} <= _OF_TERMS]
        self._of_logs = [each for each in of_two if {*each[0].reads} <= _OF_LOGS]
        if len(self._of_terms) + len(self._of_logs) != len(of_two):
            raise ValueError(f"{path}: a formula of two servers reads roles and terms, or logs")
        self._known: dict[Any, tuple[str, ...]] = {}
        self._kept = 0
        self._around = dict.fromkeys(self._servers, UNREADABLE)
        self.first = Committed(protocol.logs.empty, protocol.logs.empty)
        self.checked = 0
        """How many steps were checked."""
        self._owed = 0

    @staticmethod
    def _by_servers(
        made: list[Predicate],
    ) -> tuple[list[tuple[Predicate, ByElement]], list[tuple[Predicate, ByElement]]]:
        of_one: list[tuple[Predicate, ByElement]] = []
        of_two: list[tuple[Predicate, ByElement]] = []
        for predicate in made:
            if "messages" in predicate.reads:
                continue
            by_server = predicate.by_element("Server", frozenset(OF_A_SERVER))
            if by_server is None or by_server.elements > 2:
                raise ValueError(f"{predicate.name} is not a formula of one or two servers")
            (of_one if by_server.elements == 1 else of_two).append((predicate, by_server))
        return of_one, of_two

    def recorded(self, committed: Committed, state: ServerState) -> Committed:
        """Return the history with what a server knows to be committed (CommittedRecorded)."""
        known = min(state.commit_index, state.log.index)
        log, terms = committed
        if known <= log.index or known < state.log.first:  # or nobody knows those entries
            return committed
        if log.index < state.log.first:
            start = state.log.at(state.log.first)
            log, terms = start, self._protocol.logs.unknown(start.index, 0)
        for entry in state.log.at(known).entries(log.index):
            log = log.extended(entry)
            terms = terms.append(state.current_term, "")
        return Committed(log, terms)

    def broken(
        self,
        states: Sequence[ServerState],
        place: int,
        after: ServerState,
        committed: Committed,
        *,
        is_restart: bool,
    ) -> tuple[Committed, tuple[str, ...]]:
        """Return the history after a step, and the properties that the step or its state breaks.

        Arguments: the states before; whose step it is, and its state after; the history before;
        whether it is a restart.
        """
        recorded = self.recorded(committed, after)
        before = states[place]
        if self._kept + len(self._known) + len(self._numbers) > KNOWN:
            self._forget()
        if recorded is committed and after == before and not is_restart:
            # Nothing that a property speaks of has changed since it was looked at.
            self.checked += 1
            return recorded, ()
        broken = self._of_server_alone(place, before, after, is_restart)
        if recorded is not committed or self._is_of_logs(before, after):
            broken += self._of_server(before, after, committed, recorded, is_restart)
        self.checked += 1
        others = [each for each in range(len(states)) if each != place]
        if recorded is not committed:
            for each in others:
                same = states[each]
                broken += self._of_server(same, same, committed, recorded, False)
        of_terms = after.role != before.role or after.current_term != before.current_term
        of_logs = after.log is not before.log or after.compacted != before.compacted
        for each in others:
            if of_terms:
                broken += self._of_pair_of_terms(place, after, each, states[each])
            if of_logs:
                broken += self._of_pair(after, states[each])
        return recorded, broken

    def _forget(self) -> None:
        """Forget what was found; the numbers of values stand in what is forgotten."""
        for each in (*self._with_logs, *self._without_logs):
            each.held.clear()
        self._known.clear()
        self._numbers.clear()
        self._kept = 0

    def broken_alone(self, place: int, state: ServerState, committed: Committed) -> tuple[str, ...]:
        """Return the properties that a server in this state breaks, whatever the others are."""
        return self._of_server_alone(place, state, state, False) + self._of_server(
            state, state, committed, committed, False
        )

    def _is_of_logs(self, before: ServerState, after: ServerState) -> bool:
        """Say whether something changes that is read with a log, or the log itself."""
        return (
            after.log is not before.log
            or after.compacted != before.compacted
            or any(
                name in self._read_with_logs and old is not new and old != new
                for name, old, new in zip(
                    OF_A_SERVER[:7], _first(before), _first(after), strict=True
                )
            )
        )

    def _of_server(
        self,
        before: ServerState,
        after: ServerState,
        committed: Committed,
        recorded: Committed,
        is_restart: bool,
    ) -> tuple[str, ...]:
        base = common(after.log, before.log, recorded.log, committed.log)
        if base is None or self._is_put_off(after.log.index - base):
            return ()
        new = _Window(base, after)
        old = new if after.log is before.log and new.behind(before) else _Window(base, before)
        known = recorded.log.entries(base), recorded.terms.entries(base)
        earlier = known
        if recorded is not committed:
            earlier = committed.log.entries(base), committed.terms.entries(base)
        names = _Names(
            (before.current_term, after.current_term, new.base_term),
            (new.entries, old.entries, *known, *earlier),
        )
        new_row, new_key = self._row(after, base, new, names)
        old_row, old_key = new_row, new_key
        if after is not before:
            old_row, old_key = self._row(before, base, old, names)
        recorded_value = _history(*known, names)
        committed_value = recorded_value if earlier is known else _history(*earlier, names)
        change = _Change(0, old_row, new_row, committed_value, recorded_value, int(is_restart))
        key = (
            0, self._number(committed_value), self._number(recorded_value), int(is_restart),
            *old_key, *new_key,
        )  # fmt: skip
        return self._broken_by_one(self._with_logs, key, change)

    def _number(self, value: Any) -> int:
        """Return a number for a value, since a long one is hashed anew whenever it is asked for."""
        return self._numbers.setdefault(value, len(self._numbers))

    def _row(
        self, state: ServerState, base: int, window: _Window, names: _Names
    ) -> tuple[Row, Row]:
        """Return a server's variables as far as they are read with a log, and a key for them."""
        term, commit = names.terms[state.current_term], max(state.commit_index - base, 0)
        snapshot, log = window.snapshot(names), window.log(names)
        beside = (term, None, state.role, commit, None, None, None)
        return (*beside, snapshot, log), (*beside, self._number(snapshot), self._number(log))

    def _of_server_alone(
        self, place: int, before: ServerState, after: ServerState, is_restart: bool
    ) -> tuple[str, ...]:
        """Return the properties of a step that are broken, of those that read no log."""
        term = 1 + (before.current_term > after.current_term)
        new_term = 1 + (after.current_term > before.current_term)
        old, new = _closer(before, after)
        old_row, new_row = (term, *old, None, None), (new_term, *new, None, None)
        change = _Change(place, old_row, new_row, _NO_HISTORY, _NO_HISTORY, int(is_restart))
        key = (place, 0, 0, int(is_restart), *old_row, *new_row)
        return self._broken_by_one(self._without_logs, key, change)

    def _broken_by_one(
        self, formulas: list[_Formula], key: tuple[Any, ...], change: _Change
    ) -> tuple[str, ...]:
        """Return which formulas are broken; what one reads was perhaps seen before."""
        whole = len(formulas), key
        found = self._known.get(whole)
        if found is not None:
            return found
        broken: tuple[str, ...] = ()
        for formula in formulas:
            read = formula.read(key)
            holds = formula.held.get(read)
            if holds is None:
                self._kept += 1
                place, columns = change.place, formula.columns
                holds = formula.held[read] = self._holds(
                    formula.predicate,
                    formula.by_server,
                    (place,),
                    self._values({place: change.before}, columns, change.committed, 0),
                    self._values({place: change.after}, columns, change.recorded, change.restarts),
                )
            if not holds:
                broken += (formula.predicate.name,)
        self._known[whole] = broken
        return broken

    def _of_pair_of_terms(
        self, place: int, state: ServerState, other: int, theirs: ServerState
    ) -> tuple[str, ...]:
        """Return the properties of two servers that are broken, of those that read no log."""
        higher = (state.current_term > theirs.current_term) - (
            state.current_term < theirs.current_term
        )
        key = (place, other, state.role, theirs.role, higher)
        found = self._known.get(key)
        if found is None:
            rows = {
                each: (term, None, role, None, None, None, None, None, None)
                for each, term, role in ((place, 1 + higher, state.role), (other, 1, theirs.role))
            }
            found = self._known[key] = self._broken_by_two(self._of_terms, rows, place, other)
        return found

    def _broken_by_two(
        self,
        predicates: list[tuple[Predicate, ByElement]],
        rows: dict[int, Row],
        place: int,
        other: int,
    ) -> tuple[str, ...]:
        values = self._values(rows, range(len(OF_A_SERVER)), _NO_HISTORY, 0)
        return tuple(
            predicate.name
            for predicate, by_server in predicates
            for pair in ((place, other), (other, place))
            if not self._holds(predicate, by_server, pair, values, values)
        )

    def _of_pair(self, state: ServerState, theirs: ServerState) -> tuple[str, ...]:
        """Return the properties of two servers that are broken, of those that read logs."""
        base = common(state.log, theirs.log)
        least = min(state.log.index, theirs.log.index)
        if base is None or self._is_put_off(least - base):
            return ()
        one, other = _Window(base, state), _Window(base, theirs)
        names = _Names((one.base_term,), (one.entries, other.entries))
        logs = [(each.snapshot(names), each.log(names)) for each in (one, other)]
        key = (*logs[0], *logs[1])
        found = self._known.get(key)
        if found is None:
            rows: dict[int, Row] = {
                each: (None, None, None, None, None, None, None, *logs[each]) for each in (0, 1)
            }
            found = self._known[key] = self._broken_by_two(self._of_logs, rows, 0, 1)
        return found

    def _holds(
        self,
        predicate: Predicate,
        by_server: ByElement,
        places: tuple[int, ...],
        values: dict[str, Value],
        primed: dict[str, Value],
    ) -> bool:
        servers = tuple(self._servers[each] for each in places)
        if predicate.is_step:
            return by_server.holds(servers, values, primed)
        return by_server.holds(servers, primed)

    def _is_put_off(self, width: int) -> bool:
        """Say whether to look another time, since many entries would have to be looked at."""
        if width <= WINDOW:
            return False
        self._owed += 1
        if self._owed < width:
            return True
        self._owed = 0
        return False

    def _values(
        self, rows: dict[int, Row], columns: Iterable[int], committed: Value, restarts: int
    ) -> dict[str, Value]:
        values: dict[str, Value] = {"committed": committed, "restarts": restarts}
        for column in columns:
            slots: dict[Value, Any] = dict(self._around)
            for place, row in rows.items():
                slots[self._servers[place]] = row[column]
            values[OF_A_SERVER[column]] = function(slots)
        return values

    def broken_by(self, message: Message) -> tuple[str, ...]:
        """Return the properties that a message breaks; none where only a feature knows it."""
        of_raft = self._protocol.of_raft(message)
        if of_raft is None:
            return ()
        closer = _closer_message(of_raft)
        found = self._known.get(closer)
        if found is None:
            shown = {"messages": frozenset({closer})}
            found = tuple(each.name for each in self._of_messages if not each.holds(shown))
            self._known[closer] = found
        return found


_NOT_OF_TRACES = frozenset({"CommittedRecorded", "MatchIndexMonotonic"})
"""What defines the history, and what a leader may do without harm (ForgetMatch)."""
_OF_HISTORY = frozenset({"log", "snapshot", "committed"})
_BESIDE_LOGS = frozenset({"currentTerm", "role", "commitIndex"})
_OF_LOGS, _OF_TERMS = frozenset({"log", "snapshot"}), frozenset({"currentTerm", "role"})
_COMMITTED = domain_of(frozenset({"committedIn", "term", "value"}))
_NO_HISTORY: Function = sequence(())


class _Change(NamedTuple):
    """A step of one server as its formulas see it: rows and histories before and after it."""

    place: int
    before: Row
    after: Row
    committed: Function
    recorded: Function
    restarts: int
    """How many restarts there were, if there was none before it."""


class _Formula:
    """A formula of one server, which columns of a row it reads, and where it is known to hold.

    `read` takes what it reads out of (place, committed, recorded, restarts, *before, *after).
    """

    def __init__(self, predicate: Predicate, by_server: ByElement) -> None:
        self.predicate, self.by_server = predicate, by_server
        reads = {*predicate.reads}
        self.columns = tuple(n for n, name in enumerate(OF_A_SERVER) if name in reads)
        self.held: dict[Any, bool] = {}
        old, new = 4, 4 + len(OF_A_SERVER)
        read = [0, *(new + each for each in self.columns)]
        if "committed" in reads:
            read.append(2)
        if predicate.is_step:
            read += [3, *(old + each for each in self.columns)]
            if "committed" in reads:
                read.append(1)
        self.read: Callable[[tuple[Any, ...]], Any] = itemgetter(*read)


class _Names(dict[Any, str]):
    """Names for values, in the order in which they come, and for terms, in their own order.

    Arguments: the terms beside entries; entries, whose terms count, too.
    """

    def __init__(self, terms: Iterable[Any], windows: Iterable[list[Function]]) -> None:
        super().__init__()
        found: set[Any] = {0, *terms}
        for entries in windows:
            for entry in entries:
                found.add(entry[1])
        self.terms = {term: rank for rank, term in enumerate(sorted(found))}

    def __missing__(self, value: Any) -> str:
        name = self[value] = f"value {len(self) + 1}"
        return name


class _Window:
    """What a server's log holds behind an index: compacted, or as entries."""

    def __init__(self, base: int, state: ServerState) -> None:
        self.entries: list[Any] = state.log.entries(base)
        self.base_term = state.log.at(base).term
        self._compacted = max(state.compacted - base, 0)
        self._base = base

    def behind(self, state: ServerState) -> bool:
        """Say whether another server that has the same log shows the same of it."""
        return max(state.compacted - self._base, 0) == self._compacted

    def snapshot(self, names: _Names) -> Function:
        """Return the snapshot, without what is before that index."""
        index, term, data = self._compacted, self.base_term, _NO_HISTORY
        if index:
            term = self.entries[index - 1][1]
            data = sequence([names[value] for _, _, value in self.entries[:index]])
        return (SNAPSHOT, data, index, names.terms[term])

    def log(self, names: _Names) -> Function:
        """Return the entries that are not compacted."""
        terms = names.terms
        kept = self.entries[self._compacted :] if self._compacted else self.entries
        return sequence([(domain, terms[term], names[value]) for domain, term, value in kept])


def _first(state: ServerState) -> tuple[Any, ...]:
    """Return what is no log, in the order of `OF_A_SERVER`."""
    return (
        state.current_term, state.voted_for, state.role, state.commit_index, state.votes_granted,
        state.next_index, state.match_index,
    )  # fmt: skip


def _closer(before: ServerState, after: ServerState) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return all but terms and logs, in the order of `OF_A_SERVER`, with indices closer together.

    What lies two or more apart still does: no property adds more than one to an index.
    """
    numbers: set[Any] = {before.commit_index, after.commit_index}
    for state in (before, after):
        numbers.update(state.next_index[1:], state.match_index[1:])
    closer: dict[Any, int] = _closer_together(numbers)
    old, now = (
        (
            state.voted_for, state.role, closer[state.commit_index], state.votes_granted,
            (state.next_index[0], *[closer[each] for each in state.next_index[1:]]),
            (state.match_index[0], *[closer[each] for each in state.match_index[1:]]),
        )
        for state in (before, after)
    )  # fmt: skip
    return old, now


def _history(entries: list[Any], when: list[Any], names: _Names) -> Function:
    terms = names.terms
    return sequence([
        (_COMMITTED, terms[committed_in], terms[term], names[value])
        for (_, committed_in, _), (_, term, value) in zip(when, entries, strict=True)
    ])  # fmt: skip


def _closer_together(numbers: Iterable[int]) -> dict[int, int]:
    closer, last, new = {}, 0, 0
    for number in sorted(numbers):
        new += min(number - last, 2)
        closer[number] = new
        last = number
    return closer


def _closer_message(message: Message) -> Message:
    """Return a message with terms and indices closer together, and without values and data."""
    numbers = {each for each in message if type(each) is int}
    place = domain_in(message).get("entries")
    entries: Any = message[place] if place else _NO_HISTORY
    numbers.update(entry[1] for entry in entries[1:])
    held = domain_in(message).get("snapshot")
    snapshot: Any = message[held] if held else None
    if snapshot:
        numbers.update(snapshot[2:])
    closer = _closer_together(numbers)
    made: list[Any] = [closer[each] if type(each) is int else each for each in message]
    if place:
        made[place] = (entries[0], *[(e[0], closer[e[1]], "a value") for e in entries[1:]])
    if held:
        made[held] = (snapshot[0], _NO_HISTORY, *[closer[each] for each in snapshot[2:]])
    return tuple(made)
