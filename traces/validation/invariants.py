"""The properties of RaftInvariants.tla along the readings of a trace.

Evaluated by the spec's evaluator, each on what it can tell apart. The rule: indices up to which all
logs are one, and committed, are counted off (`base`), and values are named in the order in which
they stand; no property can tell the difference, and so what was found once need not be asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from spec.link.properties import INVARIANTS, SOMETIMES
from spec.module import Module, load
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

    Arguments: the protocol, whose servers these are; the file of the properties. Raises `SpecError`
    if it cannot be loaded.
    """

    def __init__(self, protocol: Protocol, path: Path = INVARIANTS) -> None:
        module: Module = load(path)
        made = [
            module.predicate(each.name, protocol.constants)
            for each in module.properties()
            if not each.name.startswith(SOMETIMES) and each.name != "CommittedRecorded"
        ]
        self._protocol = protocol
        self._of_messages = [each for each in made if "messages" in each.reads]
        self._of_servers = [each for each in made if "messages" not in each.reads]
        self._known: dict[Any, tuple[str, ...]] = {}
        self._places = [protocol.domain[each] for each in protocol.servers.values()]
        self.first = Committed(protocol.logs.empty, protocol.logs.empty)
        self.checked = 0
        """How many steps were checked."""
        self._owed = 0

    def recorded(self, committed: Committed, state: ServerState) -> Committed:
        """Return the history with what a server knows to be committed, as CommittedRecorded does."""
        known = min(state.commitIndex, state.log.index)
        log, terms = committed
        if known <= log.index:
            return committed
        if known <= state.log.first:
            start = state.log.at(state.log.first)
            return Committed(start, self._protocol.logs.unknown(start.index, 0))
        for entry in state.log.at(known).entries(max(log.index, state.log.first)):
            log = log.extended(entry)
            terms = terms.append(state.currentTerm, "")
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
        base = self._base([*states, after], committed)
        if base is None:
            return recorded, ()
        widest = max(each.log.index for each in (*states, after)) - base
        self._owed += 1
        if widest > WINDOW and self._owed < widest:
            return recorded, ()
        self._owed = 0
        names = _Names()
        rows = tuple(_row(each, base, names) for each in states)
        key = (
            rows, place, _row(after, base, names), _history(committed, base, names),
            _history(recorded, base, names), is_restart,
        )  # fmt: skip
        self.checked += 1
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._evaluated(*key)
        return recorded, found

    def _base(self, states: Sequence[ServerState], committed: Committed) -> int | None:
        """Return up to where all logs are one, and committed; None where nobody knows."""
        base = min(committed.log.index, *(each.log.index for each in states))
        try:
            while True:
                node = committed.log.at(base)
                if all(each.log.at(base) is node for each in states):
                    return base
                base -= 1
                if base < 0:
                    return None
        except IndexError:
            return None

    def _evaluated(
        self,
        rows: tuple[Row, ...],
        place: int,
        row: Row,
        committed: Any,
        recorded: Any,
        restart: bool,
    ) -> tuple[str, ...]:
        after = (*rows[:place], row, *rows[place + 1 :])
        values = self._values(rows, committed, 0)
        primed = self._values(after, recorded, int(restart))
        return tuple(
            each.name
            for each in self._of_servers
            if not (each.holds(values, primed) if each.is_step else each.holds(primed))
        )

    def _values(self, rows: tuple[Row, ...], committed: Any, restarts: int) -> dict[str, Value]:
        shown = zip(_VARIABLES, zip(*rows, strict=True), strict=True)
        servers = self._protocol.servers.values()
        values: dict[str, Value] = {
            name: function(dict(zip(servers, each, strict=True))) for name, each in shown
        }
        values["committed"] = committed
        values["restarts"] = restarts
        return values

    def broken_by(self, message: Message) -> tuple[str, ...]:
        """Return the properties that a message breaks."""
        shown = {"messages": frozenset({_without_data(message)})}
        return tuple(each.name for each in self._of_messages if not each.holds(shown))


_VARIABLES = (
    "currentTerm", "votedFor", "role", "commitIndex", "votesGranted", "nextIndex", "matchIndex",
    "snapshot", "log",
)  # fmt: skip
_COMMITTED = domain_of(frozenset({"committedIn", "term", "value"}))


class _Names(dict[Any, str]):
    """Names for values, in the order in which they come."""

    def __missing__(self, value: Any) -> str:
        name = self[value] = f"value {len(self) + 1}"
        return name


def _row(state: ServerState, base: int, names: _Names) -> Row:
    log, compacted = state.log, max(state.compacted, base)
    entries = [(each[0], each[1], names[each[2]]) for each in log.entries(compacted)]
    data: Function = sequence(())
    if compacted > base:
        data = sequence(names[each[2]] for each in log.at(compacted).entries(base))
    return (
        state.currentTerm,
        state.votedFor,
        state.role,
        max(state.commitIndex - base, 0),
        state.votesGranted,
        _shifted(state.nextIndex, base, 1),
        _shifted(state.matchIndex, base, 0),
        (SNAPSHOT, data, compacted - base, log.at(compacted).term),
        sequence(entries),
    )


def _shifted(numbers: Function, base: int, least: int) -> Function:
    domain, *results = numbers
    return (domain, *[max(each - base, least) for each in results])  # type: ignore[operator]


def _history(committed: Committed, base: int, names: _Names) -> Function:
    terms = committed.terms.entries(base) if committed.terms.index > base else []
    return sequence(
        (_COMMITTED, when[1], entry[1], names[entry[2]])
        for when, entry in zip(terms, committed.log.entries(base), strict=True)
    )


def _without_data(message: Message) -> Message:
    place = domain_in(message).get("snapshot")
    if place is None:
        return message
    snapshot: Any = message[place]
    return (*message[:place], (snapshot[0], sequence(()), *snapshot[2:]), *message[place + 1 :])
