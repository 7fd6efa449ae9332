"""Known bugs of changes of membership; see `raft_ref.bugs`. The numbers are of the thesis."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from raft_ref.bugs import Bug
from raft_ref.features.bugs.mutant import Mutant
from raft_ref.features.configuration import Configuration, is_majority
from raft_ref.features.membership import Change, LeaveJoint, StepDown
from raft_ref.features.state import Feature
from raft_ref.messages import AppendEntriesRequest, ServerId
from raft_ref.node import Step
from raft_ref.state import Role, State


class _OneAtATime(Mutant):
    on: ClassVar[tuple[Feature, ...]] = (Feature.MEMBERSHIP,)


class _Joint(Mutant):
    on: ClassVar[tuple[Feature, ...]] = (Feature.MEMBERSHIP, Feature.JOINT_CONSENSUS)


class _Applied(Mutant):
    on: ClassVar[tuple[Feature, ...]] = (Feature.MEMBERSHIP, Feature.APPLIED_MEMBERSHIP)


class ChangeBeforeCommitInTerm(_OneAtATime):
    """A leader that has committed nothing in its term changes the configuration (4.1, 2015)."""

    def has_committed_in_term(self, state: Any) -> bool:
        """Do not ask."""
        return True


class ChangeBeforeTheLastIsCommitted(_OneAtATime):
    """A leader changes the configuration while the change before is not committed (4.1)."""

    def is_settled(self, state: Any) -> bool:
        """Do not ask."""
        return True


class LearnersCounted(_OneAtATime):
    """What a learner has acknowledged counts for a majority of the voters (4.2.1)."""

    def has_quorum(self, state: Any, servers: frozenset[ServerId]) -> bool:
        """Count them with the voters."""
        configuration = self.in_force(state)
        return 2 * len(servers & configuration.members) > len(configuration.voters)


class RemovedLeaderCountsItself(_OneAtATime):
    """A leader that is being removed counts itself (4.2.2)."""

    def is_stored(self, state: State, index: int) -> bool:
        """Count oneself among the voters, whoever these are."""
        voters = self.in_force(state).voters
        stored = {peer for peer in voters if self._match(state, peer) >= index}
        return 2 * len({state.me, *stored}) > len(voters)


class LearnerStands(_OneAtATime):
    """A learner stands for election (4.2.1)."""

    def may_be_elected(self, state: Any) -> bool:
        """Ask only whether there is somebody who could vote."""
        return bool(self.in_force(state).voters)


class ConfigurationKeptWhenTruncated(_OneAtATime):
    """A server goes by a configuration that was removed from its log (4.1)."""

    def handle_append_entries_request(self, state: State, m: AppendEntriesRequest) -> Step:
        """Keep the latest that was ever there."""
        step = super().handle_append_entries_request(state, m)
        before: Any = state
        kept = self.in_force(before)
        after: Any = step.state
        is_gone = self.latest_index(after, after.last_index) < self.latest_index(
            before, before.last_index
        )
        return step._replace(state=replace(after, bootstrap=kept)) if is_gone else step


class ConfigurationOfSnapshotIgnored(_OneAtATime):
    """A server misses the configuration in its snapshot, and goes by its first one (4.1, 5)."""

    def latest_index(self, state: State, last: int) -> int:
        """Look at the entries behind the snapshot alone."""
        found = super().latest_index(state, last)
        return found if found > state.compacted else 0


class CommittedByOldConfiguration(_OneAtATime):
    """A configuration is committed by a majority of the one before it (4.1)."""

    def is_stored(self, state: State, index: int) -> bool:
        """Ask those who were there before the entry."""
        old = self.configuration_at(state, self.latest_index(state, index - 1))
        stored = {peer for peer in old.members if self._match(state, peer) >= index}
        return old.is_quorum(frozenset({state.me, *stored}))


class UnionOfConfigurations(_Joint):
    """With C_old,new a majority of all servers is enough, to commit and to be elected (4.3)."""

    def has_quorum(self, state: Any, servers: frozenset[ServerId]) -> bool:
        """Count the servers of both as those of one."""
        return is_majority(servers, self.in_force(state).all_voters)


class NewConfigurationAlone(_Joint):
    """With C_old,new a majority of the new servers is enough (4.3)."""

    def has_quorum(self, state: Any, servers: frozenset[ServerId]) -> bool:
        """Count the new ones."""
        return is_majority(servers, self.in_force(state).voters)


class JointLeftBeforeCommitted(_Joint):
    """A leader appends C_new before C_old,new is committed (4.3)."""

    def changed_by(self, state: Any, change: Change) -> Configuration | None:
        """Leave it at once."""
        old = self.in_force(state)
        if isinstance(change, LeaveJoint) and self.may_serve(state) and old.outgoing_voters:
            return replace(old, outgoing_voters=frozenset())
        return super().changed_by(state, change)


class JointLeftByItsLeaderAlone(_Joint):
    """C_old,new is left by the leader that entered it, and by none that comes after (4.3)."""

    def may_change_jointly(self, state: Any) -> bool:
        """Ask who wrote the configuration that is in force."""
        index = self.latest_index(state, state.last_index)
        is_own = not index or state.term_at(index) == state.current_term
        return is_own and super().may_change_jointly(state)


class RetiredBeforeRemovalIsCommitted(_OneAtATime):
    """A server takes no part any more once its removal is in its log (4.2.2)."""

    def is_retired(self, state: Any) -> bool:
        """Tell whether a configuration in the log leaves the server out."""
        is_changed = self.latest_index(state, state.last_index) > 0
        return is_changed and state.me not in self.in_force(state).members

    def actions(self, state: Any) -> Iterator[Any]:
        """Step down, and do nothing more."""
        is_over = self.is_retired(state)
        return (each for each in super().actions(state) if not is_over or each == StepDown())

    def step_down(self, state: Any) -> Step | None:
        """Wait for nothing."""
        if state.role is not Role.LEADER or not self.is_retired(state):
            return None
        return Step(self.follow(state, state.current_term, state.voted_for), (), ("StepDown",))

    def receive(self, state: Any, message: Any) -> Step:
        """Answer nobody."""
        return Step(state, (), ()) if self.is_retired(state) else super().receive(state, message)


class CampaignWithUnappliedConfiguration(_Applied):
    """A server stands that has not applied a configuration which is committed (etcd's rule)."""

    def is_behind(self, state: Any) -> bool:
        """Do not ask."""
        return False


class CommitsForgottenByRestart(_Applied):
    """A server that uses what is applied forgets by a crash what is committed."""

    def restart(self, state: Any) -> Any:
        """Know what the snapshot tells."""
        after = super().restart(state)
        return replace(after, commit_index=after.compacted)


MEMBERSHIP_BUGS: Mapping[str, Bug] = {
    "single-server-change-without-barrier": Bug(
        ChangeBeforeCommitInTerm,
        breaks="ConfigurationsIntersect",
        seen_in="Ongaro's note of 2015, hydro#3192",
        bounds={
            "servers": 4,
            "voters": 4,
            "max_term": 2,
            "max_log_length": 1,
            "max_messages": 3,
            "max_changes": 1,
        },
        shown_within={"max_messages": 4},
    ),
    "change-before-last-is-committed": Bug(
        ChangeBeforeTheLastIsCommitted,
        breaks="OneUncommittedChange",
        seen_in="atomix/copycat#26, valkey#3926",
        bounds={
            "servers": 2,
            "voters": 1,
            "max_term": 1,
            "max_log_length": 3,
            "max_messages": 0,
            "max_changes": 2,
        },
    ),
    "learners-counted": Bug(
        LearnersCounted,
        breaks="CommitIsStored",
        seen_in="octo-im#43",
        bounds={
            "servers": 3,
            "voters": 2,
            "max_term": 1,
            "max_log_length": 2,
            "max_messages": 1,
            "max_changes": 1,
        },
    ),
    "removed-leader-counts-itself": Bug(
        RemovedLeaderCountsItself,
        breaks="CommitIsStored",
        seen_in="camunda#15232",
        bounds={
            "servers": 2,
            "voters": 2,
            "max_term": 1,
            "max_log_length": 2,
            "max_messages": 1,
            "max_changes": 1,
        },
    ),
    "learner-stands": Bug(
        LearnerStands,
        breaks="LearnersFollow",
        seen_in="NuRaft#553",
        bounds={
            "servers": 2,
            "voters": 1,
            "max_term": 2,
            "max_log_length": 2,
            "max_messages": 1,
            "max_changes": 1,
        },
    ),
    "stale-membership-in-snapshot": Bug(
        ConfigurationOfSnapshotIgnored,
        breaks="CommitIsStored",
        seen_in="openraft#1808",
        bounds={
            "servers": 2,
            "voters": 1,
            "max_term": 1,
            "max_log_length": 3,
            "max_messages": 1,
            "max_changes": 1,
            "max_snapshot_index": 2,
        },
    ),
    "committed-by-old-configuration": Bug(
        CommittedByOldConfiguration,
        breaks="CommitIsStored",
        seen_in="openraft#364",
        bounds={
            "servers": 2,
            "voters": 1,
            "max_term": 1,
            "max_log_length": 2,
            "max_messages": 0,
            "max_changes": 1,
        },
    ),
    "election-quorum-over-the-union": Bug(
        UnionOfConfigurations,
        breaks="CommitIsStored",
        seen_in="CCF#3948",
        bounds={
            "servers": 3,
            "voters": 1,
            "max_term": 1,
            "max_log_length": 1,
            "max_messages": 1,
            "max_changes": 1,
        },
    ),
    "new-configuration-alone": Bug(
        NewConfigurationAlone,
        breaks="CommitIsStored",
        seen_in="the thesis, 4.3, which demands both",
        bounds={
            "servers": 2,
            "voters": 2,
            "max_term": 1,
            "max_log_length": 1,
            "max_messages": 1,
            "max_changes": 1,
        },
    ),
    "joint-left-before-committed": Bug(
        JointLeftBeforeCommitted,
        breaks="NewFollowsCommittedJoint",
        seen_in="camunda#60086",
        bounds={
            "servers": 2,
            "voters": 1,
            "max_term": 1,
            "max_log_length": 2,
            "max_messages": 0,
            "max_changes": 2,
        },
    ),
    "joint-configuration-stuck": Bug(
        JointLeftByItsLeaderAlone,
        breaks="Progress",
        seen_in="etcd#12136",
        bounds={
            "servers": 2,
            "voters": 1,
            "max_term": 2,
            "max_log_length": 1,
            "max_messages": 1,
            "max_changes": 1,
        },
        goal="JointIsLeft",
        premise="JointIsEntered",
    ),
    "removed-node-retires-early": Bug(
        RetiredBeforeRemovalIsCommitted,
        breaks="Progress",
        seen_in="CCF#5973",
        bounds={
            "servers": 2,
            "voters": 2,
            "max_term": 1,
            "max_log_length": 2,
            "max_messages": 1,
            "max_changes": 1,
        },
        goal="ChangeIsEnded",
        premise="ChangeIsBegun",
    ),
    "campaign-before-applying-membership": Bug(
        CampaignWithUnappliedConfiguration,
        breaks="NobodyStandsBehind",
        seen_in="etcd#7280",
        bounds={
            "servers": 2,
            "voters": 2,
            "max_term": 2,
            "max_log_length": 1,
            "max_messages": 1,
            "max_changes": 1,
        },
    ),
    "commits-forgotten-by-restart": Bug(
        CommitsForgottenByRestart,
        breaks="AppliedIsCommitted",
        seen_in="etcd#5004, of which the state on disk is left to the reader",
        bounds={
            "servers": 2,
            "voters": 1,
            "max_term": 1,
            "max_log_length": 1,
            "max_messages": 0,
            "max_changes": 1,
            "max_restarts": 1,
        },
    ),
}
"""The known bugs of changes of membership by name, in the order of their rules."""
