"""Raft with features: to be read side by side with spec/features/ExtendedRaft.tla."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import fields, replace
from typing import Any, Self

from raft_ref.features.check_quorum import CheckQuorum, CheckQuorumNode
from raft_ref.features.leader_contact import LeaderContactNode, MissLeader
from raft_ref.features.leadership_transfer import (
    AbortTransfer,
    LeadershipTransferNode,
    TimeoutNow,
    TransferLeadership,
)
from raft_ref.features.messages import PreVoteRequest, PreVoteResponse, TimeoutNowRequest
from raft_ref.features.pre_vote import PreVoteNode, RequestPreVotes
from raft_ref.features.state import ExtendedState, Feature
from raft_ref.machine import StateMachine
from raft_ref.messages import ServerId, Value
from raft_ref.node import ClientRequest, Node, Step, Timeout
from raft_ref.state import Role, State


class ExtendedNode(LeaderContactNode, PreVoteNode, CheckQuorumNode, LeadershipTransferNode):
    """The servers of one cluster, with features; see `raft_ref.Node`.

    A step is one of the node's with what the features that are on demand of it, and with what
    becomes of their own variables by it.
    """

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[Value] = (),
        machine: StateMachine | None = None,
        features: Iterable[Feature] = tuple(Feature),
    ) -> None:
        """Describe a cluster, and which features are on; see `raft_ref.Node`."""
        super().__init__(servers, values, machine)
        self._turn_on(features)

    def with_features(self, features: Iterable[Feature]) -> Self:
        """Return the same node with these features on, and no others."""
        other = copy(self)
        other._turn_on(features)
        return other

    def _turn_on(self, features: Iterable[Feature]) -> None:
        self.features = frozenset(features)
        self._has_pre_vote = Feature.PRE_VOTE in self.features
        self._has_check_quorum = Feature.CHECK_QUORUM in self.features
        self._has_transfer = Feature.LEADERSHIP_TRANSFER in self.features
        self._contact_matters = self._has_pre_vote or self._has_check_quorum
        self.action_names = (*Node.action_names, *self._names())  # type: ignore[misc]

    def _names(self) -> Iterator[str]:
        """Yield what a step can compose beside what the node's can."""
        if self._contact_matters:
            yield "MissLeader"
        if self._has_pre_vote:
            yield from ("RequestPreVotes", "HandlePreVoteRequest", "HandlePreVoteResponse")
        if self._has_check_quorum:
            yield from ("CheckQuorum", "IgnoreRequestVoteRequest")
        if self._has_transfer:
            yield from ("TransferLeadership", "AbortTransfer", "TimeoutNow")
            yield "HandleTimeoutNowRequest"

    def initial(self, me: ServerId) -> ExtendedState:
        """Return the state of a server at its first start (Init)."""
        base = super().initial(me)
        return ExtendedState(**{f.name: getattr(base, f.name) for f in fields(base)})

    def watched(self, before: ExtendedState, step: Step, message: Any = None) -> Step:
        """Return a step with what becomes of the features' variables by it (Watched)."""
        after: Any = step.state
        if self._contact_matters:
            heard = self.contact(before, after, message)
            after = replace(after, heard_from_leader=heard)
        if self._has_pre_vote:
            after = replace(after, pre_votes_granted=self.pre_votes(before, after, message))
        if self._has_check_quorum:
            after = replace(after, heard_from=self.answers(before, after, message))
        if not self._has_transfer:
            return step._replace(state=after)
        after = replace(
            after,
            transfer_target=self.target(before, after),
            is_forced=self.forced(before, after, message),
        )
        sent = tuple(self.marked(before, each) for each in step.messages)
        return step._replace(state=after, messages=sent)

    # What a server does on its own

    def actions(self, state: Any) -> Iterator[Any]:
        """Yield what may happen to a server without a message, in a fixed order (Next)."""
        yield from (each for each in super().actions(state) if self.allows(state, each))
        if self._contact_matters and state.heard_from_leader:
            yield MissLeader()
        if self._has_pre_vote and state.role is not Role.LEADER and not state.heard_from_leader:
            yield RequestPreVotes()
        if state.role is Role.LEADER:
            if self._has_check_quorum:
                yield CheckQuorum()
            if self._has_transfer:
                yield from self.transfers(state)

    def allows(self, state: ExtendedState, action: Any) -> bool:
        """Tell whether the features let a server do what Raft lets it do."""
        match action:
            case Timeout():
                return self.may_stand(state)
            case ClientRequest():
                return self.may_serve(state)
            case _:
                return True

    def may_stand(self, state: ExtendedState) -> bool:
        """Tell whether the features let a server stand for a new term (Timeout)."""
        if state.is_forced:
            return True
        return not state.heard_from_leader and (not self._has_pre_vote or self.has_pre_votes(state))

    def act(self, state: Any, action: Any) -> Step | None:
        """Take an action; None where it is not enabled."""
        step = self._own(state, action)
        if step is None or action == CheckQuorum():
            return step if step is None else self._stepped_down(state, step)
        if isinstance(action, Timeout):
            return self.watched(state, step)
        return step

    def _own(self, state: ExtendedState, action: Any) -> Step | None:
        match action:
            case MissLeader():
                return self.miss_leader(state) if self._contact_matters else None
            case RequestPreVotes():
                return self.request_pre_votes(state) if self._has_pre_vote else None
            case CheckQuorum():
                return self.check_quorum(state) if self._has_check_quorum else None
            case TransferLeadership(peer):
                return self.transfer_leadership(state, peer) if self._has_transfer else None
            case AbortTransfer():
                return self.abort_transfer(state) if self._has_transfer else None
            case TimeoutNow():
                return self.timeout_now(state) if self._has_transfer else None
            case _:
                return super().act(state, action) if self.allows(state, action) else None

    def _stepped_down(self, before: ExtendedState, step: Step) -> Step:
        """Return a check of the quorum, after which a leader may be none (CheckQuorum)."""
        checked = self.watched(before, step)
        return checked._replace(state=replace(checked.state, heard_from=frozenset()))  # type: ignore[call-arg]

    # Messages

    def receive(self, state: Any, message: Any) -> Step:
        """Handle a message, or do as if it had not arrived (Receive)."""
        if self._has_check_quorum and self.ignores(state, message):
            return self.watched(state, Step(state, (), ("IgnoreRequestVoteRequest",)))
        return self.watched(state, self._taken(state, message), message)

    def _taken(self, state: ExtendedState, message: Any) -> Step:
        """Adopt a newer term, unless it is one that nobody has begun, and handle the message."""
        if isinstance(message, PreVoteRequest | PreVoteResponse):
            return self.handle(state, message)
        return super().receive(state, message)

    def handle(self, state: Any, message: Any) -> Step:
        """Handle a message (Handle)."""
        match message:
            case PreVoteRequest():
                return self.handle_pre_vote_request(state, message)
            case PreVoteResponse():
                return self.handle_pre_vote_response(state, message)
            case TimeoutNowRequest():
                return self.handle_timeout_now_request(state, message)
            case _:
                return super().handle(state, message)

    # Symmetry

    def is_obsolete(self, state: State, message: Any) -> bool:
        """Tell whether a server will ignore a message for good."""
        match message:
            case PreVoteResponse():
                return message.term <= state.current_term
            case TimeoutNowRequest():
                return message.term < state.current_term
            case PreVoteRequest():
                return False
            case _:
                return super().is_obsolete(state, message)

    def _rename_state(self, state: Any, renaming: Mapping[str, str]) -> State:
        def renamed(servers: frozenset[str]) -> frozenset[str]:
            return frozenset(renaming[server] for server in servers)

        target = state.transfer_target
        return replace(
            super()._rename_state(state, renaming),
            pre_votes_granted=renamed(state.pre_votes_granted),
            heard_from=renamed(state.heard_from),
            transfer_target=None if target is None else renaming[target],
        )  # type: ignore[call-arg]
