"""Whether the values of a line can be what their names say, before they are compared."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

from raft_ref.traces.format.features import MARK, known, lacking
from raft_ref.traces.format.features import MESSAGES as OF_FEATURES
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.rules.configurations import PARTS, is_sound
from raft_ref.traces.validation.rules.matching import FIGURES

Check = Callable[[Any, Collection[str]], bool]


def _number(value: Any, _: Collection[str] = ()) -> bool:
    return type(value) is int and value >= 0


def _flag(value: Any, _: Collection[str] = ()) -> bool:
    return type(value) is bool


def _server(value: Any, servers: Collection[str]) -> bool:
    return type(value) is str and value in servers


def _vote(value: Any, servers: Collection[str]) -> bool:
    return value is None or _server(value, servers)


def _role(value: Any, _: Collection[str]) -> bool:
    return value in ("Follower", "Candidate", "Leader")


def _servers(value: Any, servers: Collection[str]) -> bool:
    return type(value) is list and all(_server(each, servers) for each in value)


def _numbers(value: Any, servers: Collection[str]) -> bool:
    if type(value) is dict:
        return all(_server(key, servers) and _number(each) for key, each in value.items())
    return type(value) is list and len(value) == len(servers) and all(map(_number, value))


def _value(value: Any, servers: Collection[str]) -> bool:
    return type(value) is str or is_sound(value, servers)


def _configuration(value: Any, servers: Collection[str]) -> bool:
    return is_sound(value, servers)


def _entries_of(is_value: Check) -> Check:
    """Return the check of a list of entries, which hold such values."""

    def are_entries(value: Any, servers: Collection[str] = ()) -> bool:
        if type(value) is not list:
            return False
        for each in value:
            if type(each) is not dict:
                return False
            term = each.get("term")
            if type(term) is not int or term < 0 or not is_value(each.get("value", ""), servers):
                return False
        return True

    return are_entries


_entries = _entries_of(lambda value, _: type(value) is str)
_changing_entries = _entries_of(_value)


def _log_of(are_entries: Check) -> Check:
    return lambda value, servers: (
        are_entries(value, servers)
        if type(value) is not dict
        else all(
            name in FIGURES and (type(each) is str if name == "digest" else _number(each))
            for name, each in value.items()
        )
    )


def _carried_of(are_entries: Check) -> Check:
    return lambda value, servers: _number(value) or are_entries(value, servers)


def _snapshot(value: Any, _: Collection[str]) -> bool:
    return type(value) is dict and all(
        _number(value[name]) for name in ("lastIncludedIndex", "lastIncludedTerm") if name in value
    )


def _changed_snapshot(value: Any, servers: Collection[str]) -> bool:
    return _snapshot(value, servers) and is_sound(value.get("configuration", {}), servers)


def _index(value: Any, _: Collection[str]) -> bool:
    return value is None or _number(value)


def _reads(value: Any, servers: Collection[str]) -> bool:
    return type(value) is list and all(_fits(each, _READ, servers) for each in value)


def _promise(value: Any, servers: Collection[str]) -> bool:
    return value is None or _fits(value, _PROMISE, servers)


def _fits(value: Any, fields: Mapping[str, Check], servers: Collection[str]) -> bool:
    """Say whether a value is an object with just these fields."""
    return (
        type(value) is dict
        and {*value} == {*fields}
        and all(check(value[name], servers) for name, check in fields.items())
    )


_READ: Mapping[str, Check] = {
    "server": _server,
    "number": _number,
    "index": _number,
    "isCovered": _flag,
}
_PROMISE: Mapping[str, Check] = {"leader": _server, "term": _number, "round": _number}

VARIABLES: Mapping[str, tuple[Check, str]] = {
    "currentTerm": (_number, "a number"),
    "votedFor": (_vote, "a server or null"),
    "snapshot": (_snapshot, "an object with lastIncludedIndex and lastIncludedTerm"),
    "log": (_log_of(_entries), f"a list of entries, or an object with {', '.join(FIGURES)}"),
    "role": (_role, "Follower, Candidate or Leader"),
    "commitIndex": (_number, "a number"),
    "votesGranted": (_servers, "a list of servers"),
    "nextIndex": (_numbers, "a number for each server"),
    "matchIndex": (_numbers, "a number for each server"),
}
"""The variables of a server, and what each may be."""

_HEAD: Mapping[str, tuple[Check, str]] = {
    "source": (_server, "a server"),
    "dest": (_server, "a server"),
    "term": (_number, "a number"),
}
MESSAGES: Mapping[str, Mapping[str, tuple[Check, str]]] = {
    "RequestVoteRequest": {
        **_HEAD,
        "lastLogIndex": (_number, "a number"),
        "lastLogTerm": (_number, "a number"),
    },
    "RequestVoteResponse": {**_HEAD, "voteGranted": (_flag, "true or false")},
    "AppendEntriesRequest": {
        **_HEAD,
        "prevLogIndex": (_number, "a number"),
        "prevLogTerm": (_number, "a number"),
        "entries": (_carried_of(_entries), "a list of entries, or how many"),
        "leaderCommit": (_number, "a number"),
    },
    "AppendEntriesResponse": {
        **_HEAD,
        "success": (_flag, "true or false"),
        "matchIndex": (_number, "a number"),
    },
    "InstallSnapshotRequest": {
        **_HEAD,
        "snapshot": (_snapshot, "an object with lastIncludedIndex and lastIncludedTerm"),
    },
    "InstallSnapshotResponse": {**_HEAD, "matchIndex": (_number, "a number")},
}
"""The fields of each type of message, and what each may be."""

VARIABLES_OF_FEATURES: Mapping[str, tuple[Check, str]] = {
    "heardFromLeader": (_flag, "true or false"),
    "preVotesGranted": (_servers, "a list of servers"),
    "heardFrom": (_servers, "a list of servers"),
    "transferTarget": (_vote, "a server or null"),
    "isForced": (_flag, "true or false"),
    "readNumber": (_number, "a number"),
    "readIndex": (_index, "a number or null"),
    "pendingReads": (_reads, f"a list of objects with {', '.join(_READ)}"),
    "readRound": (_number, "a number"),
    "roundAcks": (_servers, "a list of servers"),
    "promise": (_promise, f"null, or an object with {', '.join(_PROMISE)}"),
    "isTrusting": (_flag, "true or false"),
    "isLeaseGivenUp": (_flag, "true or false"),
}
"""The same of what features add to a server."""
MESSAGES_OF_FEATURES: Mapping[str, Mapping[str, tuple[Check, str]]] = {
    "PreVoteRequest": MESSAGES["RequestVoteRequest"],
    "PreVoteResponse": MESSAGES["RequestVoteResponse"],
    "TimeoutNowRequest": _HEAD,
    "HeartbeatRequest": {**_HEAD, "round": (_number, "a number")},
    "HeartbeatResponse": {**_HEAD, "round": (_number, "a number")},
    "ReadIndexRequest": {**_HEAD, "number": (_number, "a number")},
    "ReadIndexResponse": {
        **_HEAD,
        "number": (_number, "a number"),
        "index": (_number, "a number"),
    },
}
"""The same of the messages that features add."""


_CONFIGURATION = (_configuration, f"an object with {', '.join(PARTS)}")
_SNAPSHOT = (_changed_snapshot, "an object with lastIncludedIndex, lastIncludedTerm, configuration")
VARIABLES_OF_MEMBERSHIP: Mapping[str, tuple[Check, str]] = {
    "snapshot": _SNAPSHOT,
    "log": (_log_of(_changing_entries), VARIABLES["log"][1]),
    "bootstrap": _CONFIGURATION,
    "configurationIndex": (_number, "a number"),
    "configuration": _CONFIGURATION,
}
"""The same of what holds configurations. `configuration` is the one in force, and no variable of
its own."""
_FIELDS_OF_MEMBERSHIP: Mapping[str, tuple[Check, str]] = {
    "entries": (_carried_of(_changing_entries), "a list of entries, or how many"),
    "snapshot": _SNAPSHOT,
}


def fields_of(kind: str) -> Mapping[str, tuple[Check, str]]:
    """Return the fields that each message of a type has."""
    return MESSAGES[kind] if kind in MESSAGES else MESSAGES_OF_FEATURES[kind]


def checked_servers(value: Any) -> tuple[str, ...]:
    """Return the servers of a header. Raises `TraceError` for what they cannot be."""
    if type(value) is not list or not all(type(each) is str for each in value):
        raise TraceError('"servers" must be a list of strings')
    if len(set(value)) != len(value) or len(value) < 2:
        raise TraceError('"servers" must name each server once, and two at least')
    return tuple(value)


def checked_state(
    value: Any, servers: Collection[str], what: str, features: frozenset[str] = frozenset()
) -> JsonObject:
    """Return variables of a server, while features are on.

    Raises `TraceError` for what they cannot be.
    """
    if type(value) is not dict:
        raise TraceError(f'"{what}" must be an object')
    variables = _variables(features)
    for name, each in value.items():
        if name not in variables:
            raise TraceError(f'"{name}" is no variable; these are {", ".join(variables)}')
        check, expected = variables[name]
        if not check(each, servers):
            raise TraceError(f'"{name}" must be {expected}')
    return value


@cache
def _variables(features: frozenset[str]) -> Mapping[str, tuple[Check, str]]:
    """Return the variables that a server has while features are on."""
    variables = {**VARIABLES, **VARIABLES_OF_FEATURES} if features else VARIABLES
    return {**variables, **VARIABLES_OF_MEMBERSHIP} if "Membership" in features else variables


@cache
def _messages(features: frozenset[str]) -> Mapping[str, Mapping[str, tuple[Check, str]]]:
    """Return the types of messages that there are while features are on, with their fields."""
    found = {}
    for kind in (*MESSAGES, *known(OF_FEATURES, features)):
        fields = dict(fields_of(kind))
        if "Membership" in features:
            fields |= {name: _FIELDS_OF_MEMBERSHIP.get(name, fields[name]) for name in fields}
        if kind == "RequestVoteRequest" and "LeadershipTransfer" in features:
            fields[MARK] = (_flag, "true or false")
        found[kind] = fields
    return found


def checked_message(
    value: Any, servers: Collection[str], features: frozenset[str] = frozenset()
) -> JsonObject:
    """Return a message, or what was logged of it, while features are on.

    Raises `TraceError` for what it cannot be.
    """
    if type(value) is not dict:
        raise TraceError("a message must be an object")
    kind, kinds = value.get("type"), _messages(features)
    if type(kind) is not str or kind not in kinds:
        if lacks := lacking(kind, features, OF_FEATURES):
            raise TraceError(lacks)
        raise TraceError(f'the "type" of a message must be one of {", ".join(kinds)}')
    fields = kinds[kind]
    for name in ("source", "dest"):
        if name not in value:
            raise TraceError(f'a message needs its "{name}"')
    for name, each in value.items():
        if name == "type":
            continue
        if name not in fields:
            raise TraceError(f'a {kind} has no "{name}"; it has {", ".join(fields)}')
        check, expected = fields[name]
        if not check(each, servers):
            raise TraceError(f'"{name}" must be {expected}')
    if value["source"] == value["dest"]:
        raise TraceError(f"a message of {value['source']} to itself")
    return value
