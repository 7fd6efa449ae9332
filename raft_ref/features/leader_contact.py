"""Whether a server has heard from a leader lately: beside spec/features/LeaderContact.tla."""

from dataclasses import dataclass
from typing import Any

from raft_ref.features.messages import HeartbeatRequest
from raft_ref.features.state import ExtendedState
from raft_ref.messages import AppendEntriesRequest, InstallSnapshotRequest
from raft_ref.node import Node, Step
from raft_ref.state import Role, replace


@dataclass(frozen=True, slots=True)
class MissLeader:
    """The minimum election timeout passes without a word of the leader."""


class LeaderContactNode(Node):
    """What pre-vote and check-quorum ask of a server's time since it heard from a leader."""

    def contact(self, before: ExtendedState, after: ExtendedState, m: Any) -> bool:
        """Return `heard_from_leader` after a step in which a message, if any, was taken (Contact).

        It lasts in a follower, and in its term.
        """
        hears = isinstance(m, AppendEntriesRequest | InstallSnapshotRequest | HeartbeatRequest)
        return (hears and m.term == after.current_term) or (
            before.heard_from_leader
            and after.role is Role.FOLLOWER
            and after.current_term == before.current_term
        )

    def miss_leader(self, state: ExtendedState) -> Step | None:
        """Let the minimum election timeout pass (MissLeader; thesis, 4.2.3)."""
        if not state.heard_from_leader:
            return None
        return Step(replace(state, heard_from_leader=False), (), ("MissLeader",))
