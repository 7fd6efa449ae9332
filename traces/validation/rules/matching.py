"""Whether a state or a message of the spec is what was logged of it.

The rule: what was logged is JSON as traces/FORMAT.md has it, checked where a line is read; what is
not logged agrees with everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from raft_ref.spec.link import camel_case
from raft_ref.spec.values.value import (
    FALSE,
    TRUE,
    Boolean,
    Function,
    ModelValue,
    domain_in,
    function,
    items_of,
    record,
    results_of,
)
from raft_ref.traces.format.features import MARK
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.rules import configurations
from raft_ref.traces.validation.rules.logs import ENTRY, UNLOGGED, Log
from raft_ref.traces.validation.rules.protocol import NIL, Message, Protocol, ServerState

Differs = Callable[[ServerState, Any], bool]
"""Says whether a variable of a server is not as it was logged."""


class Matching:
    """Compares what was logged with the spec, for the servers of one trace, in their order.

    Arguments: the servers, and their places in the functions of the spec; the protocol.
    """

    def __init__(
        self, servers: Sequence[ModelValue], places: Sequence[int], protocol: Protocol
    ) -> None:
        self._protocol = protocol
        self.features = tuple(sorted(protocol.features))
        """The features that are on."""
        self._of_features = {
            name: place for place, name in enumerate(protocol.beside) if name not in protocol.untold
        }
        self._named = {server.name: place for server, place in zip(servers, places, strict=True)}
        self._places = tuple(places)
        self._names = tuple(self._named)
        self._differing: Mapping[str, Differs] = {
            "currentTerm": lambda state, logged: bool(state.current_term != logged),
            "votedFor": lambda state, logged: bool(logged != _name_of(state.voted_for)),
            "snapshot": lambda state, logged: _snapshot_differs(state.compacted, state.log, logged),
            "log": lambda state, logged: _log_differs(state.log, state.compacted, logged),
            "role": lambda state, logged: bool(state.role != logged),
            "commitIndex": lambda state, logged: bool(state.commit_index != logged),
            "votesGranted": lambda state, logged: (
                {each.name for each in state.votes_granted} != set(logged)
            ),
            "nextIndex": lambda state, logged: self._numbers_differ(state.next_index, logged),
            "matchIndex": lambda state, logged: self._numbers_differ(state.match_index, logged),
            "configuration": lambda state, logged: (
                not configurations.agrees(protocol.configuration(state), logged)
            ),
            **{name: self._held_differs(place) for name, place in self._of_features.items()},
        }

    def agrees(self, state: ServerState, logged: JsonObject) -> bool:
        """Say whether a state is as it was logged."""
        return not any(self._differing[name](state, value) for name, value in logged.items())

    def differing(self, state: ServerState, logged: JsonObject) -> list[str]:
        """Return the variables that are not as they were logged."""
        return [name for name, value in logged.items() if self.differs(state, name, value)]

    def differs(self, state: ServerState, name: str, logged: Any) -> bool:
        """Say whether a variable is not as it was logged."""
        return self._differing[name](state, logged)

    def _held_differs(self, place: int) -> Differs:
        """Return the comparison of a feature's variable."""

        def differs(state: ServerState, logged: Any) -> bool:
            held = _held_to_json(state.features[place])
            return bool(held != (_in_order(logged) if isinstance(logged, list) else logged))

        return differs

    def unlogged(self, old: ServerState, new: ServerState, logged: JsonObject) -> list[str]:
        """Return the variables that change without having been logged."""
        changed = [
            camel_case(name)
            for name, before, after in zip(ServerState._fields[:7], old, new, strict=False)
            if after is not before and after != before
        ]
        if new.log is not old.log or new.compacted != old.compacted:
            if new.compacted != old.compacted:
                changed.append("snapshot")
            if "log" not in logged and new.log.entries(new.compacted) != old.log.entries(
                old.compacted
            ):
                changed.append("log")
        if new.features != old.features:
            changed += [
                name
                for name, place in self._of_features.items()
                if new.features[place] != old.features[place]
            ]
        return [name for name in changed if name not in logged]

    def _numbers_differ(self, numbers: Function, logged: Any) -> bool:
        if isinstance(logged, dict):
            return any(numbers[self._named[name]] != value for name, value in logged.items())
        return any(
            numbers[place] != value for place, value in zip(self._places, logged, strict=True)
        )

    def started(self, protocol: Protocol, logged: JsonObject) -> ServerState:
        """Return the state in which a server starts: what was logged, and otherwise as in Init."""
        first = protocol.first
        log, compacted = _started_log(protocol, logged)
        logged = {**_configured(log, logged), **logged}
        vote = logged.get("votedFor")
        return first._replace(
            current_term=logged.get("currentTerm", log.term),
            voted_for=NIL if vote is None else protocol.servers[vote],
            role=logged.get("role", "Follower"),
            commit_index=logged.get("commitIndex", compacted),
            votes_granted=frozenset(
                protocol.servers[each] for each in logged.get("votesGranted", ())
            ),
            next_index=self._numbers(protocol, logged.get("nextIndex"), first.next_index),
            match_index=self._numbers(protocol, logged.get("matchIndex"), first.match_index),
            compacted=compacted,
            log=log,
            features=tuple(
                _held(protocol, logged[name]) if name in logged else held
                for name, held in zip(protocol.beside, first.features, strict=True)
            ),
        )

    def _numbers(self, protocol: Protocol, logged: Any, default: Function) -> Function:
        if logged is None:
            return default
        numbers = dict(zip(protocol.domain, results_of(default), strict=True))
        given = logged if isinstance(logged, dict) else zip(self._names, logged, strict=True)
        numbers |= {protocol.servers[name]: number for name, number in dict(given).items()}
        return function(numbers)

    def configuration(self, state: ServerState) -> dict[str, list[str]]:
        """Return the configuration that a server goes by, as a trace has it."""
        return configurations.to_json(self._protocol.configuration(state))

    def variables(self, state: ServerState) -> dict[str, Any]:
        """Return a state as a trace has it."""
        return {
            "currentTerm": state.current_term,
            "votedFor": _name_of(state.voted_for),
            "snapshot": snapshot_to_json(state.log, state.compacted),
            "log": [entry_to_json(each) for each in known_entries(state.log, state.compacted)],
            "role": state.role,
            "commitIndex": state.commit_index,
            "votesGranted": sorted(each.name for each in state.votes_granted),
            "nextIndex": [state.next_index[place] for place in self._places],
            "matchIndex": [state.match_index[place] for place in self._places],
            **{
                name: _held_to_json(state.features[place])
                for name, place in self._of_features.items()
            },
        }


