"""The properties of RaftInvariants.tla along the readings of a trace.

Evaluated by the spec's evaluator, for the servers that a step can have changed something for. The
rule: indices up to which the logs at hand are one are counted off (`base`), values are named in the
order in which they stand, and terms numbered in their own order; no property can tell the
difference, and so what was found once need not be asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from spec.link.properties import INVARIANTS, SOMETIMES
from spec.link.refinement import UNREADABLE
from spec.module import ByElement, Module, Predicate, load
from spec.values import Function, Value, domain_in, domain_of, function, sequence
from traces.validation.logs import Log
from traces.validation.protocol import SNAPSHOT, Message, Protocol, ServerState

WINDOW = 32
"""How many entries behind the base are looked at after each step; more of them, less often."""


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
        module: Module = load(path)
        names = [each.name for each in module.properties()]
        checked = [
            name for name in names if not name.startswith(SOMETIMES) and name != "CommittedRecorded"
        ]
        made = module.parts(checked, protocol.constants)
        self._protocol = protocol
        self._servers = tuple(protocol.servers.values())
        self._of_messages = [each for each in made if "messages" in each.reads]
        of_one, of_two = self._by_servers(made)
        formulas = [_Formula.of(number, *each) for number, each in enumerate(of_one)]
        self._with_logs = [each for each in formulas if _OF_HISTORY & {*each.predicate.reads}]
        self._without_logs = [each for each in formulas if each not in self._with_logs]
        self._read_with_logs = {n for each in self._with_logs for n in each.predicate.reads}
        self._held: dict[Any, bool] = {}
        self._of_terms = [each for each in of_two if {*each[0].reads} <= _OF_TERMS]
        self._of_logs = [each for each in of_two if {*each[0].reads} <= _OF_LOGS]
        if len(self._of_terms) + len(self._of_logs) != len(of_two):
            raise ValueError(f"{path}: a formula of two servers reads roles and terms, or logs")
        self._known: dict[Any, tuple[str, ...]] = {}
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
            by_server = predicate.by_element("Server", frozenset(_VARIABLES))
            if by_server is None or by_server.elements > 2:
                raise ValueError(f"{predicate.name} is not a formula of one or two servers")
            (of_one if by_server.elements == 1 else of_two).append((predicate, by_server))
        return of_one, of_two

    def recorded(self, committed: Committed, state: ServerState) -> Committed:
        """Return the history with what a server knows to be committed (CommittedRecorded)."""
        known = min(state.commit_index, state.log.index)
        log, terms = committed
        if known <= log.index:
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
        if recorded is committed and after == before and not is_restart:
            # Nothing that a property speaks of has changed since it was looked at.
            self.checked += 1
            return recorded, ()
        broken = self._of_server_alone(place, before, after, is_restart)
        if recorded is not committed or self._is_of_logs(before, after):
            broken += self._of_server(place, before, after, committed, recorded, is_restart)
        self.checked += 1
        others = [each for each in range(len(states)) if each != place]
        if recorded is not committed:
            for each in others:
                same = states[each]
                broken += self._of_server(each, same, same, committed, recorded, False)
        of_terms = after.role != before.role or after.current_term != before.current_term
        of_logs = after.log is not before.log or after.compacted != before.compacted
        for each in others:
            if of_terms:
                broken += self._of_pair_of_terms(place, after, each, states[each])
            if of_logs:
                broken += self._of_pair(place, after, each, states[each])
        return recorded, broken

    def _is_of_logs(self, before: ServerState, after: ServerState) -> bool:
        """Say whether something changes that is read with a log, or the log itself."""
        return (
            after.log is not before.log
            or after.compacted != before.compacted
            or any(
                name in self._read_with_logs and old is not new and old != new
                for name, old, new in zip(
                    _VARIABLES[:7], _first(before), _first(after), strict=True
                )
            )
        )

    def _of_server(
        self,
        place: int,
        before: ServerState,
        after: ServerState,
        committed: Committed,
        recorded: Committed,
        is_restart: bool,
    ) -> tuple[str, ...]:
        base = common(after.log, before.log, recorded.log, committed.log)
        if base is None or self._is_put_off(after.log.index - base):
            return ()
        names = _Names(base, (before, after), (committed, recorded))
        told = _Told(
            place, self._row(before, base, names), self._row(after, base, names),
            _history(committed, base, names), _history(recorded, base, names), int(is_restart),
        )  # fmt: skip
        return self._broken_by_one(self._with_logs, told)

    def _row(self, state: ServerState, base: int, names: _Names) -> Row:
        """Return a server's variables as far as they are read with a log."""
        read = self._read_with_logs
        return (
            names.terms[state.current_term],
            state.voted_for if "votedFor" in read else None,
            state.role,
            max(state.commit_index - base, 0),
            state.votes_granted if "votesGranted" in read else None,
            _shifted(state.next_index, base, 1) if "nextIndex" in read else None,
            _shifted(state.match_index, base, 0) if "matchIndex" in read else None,
            *_logs_of(state, base, names),
        )

    def _of_server_alone(
        self, place: int, before: ServerState, after: ServerState, is_restart: bool
    ) -> tuple[str, ...]:
        """Return the properties of a step that are broken, of those that read no log."""
        term = 1 + (before.current_term > after.current_term)
        new_term = 1 + (after.current_term > before.current_term)
        told = _Told(
            place, (term, *_first(before)[1:], None, None),
            (new_term, *_first(after)[1:], None, None), _NO_HISTORY, _NO_HISTORY, int(is_restart),
        )  # fmt: skip
        return self._broken_by_one(self._without_logs, told)

    def _broken_by_one(self, formulas: list[_Formula], told: _Told) -> tuple[str, ...]:
        """Return which formulas are broken; what one reads was perhaps seen before."""
        broken: tuple[str, ...] = ()
        for formula in formulas:
            key = formula.key(told)
            holds = self._held.get(key)
            if holds is None:
                place, columns = told.place, formula.columns
                holds = self._held[key] = self._holds(
                    formula.predicate,
                    formula.by_server,
                    (place,),
                    self._values({place: told.before}, columns, told.committed, 0),
                    self._values({place: told.after}, columns, told.recorded, told.restarts),
                )
            if not holds:
                broken += (formula.predicate.name,)
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
        values = self._values(rows, range(len(_VARIABLES)), _NO_HISTORY, 0)
        return tuple(
            predicate.name
            for predicate, by_server in predicates
            for pair in ((place, other), (other, place))
            if not self._holds(predicate, by_server, pair, values, values)
        )

    def _of_pair(
        self, place: int, state: ServerState, other: int, theirs: ServerState
    ) -> tuple[str, ...]:
        """Return the properties of two servers that are broken, of those that read logs."""
        base = common(state.log, theirs.log)
        least = min(state.log.index, theirs.log.index)
        if base is None or self._is_put_off(least - base):
            return ()
        names = _Names(base, (state, theirs), (), with_current=False)
        key = (place, other, _logs_of(state, base, names), _logs_of(theirs, base, names))
        found = self._known.get(key)
        if found is None:
            rows = {
                each: (None, None, None, None, None, None, None, *logs)
                for each, logs in ((place, key[2]), (other, key[3]))
            }
            found = self._known[key] = self._broken_by_two(self._of_logs, rows, place, other)
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
            values[_VARIABLES[column]] = function(slots)
        return values

    def broken_by(self, message: Message) -> tuple[str, ...]:
        """Return the properties that a message breaks."""
        found = self._known.get(message)
        if found is None:
            shown = {"messages": frozenset({_without_data(message)})}
            found = tuple(each.name for each in self._of_messages if not each.holds(shown))
            self._known[message] = found
        return found


