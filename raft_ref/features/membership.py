"""Changes of membership (thesis, 4; paper, 6): beside spec/features/Membership.tla."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from raft_ref.features.configuration import Configuration, ConfiguredNode
from raft_ref.features.state import with_variables
from raft_ref.messages import Entry, ServerId
from raft_ref.node import Step
from raft_ref.state import Role, replace


@dataclass(frozen=True, slots=True)
class AddServer:
    """A leader is asked to make `peer` a voter."""

    peer: ServerId


@dataclass(frozen=True, slots=True)
class RemoveServer:
    """A leader is asked to leave `peer` out, which can be the leader itself."""

    peer: ServerId


@dataclass(frozen=True, slots=True)
class AddLearner:
    """A leader is asked to send entries to `peer`, which does not vote."""

    peer: ServerId


@dataclass(frozen=True, slots=True)
class PromoteLearner:
    """A leader is asked to make a voter of `peer`, a learner."""

    peer: ServerId


@dataclass(frozen=True, slots=True)
class EnterJoint:
    """A leader is asked to have these `voters` in the place of those that there are."""

    voters: frozenset[ServerId]


@dataclass(frozen=True, slots=True)
class LeaveJoint:
    """A leader goes on from C_old,new, which is committed, to C_new."""


@dataclass(frozen=True, slots=True)
class TakeLead:
    """A candidate whose own vote is enough leads."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A leader commits what a change has made a quorum for."""


@dataclass(frozen=True, slots=True)
class StepDown:
    """A leader that has been removed leads no longer."""


@dataclass(frozen=True, slots=True)
class ApplyConfiguration:
    """A server goes by the configuration that is committed."""


Change = AddServer | RemoveServer | AddLearner | PromoteLearner | EnterJoint | LeaveJoint
"""What a leader may be asked, or go on, to do to the configuration."""


