"""Reads by lease (thesis, 6.4.1): to be read side by side with spec/features/Leases.tla."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from raft_ref.features.messages import ForcedRequestVoteRequest, HeartbeatRequest
from raft_ref.features.read_index import ReadIndexNode
from raft_ref.features.state import Promise, ReadingState, with_variables
from raft_ref.messages import RequestVoteRequest
from raft_ref.node import Step
from raft_ref.state import Role, replace


@dataclass(frozen=True, slots=True)
class LeaseRead:
    """A client reads at a leader that need not ask."""


@dataclass(frozen=True, slots=True)
class EndLease:
    """Time passes: a leader trusts in its round no more."""


@dataclass(frozen=True, slots=True)
class EndPromise:
    """Time passes: a server is bound by its promise no more."""


class LeasesNode(ReadIndexNode):
    """A leader answers reads without asking again while nobody would vote for another."""

    def lease(self, before: ReadingState, after: ReadingState, m: Any) -> ReadingState:
        """Return the state after a step in which a message, if any, was taken (Lease)."""
        leads = before.role is Role.LEADER and after.role is Role.LEADER
        promises = isinstance(m, HeartbeatRequest) and self.promises(after, m)
        known: ReadingState = with_variables(
            after,
            is_trusting=leads and after.is_trusting,
            is_lease_given_up=leads and after.is_lease_given_up,
            promise=Promise(m.source, m.term, m.round) if promises else after.promise,
        )
        return known

    def promises(self, state: ReadingState, m: HeartbeatRequest) -> bool:
        """Tell whether a server promises its vote to the leader of a round (Lease).

        A request that was overtaken by one of a later round shortens no promise.
        """
        made = state.promise
        is_later = made is None or (m.term, m.round) >= (made.term, made.round)
        return m.term == state.current_term and is_later

    def trusting(self, step: Step) -> Step:
        """Return a round of heartbeats as one that is trusted in (Trust)."""
        after: Any = step.state
        return step._replace(state=replace(after, is_trusting=not after.is_lease_given_up))

    def may_renew(self, state: ReadingState) -> bool:
        """Tell whether a round may be sent for the lease alone (MayRenew)."""
        return not state.is_trusting and not state.is_lease_given_up

    def has_lease(self, state: ReadingState) -> bool:
        """Tell whether a leader need not ask (HasLease)."""
        return state.is_trusting and self.is_confirmed(state)

    def given_up(self, step: Step) -> Step:
        """Return a step after which there is no lease any more in this term (GiveUp)."""
        after: Any = step.state
        return step._replace(state=replace(after, is_trusting=False, is_lease_given_up=True))

    def is_free(self, state: ReadingState) -> bool:
        """Tell whether a server has promised its vote to nobody (MayStand)."""
        return state.promise is None

    def has_promised_another(self, state: ReadingState, m: Any) -> bool:
        """Tell whether a request for a vote is as if it had not arrived (Ignores)."""
        return (
            isinstance(m, RequestVoteRequest)
            and m.term >= state.current_term
            and state.promise is not None
            and state.promise.leader != m.source
            and not isinstance(m, ForcedRequestVoteRequest)
        )

    def of_leases(self, state: ReadingState) -> Iterator[Any]:
        """Yield what may happen to a lease, or by it."""
        for action in (LeaseRead(), EndLease(), EndPromise()):
            if self.act_on_lease(state, action) is not None:
                yield action

    def act_on_lease(self, state: ReadingState, action: Any) -> Step | None:
        """Take an action; None where it is not enabled, or is none of leases."""
        match action:
            case LeaseRead():
                return self.lease_read(state)
            case EndLease() if state.is_trusting:
                return Step(replace(state, is_trusting=False), (), ("EndLease",))
            case EndPromise() if state.promise is not None:
                return Step(replace(state, promise=None), (), ("EndPromise",))
            case _:
                return None

    def lease_read(self, state: ReadingState) -> Step | None:
        """Take a client's read without asking anybody (LeaseRead; 6.4.1)."""
        is_able = state.role is Role.LEADER and self.knows_committed(state)
        if not is_able or not self.has_lease(state) or not self.may_read(state):
            return None
        after = replace(
            state,
            read_number=state.read_number + 1,
            read_index=state.commit_index,
            pending_reads=frozenset(r for r in state.pending_reads if r.server != state.me),
        )
        return Step(after, (), ("LeaseRead",))