_VARIABLES = (
    "currentTerm", "votedFor", "role", "commitIndex", "votesGranted", "nextIndex", "matchIndex",
    "snapshot", "log",
)  # fmt: skip
_OF_HISTORY = frozenset({"log", "snapshot", "committed"})
_OF_LOGS, _OF_TERMS = frozenset({"log", "snapshot"}), frozenset({"currentTerm", "role"})
_COMMITTED = domain_of(frozenset({"committedIn", "term", "value"}))
_NO_HISTORY: Function = sequence(())


class _Told(NamedTuple):
    """A step of one server as its formulas see it: rows and histories before and after it."""

    place: int
    before: Row
    after: Row
    committed: Function
    recorded: Function
    restarts: int
    """How many restarts there were, if there was none before it."""


class _Formula(NamedTuple):
    """A formula of one server, and which columns of a row it reads."""

    number: int
    predicate: Predicate
    by_server: ByElement
    columns: tuple[int, ...]
    reads_committed: bool
    reads_restarts: bool

    @classmethod
    def of(cls, number: int, predicate: Predicate, by_server: ByElement) -> _Formula:
        """Return a formula with the columns that it reads."""
        reads = {*predicate.reads}
        columns = tuple(n for n, name in enumerate(_VARIABLES) if name in reads)
        return cls(number, predicate, by_server, columns, "committed" in reads, "restarts" in reads)

    def key(self, told: _Told) -> tuple[Any, ...]:
        """Return all that it reads of a step."""
        after, before = told.after, told.before
        key: list[Any] = [self.number, told.place, *[after[each] for each in self.columns]]
        if self.reads_committed:
            key.append(told.recorded)
        if self.predicate.is_step:
            key += [before[each] for each in self.columns]
            if self.reads_committed:
                key.append(told.committed)
            if self.reads_restarts:
                key.append(told.restarts)
        return tuple(key)