def _name_of(vote: ModelValue) -> str | None:
    return None if vote is NIL else vote.name


def _held(protocol: Protocol, logged: Any) -> Any:
    """Return what was logged of a feature's variable as a value of the spec."""
    match logged:
        case None:
            return NIL
        case bool():
            return TRUE if logged else FALSE
        case list():
            return frozenset(_held(protocol, each) for each in logged)
        case dict() if "voters" in logged:
            return configurations.configuration(protocol.servers, logged)
        case dict():
            return record({key: _held(protocol, value) for key, value in logged.items()})
        case str():
            return protocol.servers[logged]
    return logged


def _held_to_json(value: Any) -> Any:
    """Return the value of a feature's variable at a server as a trace has it."""
    match value:
        case Boolean():
            return value.holds
        case frozenset():
            return _in_order([_held_to_json(each) for each in value])
        case ModelValue():
            return None if value is NIL else value.name
        case tuple():
            return {str(name): _held_to_json(each) for name, each in items_of(value)}
    return value


def _in_order(values: list[Any]) -> list[Any]:
    """Return what stands for a set in one order: servers by name, reads by server and number."""
    if values and isinstance(values[0], dict):
        return sorted(values, key=lambda each: tuple(each[name] for name in sorted(each)))
    return sorted(values)