class MembershipNode(ConfiguredNode):
    """A leader changes who the servers are: one at a time, or any by way of C_old,new."""

    has_joint: bool = False
    """Whether there is C_old,new, and not only one server at a time."""

    def configured(self, before: Any, after: Any) -> Any:
        """Return a state with the configuration of a snapshot that was installed (Configured)."""
        if not self.is_used_when_applied or after.compacted == before.compacted:
            return after
        brought = self.latest_index(after, after.compacted)
        index = max(after.configuration_index, brought)
        return with_variables(after, configuration_index=index)

    # Elections

    def is_behind(self, state: Any) -> bool:
        """Tell whether a configuration is committed and not applied yet (IsBehind)."""
        if not self.is_used_when_applied:
            return False
        return bool(self.latest_index(state, state.commit_index) > state.configuration_index)

    def may_be_elected(self, state: Any) -> bool:
        """Tell whether the configuration lets a server stand for election (MayStand)."""
        configuration = self.in_force(state)
        if not configuration.voters or state.me in configuration.learners:
            return False
        if not self.is_used_when_applied:
            return True
        return state.me in configuration.all_voters and not self.is_behind(state)

    def take_lead(self, state: Any) -> Step | None:
        """Lead by one's own vote (TakeLead)."""
        if state.role is not Role.CANDIDATE or not self.has_quorum(state, state.votes_granted):
            return None
        return Step(self.become_leader(state), (), ("TakeLead", "BecomeLeader"))

    def step_down(self, state: Any) -> Step | None:
        """Lead no longer, once it is committed that one is no voter (StepDown; 4.2.2)."""
        if state.role is not Role.LEADER or state.me in self.voters_of(state):
            return None
        if not self.is_settled(state):
            return None
        return Step(self.follow(state, state.current_term, state.voted_for), (), ("StepDown",))

    # Commitment

    def commit(self, state: Any) -> Step | None:
        """Commit what a change has made a quorum for (Commit)."""
        if state.role is not Role.LEADER:
            return None
        after = self.advance_commit_index(state)
        return None if after is state else Step(after, (), ("Commit", "AdvanceCommitIndex"))

    def apply_configuration(self, state: Any) -> Step | None:
        """Go by what is committed of configurations (ApplyConfiguration)."""
        if not self.is_behind(state):
            return None
        index = self.latest_index(state, state.commit_index)
        return Step(replace(state, configuration_index=index), (), ("ApplyConfiguration",))

    def may_compact(self, state: Any, index: int) -> bool:
        """Tell whether a snapshot may stand for the entries up to an index (MayCompact)."""
        if not self.is_used_when_applied:
            return True
        return bool(self.latest_index(state, index) <= state.configuration_index)

    # Changes

    def has_committed_in_term(self, state: Any) -> bool:
        """Tell whether a leader has committed an entry of its own term (HasCommittedInTerm)."""
        return bool(
            state.commit_index > 0 and state.term_at(state.commit_index) == state.current_term
        )

    def is_settled(self, state: Any) -> bool:
        """Tell whether the change before is committed, or applied (IsSettled)."""
        known = state.configuration_index if self.is_used_when_applied else state.commit_index
        return bool(self.latest_index(state, state.last_index) <= known)

    def may_change(self, state: Any) -> bool:
        """Tell whether one server may be added or removed (MayChange; thesis, 4.1)."""
        return (
            state.role is Role.LEADER
            and not self.in_force(state).outgoing_voters
            and self.is_settled(state)
            and (self.is_used_when_applied or self.has_committed_in_term(state))
        )

    def may_change_jointly(self, state: Any) -> bool:
        """Tell whether a leader may enter C_old,new, or leave it (EnterJoint, LeaveJoint)."""
        return state.role is Role.LEADER and self.is_settled(state)

    def changed_by(self, state: Any, change: Change) -> Configuration | None:
        """Return the configuration that a change leads to; None where it is not enabled."""
        old = self.in_force(state)
        if isinstance(change, EnterJoint | LeaveJoint):
            if not self.has_joint or not self.may_change_jointly(state):
                return None
            return _joint(old, change)
        if not self.may_change(state):
            return None
        peer = change.peer
        is_new = peer not in old.members and peer != state.me
        match change:
            case AddServer() if is_new:
                return replace(old, voters=old.voters | {peer})
            case AddLearner() if is_new:
                return replace(old, learners=old.learners | {peer})
            case PromoteLearner() if peer in old.learners:
                return replace(old, voters=old.voters | {peer}, learners=old.learners - {peer})
            case RemoveServer() if peer in old.members and old.voters != {peer}:
                return replace(old, voters=old.voters - {peer}, learners=old.learners - {peer})
            case _:
                return None

    def change(self, state: Any, change: Change) -> Step | None:
        """Append the configuration that a change leads to (Change); None where it may not be."""
        configuration = self.changed_by(state, change)
        if configuration is None:
            return None
        # A configuration stands where a client's value does.
        value: Any = configuration
        log = (*state.log, Entry(state.current_term, value))
        return Step(replace(state, log=log), (), (type(change).__name__,))

    def of_membership(self, state: Any) -> Iterator[Any]:
        """Yield what may happen to the configuration, or by it."""
        own = (TakeLead(), Commit(), StepDown(), ApplyConfiguration())
        changes = self._changes() if state.role is Role.LEADER else ()
        for action in (*own, *changes):
            if self.act_on_membership(state, action) is not None:
                yield action

    def _changes(self) -> Iterator[Change]:
        for kind in (AddServer, RemoveServer, AddLearner, PromoteLearner):
            yield from (kind(peer) for peer in self.servers)
        if self.has_joint:
            for size in range(1, len(self.servers) + 1):
                yield from (EnterJoint(frozenset(v)) for v in combinations(self.servers, size))
            yield LeaveJoint()

    def act_on_membership(self, state: Any, action: Any) -> Step | None:
        """Take an action; None where it is not enabled, or is none of membership."""
        match action:
            case TakeLead():
                return self.take_lead(state)
            case Commit():
                return self.commit(state)
            case StepDown():
                return self.step_down(state)
            case ApplyConfiguration():
                return self.apply_configuration(state)
            case (
                AddServer()
                | RemoveServer()
                | AddLearner()
                | PromoteLearner()
                | EnterJoint()
                | LeaveJoint()
            ):
                return self.change(state, action)
            case _:
                return None


def _joint(old: Configuration, change: EnterJoint | LeaveJoint) -> Configuration | None:
    """Return C_old,new, or what comes after it; None where there is no such step (4.3)."""
    if isinstance(change, LeaveJoint):
        return replace(old, outgoing_voters=frozenset()) if old.outgoing_voters else None
    new = change.voters
    if old.outgoing_voters or not new or new == old.voters:
        return None
    return Configuration(new, old.voters, old.learners - new)
