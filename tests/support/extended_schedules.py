"""Traces of the reference node with features, driven by chance."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from raft_ref.features import (
    AbortTransfer,
    AnswerReads,
    BeginRound,
    CheckQuorum,
    EndLease,
    EndPromise,
    ExtendedNode,
    Feature,
    Heartbeat,
    LeaseRead,
    MissLeader,
    Read,
    RequestPreVotes,
    RequestReadIndex,
    ServeRead,
    TimeoutNow,
    TransferLeadership,
)
from raft_ref.features.membership import (
    AddLearner,
    AddServer,
    ApplyConfiguration,
    Commit,
    EnterJoint,
    LeaveJoint,
    PromoteLearner,
    RemoveServer,
    StepDown,
    TakeLead,
)
from raft_ref.node import Timeout
from raft_ref.traces import Trace
from raft_ref.traces.format.features import REFINING
from tests.support.schedules import Schedule

_CHANCES = {
    MissLeader: 0.1, RequestPreVotes: 0.1, CheckQuorum: 0.05, TransferLeadership: 0.05,
    AbortTransfer: 0.05, TimeoutNow: 0.3, Timeout: 0.3, Read: 0.2, RequestReadIndex: 0.1,
    BeginRound: 0.4, Heartbeat: 0.4, AnswerReads: 0.7, ServeRead: 0.5, LeaseRead: 0.2,
    EndLease: 0.1, EndPromise: 0.3, AddServer: 0.3, RemoveServer: 0.1, AddLearner: 0.2,
    PromoteLearner: 0.3, EnterJoint: 0.1, LeaveJoint: 0.5, TakeLead: 1, Commit: 0.5,
    StepDown: 0.3, ApplyConfiguration: 0.5,
}  # fmt: skip
"""How often an action is taken that a server may take, when it is asked to act."""


JUDGED = tuple(map(Feature, REFINING))
"""The features that leave alone what a quorum is."""
CHANGING = (
    (Feature.MEMBERSHIP,),
    (Feature.MEMBERSHIP, Feature.JOINT_CONSENSUS),
    (Feature.MEMBERSHIP, Feature.APPLIED_MEMBERSHIP),
    (Feature.MEMBERSHIP, Feature.JOINT_CONSENSUS, Feature.APPLIED_MEMBERSHIP),
)
"""Those that change it."""


class ExtendedSchedule(Schedule):
    """A cluster of nodes with features, driven by chance."""

    node: Any

    def _action(self, state: Any, chance: float) -> Any:
        for action in self.node.actions(state):
            if isinstance(action, EndPromise) and self._is_trusted(state.promise):
                continue
            if isinstance(action, Timeout) and self._is_calm():
                continue
            if self.random.random() < _CHANCES.get(type(action), 0):
                return action
        action = super()._action(state, chance)
        return None if isinstance(action, Timeout) else action

    def _has_more_to_do(self, state: Any) -> bool:
        further = {Feature.READ_INDEX, Feature.MEMBERSHIP}
        return state.role != "Leader" or bool(further & self.node.features)

    def _is_calm(self) -> bool:
        """Say whether there is a leader, which is to have the time to answer reads."""
        roles = {state.role for state in self.states.values()}
        further = {Feature.READ_INDEX, Feature.MEMBERSHIP} & self.node.features
        return bool(further) and "Leader" in roles and self.random.random() < 0.9

    def _is_trusted(self, promise: Any) -> bool:
        """Say whether a leader relies on a promise: its clock is not that far."""
        leader: Any = self.states[promise.leader]
        kept = (leader.current_term, leader.read_round) == (promise.term, promise.round)
        return bool(leader.is_trusting and kept and self.node.do_clocks_agree)

    def _act(self) -> Any:
        # A follower has more to do than in Raft.
        server = self.random.choice(self.servers)
        state = self.states[server]
        action = self._action(state, 0.0) if self._has_more_to_do(state) else None
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
    voters = names[:-1] if Feature.MEMBERSHIP in features else names
    cluster = node(names, features=features, voters=voters)
    schedule = ExtendedSchedule(seed, names, cluster)
    header = replace(schedule.header, features=tuple(each.value for each in features))
    return replace(header, steps=tuple(schedule.steps(count)))