def _started_log(protocol: Protocol, logged: JsonObject) -> tuple[Log, int]:
    """Return the log with which a server starts, and up to where it is compacted."""
    held, entries = logged.get("snapshot") or {}, logged.get("log", [])
    compacted = held.get("lastIncludedIndex", 0)
    log = _beginning(protocol, logged, compacted)
    if isinstance(entries, list):
        return log.with_entries(entry_of(protocol, each) for each in entries), compacted
    last = entries.get("lastIndex", compacted + entries.get("length", 0))
    if last < compacted:
        raise TraceError(f"a log that ends at {last}, before the snapshot at {compacted}")
    if last == compacted:
        return log, compacted
    return protocol.logs.unknown(last, entries.get("lastTerm", 0)), compacted


def _beginning(protocol: Protocol, logged: JsonObject, compacted: int) -> Log:
    """Return the log up to where it is compacted, with what is told of its configurations."""
    held = logged.get("snapshot") or {}
    term, data = held.get("lastIncludedTerm", 0), held.get("data", ())
    changes = [value for value in data if configurations.shows_configuration(value)]
    shown = held.get("configuration", changes[-1] if changes else None)
    if shown is None and logged.get("log") in ([], None, {"lastIndex": compacted}):
        shown = logged.get("configuration")
    told = None if shown is None else configurations.configuration(protocol.servers, shown)
    return protocol.logs.unknown(compacted, term, told)


def _configured(log: Log, logged: JsonObject) -> JsonObject:
    """Return what follows for a server that begins of the configuration that it is said to have.

    The last in its log that is committed, or else the one that it was started with.
    """
    known = log.changed_by(logged.get("commitIndex", log.first))
    if "configuration" not in logged and known is None:
        return {}
    if known is not None:
        return {"configurationIndex": known.index}
    return {"bootstrap": logged["configuration"]}


def value_of(protocol: Protocol, shown: Any) -> Any:
    """Return a value in a log as the spec has it."""
    if configurations.shows_configuration(shown):
        return configurations.configuration(protocol.servers, shown)
    return shown


def entry_of(protocol: Protocol, shown: JsonObject) -> Function:
    """Return an entry of a log, its term told, as the spec has it."""
    return (ENTRY, shown["term"], value_of(protocol, shown.get("value", UNLOGGED)))


def value_to_json(value: Any) -> Any:
    """Return a value in a log as a trace has it."""
    return configurations.to_json(value) if type(value) is tuple else value


def _values_agree(held: Any, shown: Any) -> bool:
    """Tell whether a value is as it was logged, if it was."""
    if configurations.shows_configuration(shown):
        return type(held) is tuple and configurations.agrees(held, shown)
    return held == shown or UNLOGGED in (held, shown)


def known_entries(log: Log, after: int) -> list[Function]:
    """Return the entries behind an index that are known."""
    return log.entries(max(after, log.first))


def snapshot_to_json(log: Log, compacted: int) -> dict[str, Any]:
    """Return a snapshot as a trace has it, with the term and the values that are known."""
    try:
        held = log.at(compacted)
    except IndexError:
        # Nobody knows what was compacted.
        return {"lastIncludedIndex": compacted, "lastIncludedTerm": 0, "data": []}
    data = [value_to_json(each[2]) for each in known_entries(held, 0)]
    return {"lastIncludedIndex": compacted, "lastIncludedTerm": held.term, "data": data}


def entry_to_json(entry: Function) -> dict[str, Any]:
    """Return an entry as a trace has it."""
    return {"term": entry[1], "value": value_to_json(entry[2])}


def _log_differs(log: Log, compacted: int, logged: Any) -> bool:
    if isinstance(logged, list):
        return log.index - compacted != len(logged) or _entries_differ(log, logged)
    for name, value in logged.items():
        known = figure(log, compacted, name)
        if value != known and known is not None:
            return True
    return False


def _entries_differ(log: Log, logged: Sequence[JsonObject]) -> bool:
    node: Log | None = log
    for entry in reversed(logged):
        if node is None or node.entry is None:
            return False
        _, term, value = node.entry
        is_same = entry.get("value") == value and entry.get("term") == term
        if not is_same and _entry_differs(node.entry, entry):
            return True
        node = node.previous
    return False


