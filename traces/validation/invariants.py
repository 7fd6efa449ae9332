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
        made = [
            module.predicate(each.name, protocol.constants)
            for each in module.properties()
            if not each.name.startswith(SOMETIMES) and each.name != "CommittedRecorded"
        ]
        self._protocol = protocol
        self._servers = tuple(protocol.servers.values())
        self._of_messages = [each for each in made if "messages" in each.reads]
        self._of_one, of_two = self._by_servers(made)
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
        broken = self._of_server(place, before, after, committed, recorded, is_restart)
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
        key = (
            place, is_restart, _row(before, base, names), _row(after, base, names),
            _history(committed, base, names), _history(recorded, base, names),
        )  # fmt: skip
        found = self._known.get(key)
        if found is None:
            values = self._values({place: key[2]}, key[4], 0)
            primed = self._values({place: key[3]}, key[5], int(is_restart))
            found = self._known[key] = tuple(
                predicate.name
                for predicate, by_server in self._of_one
                if not self._holds(predicate, by_server, (place,), values, primed)
            )
        return found

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
        values = self._values(rows, sequence(()), 0)
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

    def _values(self, rows: dict[int, Row], committed: Value, restarts: int) -> dict[str, Value]:
        values: dict[str, Value] = {"committed": committed, "restarts": restarts}
        for number, name in enumerate(_VARIABLES):
            slots: dict[Value, Any] = dict(self._around)
            for place, row in rows.items():
                slots[self._servers[place]] = row[number]
            values[name] = function(slots)
        return values

    def broken_by(self, message: Message) -> tuple[str, ...]:
        """Return the properties that a message breaks."""
        shown = {"messages": frozenset({_without_data(message)})}
        return tuple(each.name for each in self._of_messages if not each.holds(shown))


_VARIABLES = (
    "currentTerm", "votedFor", "role", "commitIndex", "votesGranted", "nextIndex", "matchIndex",
    "snapshot", "log",
)  # fmt: skip
_OF_LOGS, _OF_TERMS = frozenset({"log", "snapshot"}), frozenset({"currentTerm", "role"})
_COMMITTED = domain_of(frozenset({"committedIn", "term", "value"}))


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


def _row(state: ServerState, base: int, names: _Names) -> Row:
    snapshot, entries = _logs_of(state, base, names)
    return (
        names.terms[state.current_term],
        state.voted_for,
        state.role,
        max(state.commit_index - base, 0),
        state.votes_granted,
        _shifted(state.next_index, base, 1),
        _shifted(state.match_index, base, 0),
        snapshot,
        entries,
    )


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
