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
    values = _values(state)
    if values is None or "Membership" not in features:
        return ""
    if "AppliedMembership" in features:
        applied = state.get("configurationIndex")
        if not isinstance(applied, int):
            return ""
        values = values[:applied]
    value = [each for each in (state["bootstrap"], *values) if is_configuration(each)][-1]
    return configuration(value, " ") if value["voters"] else NO_CLUSTER


def _values(state: JsonObject) -> list[Any] | None:
    """Return what the server has in its snapshot and its log; None where that is not known."""
    log = entries(state.get("log"))
    if log is None or not is_configuration(state.get("bootstrap")):
        return None
    snapshot = state.get("snapshot")
    applied = snapshot.get("data") if isinstance(snapshot, dict) else []
    if not isinstance(applied, list) or len(applied) != compacted(state):
        return None
    return [*applied, *(entry["value"] for entry in log)]