def _entry_differs(entry: Function, logged: JsonObject) -> bool:
    value = logged.get("value", UNLOGGED)
    return logged.get("term", entry[1]) != entry[1] or not _values_agree(entry[2], value)


FIGURES = ("lastIndex", "lastTerm", "length", "digest")
"""What may be logged in the place of a log."""


def figure(log: Log, compacted: int, name: str) -> Any:
    """Return one of the figures that may stand for a log; None where nobody knows."""
    match name:
        case "lastIndex":
            return log.index
        case "lastTerm":
            return log.term
        case "length":
            return log.index - compacted
        case _:
            return None if log.digest is None else log.digest.hex()


def _snapshot_differs(compacted: int, log: Log, logged: JsonObject) -> bool:
    if logged.get("lastIncludedIndex", compacted) != compacted:
        return True
    try:
        held = log.at(compacted)
    except IndexError:
        # Of the log only its end is known.
        return False
    if logged.get("lastIncludedTerm", held.term) != held.term:
        return True
    data = logged.get("data")
    return isinstance(data, list) and _values_differ(held, data)


def _values_differ(log: Log, values: Sequence[Any]) -> bool:
    # Another state machine than that of Raft.tla, which keeps every value, has other data.
    if len(values) != log.index:
        return False
    known = log.values()
    if known == values:
        return False
    pairs = zip(reversed(known), reversed(values), strict=False)
    return any(not _values_agree(have, value) for have, value in pairs)


# ---- Messages


def message_agrees(message: Message, logged: JsonObject) -> bool:
    """Say whether a message is as it was logged."""
    places = domain_in(message)
    for name, value in logged.items():
        place = places.get(name)
        held = _absent(name) if place is None else message[place]
        if held != value and (held is None or _field_differs(held, name, value)):
            return False
    return True


def _absent(field: str) -> Any:
    """Return the value of a field that a message need not have."""
    return FALSE if field == MARK else None


def unmatched(
    sent: Sequence[Message], logged: Iterable[JsonObject]
) -> tuple[list[Message], list[JsonObject]]:
    """Return the messages that were not logged, and what was logged of none of them."""
    extra, missing = list(sent), []
    for each in logged:
        same = next((message for message in extra if message_agrees(message, each)), None)
        if same is None:
            missing.append(each)
        else:
            extra.remove(same)
    return extra, missing


def _field_differs(value: Any, name: str, logged: Any) -> bool:
    if type(value) is int or type(value) is str:
        return bool(value != logged)
    if type(value) is ModelValue:
        return bool(value.name != logged)
    if type(value) is Boolean:
        return bool(value.holds != logged)
    if name == "entries":
        return _carried_differ(results_of(value), logged)
    _, data, index, term = value
    held = {"lastIncludedIndex": index, "lastIncludedTerm": term}
    if any(held.get(key, given) != given for key, given in logged.items() if key != "data"):
        return True
    values = logged.get("data")
    return isinstance(values, list) and isinstance(data, Log) and _values_differ(data, values)


def _carried_differ(entries: Sequence[Any], logged: Any) -> bool:
    count = logged if isinstance(logged, int) else len(logged)
    if len(entries) != count:
        return True
    return not isinstance(logged, int) and any(
        _entry_differs(entry, given) for entry, given in zip(entries, logged, strict=True)
    )


_HEAD = ("type", "source", "dest", "term")
"""The fields of every message, which come first."""


def message_to_json(message: Message) -> dict[str, Any]:
    """Return a message as a trace has it."""
    return dict(_fields(message))


def _fields(message: Message) -> Iterator[tuple[str, Any]]:
    for name in (*_HEAD, *(each for each in domain_in(message) if each not in _HEAD)):
        value: Any = message[domain_in(message)[name]]
        if type(value) is ModelValue:
            value = value.name
        elif type(value) is Boolean:
            value = value is TRUE
        elif name == "entries":
            value = [entry_to_json(each) for each in value[1:]]
        elif name == "snapshot":
            value = snapshot_to_json(value[1], value[2])
        yield str(name), value
