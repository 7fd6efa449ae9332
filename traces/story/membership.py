"""Who the servers of a cluster are, as far as one of them knows: where a trace has that."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import (
    compacted,
    configuration,
    entries,
    is_configuration,
    is_number,
    is_snapshot,
    listed,
    plain,
)

NO_CLUSTER = "no cluster"


def goes_by(state: JsonObject, features: Collection[str]) -> str:
    """Return the configuration that a server goes by (InForce), in few words.

    "" where the membership cannot change, or the state does not tell.
    """
    value = in_force(state, features)
    return "" if value is None else braced(value)


def braced(value: JsonObject) -> str:
    """Return a configuration in few words."""
    return configuration(value) if value["voters"] else NO_CLUSTER


def in_force(state: JsonObject, features: Collection[str]) -> JsonObject | None:
    """Return the configuration that a server goes by (InForce).

    None where the membership cannot change, or the state does not tell.
    """
    known = configurations(state)
    if "Membership" not in features:
        return None
    if "AppliedMembership" in features:
        applied = state.get("configurationIndex")
        return known.get(applied) if is_number(applied) else None
    return known.get(max(known, default=0))


def configurations(state: JsonObject) -> dict[int, JsonObject]:
    """Return the configurations that a server knows by their indices, at 0 that it began with.

    Where the state does not tell all that is in the snapshot, those of its end and behind it.
    """
    log, bootstrap = entries(state.get("log")), state.get("bootstrap")
    if log is None or not is_configuration(bootstrap):
        return {}
    last, data = compacted(state), _data(state)
    every = [*data, *(entry["value"] for entry in log)]
    known: dict[int, Any] = dict(enumerate(every, last - len(data) + 1))
    if values_of(state) is not None:
        known[0] = bootstrap
    return {index: each for index, each in known.items() if is_configuration(each)}


def is_majority(part: Collection[str], servers: Collection[str]) -> bool:
    """Say whether the servers are more than half of a part of a configuration."""
    return 2 * len({*part} & {*servers}) > len(part)


def is_quorum(value: JsonObject, servers: Collection[str]) -> bool:
    """Say whether the servers are a majority of each part of a configuration (IsQuorumIn)."""
    old, new = value["outgoingVoters"], value["voters"]
    return is_majority(new, servers) and (not old or is_majority(old, servers))


def values_of(state: JsonObject) -> list[Any] | None:
    """Return what a server has in its snapshot and its log; None where that is not known."""
    log, data = entries(state.get("log")), _data(state)
    is_whole = "snapshot" not in state or is_snapshot(state["snapshot"])
    if log is None or not is_whole or len(data) != compacted(state):
        return None
    return [*data, *(entry["value"] for entry in log)]


def _data(state: JsonObject) -> list[Any]:
    """Return the values that a snapshot stands for, as far as they are known: the last ones."""
    snapshot = state.get("snapshot")
    data = snapshot.get("data") if isinstance(snapshot, dict) else None
    return data if isinstance(data, list) and len(data) <= compacted(state) else []


def begins(step: str, arguments: JsonObject, server: str | None) -> str:
    """Return what a leader begins to do to the configuration; "" for any other step."""
    match step, arguments:
        case "AddServer", {"peer": str(peer)}:
            return f"add {peer}"
        case "RemoveServer", {"peer": str(peer)}:
            return "remove itself" if peer == server else f"remove {peer}"
        case "AddLearner", {"peer": str(peer)}:
            return f"add the learner {peer}"
        case "PromoteLearner", {"peer": str(peer)}:
            return f"make the learner {peer} a voter"
        case "EnterJoint", {"voters": list(voters)}:
            return f"change the voters to {{{' '.join(map(plain, voters))}}}"
        case "LeaveJoint", _:
            return "leave C_old,new"
        case "ChangeTo" | "ChangeConf", _:
            return _to(arguments, server)
    return ""


def _to(arguments: JsonObject, server: str | None) -> str:
    """Return what a change is to lead to, as it was told."""
    match arguments:
        case {"isLeft": True}:
            return "leave C_old,new"
        case {"changes": dict(asked)} if asked:
            return listed([_asked(each, what, server) for each, what in asked.items()])
        case {"configuration": {"voters": list(voters), **others}} if not others:
            return f"change the voters to {{{' '.join(map(plain, voters))}}}"
        case {"configuration": dict(parts)}:
            return f"change the configuration to {plain(parts)}"
    return ""


def _asked(peer: str, what: Any, server: str | None) -> str:
    whom = "itself" if peer == server else peer
    return f"remove {whom}" if what is None else f"make {whom} a {plain(what)}"
