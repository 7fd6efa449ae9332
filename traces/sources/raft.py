"""States and messages of a trace of Raft, as those of the reference node.

Whatever lacks what its name promises raises `KeyError`, `TypeError` or `ValueError`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args

from raft_ref import State
from raft_ref.features import ExtendedState, FeatureMessage, ForcedRequestVoteRequest
from raft_ref.messages import Entry, Message, Snapshot
from raft_ref.spec.link.variables import camel_case
from raft_ref.state import NO_SNAPSHOT, Role
from raft_ref.traces.format.features import MARK

_TYPES: Mapping[str, Any] = {
    each.__name__: each for each in (*get_args(Message), *get_args(FeatureMessage))
}


def state_of(
    name: str, variables: Mapping[str, Any], features: Collection[str] = ()
) -> State | ExtendedState:
    """Return the state of a server, from its variables as a trace has them (no snapshot: none).

    With any of the `features` on it has their variables, too.
    """
    kind = ExtendedState if features else State
    given: dict[str, Any] = {"snapshot": NO_SNAPSHOT}
    for each in fields(kind):
        if each.name != "me" and (each.name != "snapshot" or "snapshot" in variables):
            given[each.name] = _held(each.name, each.default, variables[camel_case(each.name)])
    return kind(name, **given)


def _held(name: str, default: Any, shown: Any) -> Any:
    """Return what a server holds in a variable; it is of the kind of what it holds at first."""
    match name, default:
        case "snapshot", _:
            return _snapshot(shown)
        case "log", _:
            return _entries(shown)
        case _, Role():
            return Role(shown)
        case _, frozenset():
            return frozenset(shown)
        case _, bool():
            return bool(shown)
        case _, tuple():
            return tuple(map(int, shown))
        case _, int():
            return int(shown)
    return shown


def message_of(message: Mapping[str, Any]) -> Any:
    """Return a message of Raft or of a feature, from its fields as a trace has them."""
    if MARK in message:
        rest = {name: value for name, value in message.items() if name not in (MARK, "type")}
        kind = ForcedRequestVoteRequest if message[MARK] else _TYPES[message["type"]]
        return kind(**{_snake_case(name): value for name, value in rest.items()})
    fields = {_snake_case(name): value for name, value in message.items() if name != "type"}
    if "entries" in fields:
        fields["entries"] = _entries(fields["entries"])
    if "snapshot" in fields:
        fields["snapshot"] = _snapshot(fields["snapshot"])
    return _TYPES[message["type"]](**fields)


def _snapshot(shown: Mapping[str, Any]) -> Snapshot:
    last = int(shown["lastIncludedIndex"]), int(shown["lastIncludedTerm"])
    return Snapshot(*last, tuple(map(str, shown["data"])))


def _entries(shown: Sequence[Mapping[str, Any]]) -> tuple[Entry, ...]:
    return tuple(Entry(int(each["term"]), str(each["value"])) for each in shown)


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
