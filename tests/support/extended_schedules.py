"""Traces of the reference node with features, driven by chance."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from raft_ref.features import (
    AbortTransfer,
    CheckQuorum,
    ExtendedNode,
    Feature,
    MissLeader,
    RequestPreVotes,
    TimeoutNow,
    TransferLeadership,
)
from raft_ref.node import Timeout
from raft_ref.traces import Trace
from raft_ref.traces.format.features import FEATURES
from tests.support.schedules import Schedule

_CHANCES = {
    MissLeader: 0.1, RequestPreVotes: 0.1, CheckQuorum: 0.05, TransferLeadership: 0.05,
    AbortTransfer: 0.05, TimeoutNow: 0.3, Timeout: 0.3,
}  # fmt: skip
"""How often an action is taken that a server may take, when it is asked to act."""


JUDGED = tuple(map(Feature, FEATURES))
"""The features that a log is held to."""


class ExtendedSchedule(Schedule):
    """A cluster of nodes with features, driven by chance."""

    def _action(self, state: Any, chance: float) -> Any:
        for action in self.node.actions(state):
            if self.random.random() < _CHANCES.get(type(action), 0):
                return action
        action = super()._action(state, chance)
        return None if isinstance(action, Timeout) else action

    def _act(self) -> Any:
        # A follower has more to do than in Raft.
        server = self.random.choice(self.servers)
        state = self.states[server]
        action = self._action(state, 0.0) if state.role != "Leader" else None
        step = None if action is None else self.node.act(state, action)
        if step is not None:
            return self._as_text(type(action).__name__, server, step, action)
        return super()._act()


def recorded(
    seed: int,
    count: int,
    features: Iterable[Feature] = JUDGED,
    node: type[ExtendedNode] = ExtendedNode,
    servers: int = 3,
) -> Trace:
    """Return a trace of that many steps of nodes with features."""
    any_node: Any = node
    return _recorded(seed, count, tuple(sorted(features)), any_node, servers)


@lru_cache(maxsize=64)
def _recorded(seed: int, count: int, features: Sequence[Feature], node: Any, servers: int) -> Trace:
    names = tuple(f"s{number}" for number in range(1, servers + 1))
    schedule = ExtendedSchedule(seed, names, node(names, features=features))
    header = replace(schedule.header, features=tuple(each.value for each in features))
    return replace(header, steps=tuple(schedule.steps(count)))
