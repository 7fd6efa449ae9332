"""The variables of ExtendedRaft.tla, as a view of the explorer gives them their values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from raft_ref import State
from raft_ref.explorer import ServerId, View
from raft_ref.features import (
    Configuration,
    ConfiguredState,
    Feature,
    ForcedRequestVoteRequest,
)
from raft_ref.spec.link.features.history import ReadHistory
from raft_ref.spec.link.variables import RaftVariables, camel_case
from raft_ref.spec.values.value import Value

FORCED, ASKED_AT = "forcedRequests", "askedAt"


class ExtendedVariables(RaftVariables):
    """The variables of FeatureVariables.tla in a view of the explorer.

    Arguments: the servers and the values of the cluster, the features that are on, and the voters
    that the cluster begins with (None: all servers).
    """

    parts: Mapping[str, str] = {
        **RaftVariables.parts,
        **{camel_case(f.name): "states" for f in fields(ConfiguredState) if f.name != "me"},
        FORCED: "messages",
        ASKED_AT: "history",
    }

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[str],
        features: Iterable[Feature],
        voters: Iterable[ServerId] | None = None,
    ) -> None:
        super().__init__(servers, values)
        self._features = frozenset(each.value for each in features)
        self._voters = frozenset(servers if voters is None else voters)

    @property
    def constants(self) -> dict[str, Value]:
        """What the constants of the module stand for."""
        voters = frozenset(map(self.server, self._voters))
        return {**super().constants, "Features": self._features, "Voters": voters}

    def in_flight(self, messages: Iterable[Any]) -> dict[str, frozenset[Value]]:
        """Return the variables of the network when these are the messages in flight."""
        forced = (each for each in messages if isinstance(each, ForcedRequestVoteRequest))
        return {**super().in_flight(messages), FORCED: frozenset(map(self.message, forced))}

    def _variable(self, view: View, name: str) -> Value:
        if name == FORCED:
            return self.in_flight(view.messages)[FORCED]
        if name == ASKED_AT:
            return self._by_server(self._asked_at(view))
        return super()._variable(view, name)

    def _committed(self, view: View) -> Iterable[Any]:
        history = view.history
        return history.committed if isinstance(history, ReadHistory) else super()._committed(view)

    def _asked_at(self, view: View) -> Sequence[int]:
        history = view.history
        return history.asked_at if isinstance(history, ReadHistory) else (0,) * len(self._servers)

    def _map_state(self, state: State) -> dict[str, Value]:
        """Return the variables of a server; those of what is off are as at first."""
        if isinstance(state, ConfiguredState):
            return super()._map_state(state)
        held = {f.name: getattr(state, f.name) for f in fields(state)}
        return super()._map_state(ConfiguredState(**held))

    def value(self, value: Any) -> Value:
        """Return what stands for the value of an entry, which may be a configuration."""
        return self._member(value) if isinstance(value, Configuration) else super().value(value)

    def _type(self, message: Any) -> str:
        if isinstance(message, ForcedRequestVoteRequest):
            return "RequestVoteRequest"
        return super()._type(message)
