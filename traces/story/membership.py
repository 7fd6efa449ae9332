"""Who the servers of a cluster are, as far as one of them knows: where a trace has that."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import compacted, configuration, entries, is_configuration

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
    if known is None or "Membership" not in features:
        return None
    if "AppliedMembership" not in features:
        return known[max(known)]
    applied = state.get("configurationIndex")
    if not isinstance(applied, int):
        return None
    return known[max(index for index in known if index <= applied)]


def configurations(state: JsonObject) -> dict[int, JsonObject] | None:
    """Return the configurations that a server knows by their indices, at 0 that it began with.

    None where the state does not tell.
    """
    values = values_of(state)
    if values is None:
        return None
    return {i: each for i, each in enumerate([state["bootstrap"], *values]) if is_configuration(each)}


def is_majority(part: Collection[str], servers: Collection[str]) -> bool:
    """Say whether the servers are more than half of a part of a configuration."""
    return 2 * len({*part} & {*servers}) > len(part)


def is_quorum(value: JsonObject, servers: Collection[str]) -> bool:
    """Say whether the servers are a majority of each part of a configuration (IsQuorumIn)."""
    old, new = value["outgoingVoters"], value["voters"]
    return is_majority(new, servers) and (not old or is_majority(old, servers))


def values_of(state: JsonObject) -> list[Any] | None:
    """Return what the server has in its snapshot and its log; None where that is not known."""
    log = entries(state.get("log"))
    if log is None or not is_configuration(state.get("bootstrap")):
        return None
    snapshot = state.get("snapshot")
    applied = snapshot.get("data") if isinstance(snapshot, dict) else []
    if not isinstance(applied, list) or len(applied) != compacted(state):
        return None
    return [*applied, *(entry["value"] for entry in log)]
