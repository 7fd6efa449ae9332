"""Leadership transfer (thesis, 3.10): beside spec/features/LeadershipTransfer.tla."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from raft_ref.features.configuration import ConfiguredNode
from raft_ref.features.messages import ForcedRequestVoteRequest, TimeoutNowRequest
from raft_ref.features.state import ExtendedState
from raft_ref.messages import RequestVoteRequest, ServerId
from raft_ref.node import Step
from raft_ref.state import Role, replace


@dataclass(frozen=True, slots=True)
class TransferLeadership:
    """A leader is asked to have `peer` lead."""

    peer: ServerId


@dataclass(frozen=True, slots=True)
class AbortTransfer:
    """An election timeout passes without effect, and the leader serves again."""


@dataclass(frozen=True, slots=True)
class TimeoutNow:
    """A leader tells the target of a transfer to stand for election."""


class LeadershipTransferNode(ConfiguredNode):
    """A leader brings one server's log up to its own, and tells it to stand at once."""

    def target(self, before: ExtendedState, after: ExtendedState) -> ServerId | None:
        """Return `transfer_target` after a step: it is forgotten with the role (Transfer)."""
        leads = before.role is Role.LEADER and after.role is Role.LEADER
        return before.transfer_target if leads else None

    def forced(self, before: ExtendedState, after: ExtendedState, m: Any) -> bool:
        """Return `is_forced` after a step in which a message, if any, was taken (Transfer)."""
        is_told = isinstance(m, TimeoutNowRequest) and m.term == after.current_term
        return (is_told and after.role is not Role.LEADER) or (
            before.is_forced
            and after.role is before.role
            and after.current_term == before.current_term
        )

    def marked(self, state: ExtendedState, message: Any) -> Any:
        """Return what is sent, a request for a vote with its mark if it is forced (Transfer)."""
        if not state.is_forced or not isinstance(message, RequestVoteRequest):
            return message
        return ForcedRequestVoteRequest(
            message.source,
            message.dest,
            message.term,
            message.last_log_index,
            message.last_log_term,
        )

    def transfers(self, state: ExtendedState) -> Iterator[Any]:
        """Yield what a leader can do about a transfer."""
        if state.transfer_target is None:
            voters = (peer for peer in self._peers(state) if self.is_voter(state, peer))
            yield from (TransferLeadership(peer) for peer in voters)
        else:
            yield AbortTransfer()
            if self.is_ready(state):
                yield TimeoutNow()

    def transfer_leadership(self, state: ExtendedState, peer: ServerId) -> Step | None:
        """Begin to transfer leadership, one transfer at a time (TransferLeadership)."""
        if state.role is not Role.LEADER or peer == state.me or state.transfer_target is not None:
            return None
        if not self.is_voter(state, peer):
            return None
        return Step(replace(state, transfer_target=peer), (), ("TransferLeadership",))

    def is_voter(self, state: ExtendedState, peer: ServerId) -> bool:
        """Tell whether a server could lead by the configuration (TransferLeadership)."""
        return peer in self.voters_of(state)

    def abort_transfer(self, state: ExtendedState) -> Step | None:
        """Give the transfer up, and serve again (AbortTransfer)."""
        if state.transfer_target is None:
            return None
        return Step(replace(state, transfer_target=None), (), ("AbortTransfer",))

    def may_serve(self, state: ExtendedState) -> bool:
        """Tell whether a leader takes requests (MayServe)."""
        return state.transfer_target is None

    def timeout_now(self, state: ExtendedState) -> Step | None:
        """Tell the target to stand, whose log is as long as one's own (TimeoutNow)."""
        if state.transfer_target is None or not self.is_ready(state):
            return None
        request = TimeoutNowRequest(state.me, state.transfer_target, state.current_term)
        return Step(state, (request,), ("TimeoutNow",))  # type: ignore[arg-type]

    def is_ready(self, state: ExtendedState) -> bool:
        """Tell whether the target's log is known to be as long as the leader's (TimeoutNow)."""
        assert state.transfer_target is not None
        if not self.is_voter(state, state.transfer_target):
            return False
        return self._match(state, state.transfer_target) == state.last_index

    def handle_timeout_now_request(self, state: ExtendedState, m: TimeoutNowRequest) -> Step:
        """Be told to stand (HandleTimeoutNowRequest); `forced` is what becomes of it."""
        return Step(state, (), ("HandleTimeoutNowRequest",))