class _Names(dict[Any, str]):
    """Names for values, in the order in which they come, and for terms, in their own order."""

    def __init__(
        self,
        base: int,
        states: Iterable[ServerState],
        histories: Iterable[Committed],
        *,
        with_current: bool = True,
    ) -> None:
        super().__init__()
        terms: set[Any] = {0}
        for state in states:
            if with_current:
                terms.add(state.current_term)
            terms.add(state.log.at(max(state.compacted, base)).term)
            terms.update(each[1] for each in state.log.entries(base))
        for log, when in histories:
            terms.update(each[1] for each in log.entries(base))
            terms.update(each[1] for each in when.entries(base))
        self.terms = {term: rank for rank, term in enumerate(sorted(terms))}

    def __missing__(self, value: Any) -> str:
        name = self[value] = f"value {len(self) + 1}"
        return name

    def entry(self, entry: Any) -> Function:
        """Return an entry with these names."""
        domain, term, value = entry
        return (domain, self.terms[term], self[value])


def _first(state: ServerState) -> tuple[Any, ...]:
    """Return what is no log, in the order of `_VARIABLES`."""
    return (
        state.current_term, state.voted_for, state.role, state.commit_index, state.votes_granted,
        state.next_index, state.match_index,
    )  # fmt: skip


def _logs_of(state: ServerState, base: int, names: _Names) -> tuple[Function, Function]:
    """Return the snapshot and the log of a server, as `_row` has them."""
    log, compacted = state.log, max(state.compacted, base)
    data: Function = sequence(())
    if compacted > base:
        data = sequence(names[each[2]] for each in log.at(compacted).entries(base))
    snapshot = (SNAPSHOT, data, compacted - base, names.terms[log.at(compacted).term])
    return snapshot, sequence(names.entry(each) for each in log.entries(compacted))


def common(first: Log, *others: Log) -> int | None:
    """Return the last index up to which logs are one; None where nobody knows."""
    index = min(first.index, *(each.index for each in others))
    try:
        while True:
            node = first.at(index)
            if all(each.at(index) is node for each in others):
                return index
            index -= 1
            if index < 0:
                return None
    except IndexError:
        return None


def _shifted(numbers: Any, base: int, least: int) -> Function:
    domain, *results = numbers
    return (domain, *[max(each - base, least) for each in results])


def _history(committed: Committed, base: int, names: _Names) -> Function:
    when: list[Any] = [*committed.terms.entries(base)]
    entries = [names.entry(each)[1:] for each in committed.log.entries(base)]
    return sequence(
        (_COMMITTED, names.terms[term], *entry)
        for (_, term, _), entry in zip(when, entries, strict=True)
    )


def _without_data(message: Message) -> Message:
    place = domain_in(message).get("snapshot")
    if place is None:
        return message
    snapshot: Any = message[place]
    return (*message[:place], (snapshot[0], sequence(()), *snapshot[2:]), *message[place + 1 :])
