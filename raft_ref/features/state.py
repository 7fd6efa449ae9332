"""What one server knows beside the variables of Raft.tla: those of the features at one server."""

from dataclasses import dataclass
from enum import StrEnum

from raft_ref.messages import ServerId
from raft_ref.state import State


class Feature(StrEnum):
    """What can be on; the values are the names of the modules in spec/features/."""

    PRE_VOTE = "PreVote"
    CHECK_QUORUM = "CheckQuorum"
    LEADERSHIP_TRANSFER = "LeadershipTransfer"


@dataclass(frozen=True, slots=True)
class ExtendedState(State):
    """The variables of one server, those of Raft.tla first, in the order of ExtendedRaft.tla.

    All are volatile. What is off leaves its own as they are at first.
    """

    heard_from_leader: bool = False
    """Followers: whether the leader of the term was heard from within the minimum election
    timeout (thesis, 4.2.3)."""
    pre_votes_granted: frozenset[ServerId] = frozenset()
    """Who would vote for the server, itself included; empty while it does not ask (thesis, 9.6)."""
    heard_from: frozenset[ServerId] = frozenset()
    """Leaders: who has answered since the quorum was checked last (thesis, 6.2)."""
    transfer_target: ServerId | None = None
    """Leaders: to whom leadership is being transferred (thesis, 3.10)."""
    is_forced: bool = False
    """Whether the server was told to stand at once (thesis, 3.10)."""
