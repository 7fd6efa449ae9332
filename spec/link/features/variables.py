"""The variables of ExtendedRaft.tla, as a view of the explorer gives them their values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from raft_ref.explorer import ServerId, View
from raft_ref.features import ExtendedState, Feature, ForcedRequestVoteRequest
from raft_ref.spec.link.variables import RaftVariables, camel_case
from raft_ref.spec.values.value import Value

FORCED = "forcedRequests"


class ExtendedVariables(RaftVariables):
    """The variables of FeatureVariables.tla in a view of the explorer.

    Arguments: the servers and the values of the cluster, and the features that are on.
    """

    parts: Mapping[str, str] = {
        **RaftVariables.parts,
        **{camel_case(f.name): "states" for f in fields(ExtendedState) if f.name != "me"},
        FORCED: "messages",
    }

    def __init__(
        self, servers: Sequence[ServerId], values: Sequence[str], features: Iterable[Feature]
    ) -> None:
        super().__init__(servers, values)
        self._features = frozenset(each.value for each in features)

    @property
    def constants(self) -> dict[str, Value]:
        """What the constants of the module stand for."""
        return {**super().constants, "Features": self._features}

    def in_flight(self, messages: Iterable[Any]) -> dict[str, frozenset[Value]]:
        """Return the variables of the network when these are the messages in flight."""
        forced = (each for each in messages if isinstance(each, ForcedRequestVoteRequest))
        return {**super().in_flight(messages), FORCED: frozenset(map(self.message, forced))}

    def _variable(self, view: View, name: str) -> Value:
        if name == FORCED:
            return self.in_flight(view.messages)[FORCED]
        return super()._variable(view, name)

    def _type(self, message: Any) -> str:
        if isinstance(message, ForcedRequestVoteRequest):
            return "RequestVoteRequest"
        return super()._type(message)
