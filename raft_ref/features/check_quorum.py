"""Check-quorum and stickiness (thesis, 6.2, 4.2.3): beside spec/features/CheckQuorum.tla."""

from dataclasses import dataclass
from typing import Any

from raft_ref.features.configuration import ConfiguredNode
from raft_ref.features.messages import ForcedRequestVoteRequest, HeartbeatResponse
from raft_ref.features.state import ExtendedState
from raft_ref.messages import (
    AppendEntriesResponse,
    InstallSnapshotResponse,
    RequestVoteRequest,
    ServerId,
)
from raft_ref.node import Step
from raft_ref.state import Role, replace


@dataclass(frozen=True, slots=True)
class CheckQuorum:
    """An election timeout passes for a leader, which a majority should have answered by then."""


_ANSWERS = (AppendEntriesResponse, InstallSnapshotResponse, HeartbeatResponse)


class CheckQuorumNode(ConfiguredNode):
    """A leader that a majority does not answer steps down; who has one listens to no candidate."""

    def answers(self, before: ExtendedState, after: ExtendedState, m: Any) -> frozenset[ServerId]:
        """Return `heard_from` after a step in which a message, if any, was taken (Answers)."""
        if before.role is not Role.LEADER or after.role is not Role.LEADER:
            return frozenset()
        is_answer = isinstance(m, _ANSWERS)
        if is_answer and m.term == before.current_term:
            return before.heard_from | {m.source}
        return before.heard_from

    def check_quorum(self, state: ExtendedState) -> Step | None:
        """Step down, in the same term, unless a majority has answered (CheckQuorum)."""
        if state.role is not Role.LEADER:
            return None
        after: Any = state
        if not self.has_quorum(state, state.heard_from | {state.me}):
            after = self.follow(state, state.current_term, state.voted_for)
        return Step(replace(after, heard_from=frozenset()), (), ("CheckQuorum",))

    def ignores(self, state: ExtendedState, m: Any) -> bool:
        """Tell whether a request for a vote is as if it had not arrived (Ignores; 4.2.3)."""
        return (
            isinstance(m, RequestVoteRequest)
            and m.term > state.current_term
            and (state.heard_from_leader or state.role is Role.LEADER)
            and not isinstance(m, ForcedRequestVoteRequest)
        )
