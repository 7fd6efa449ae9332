"""Raft with features: to be read side by side with spec/features/ExtendedRaft.tla."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import fields
from typing import Any, ClassVar, Self

from raft_ref.features.check_quorum import CheckQuorum, CheckQuorumNode
from raft_ref.features.configuration import Configuration
from raft_ref.features.leader_contact import LeaderContactNode, MissLeader
from raft_ref.features.leadership_transfer import (
    AbortTransfer,
    LeadershipTransferNode,
    TimeoutNow,
    TransferLeadership,
)
from raft_ref.features.leases import LeasesNode
from raft_ref.features.membership import Change, EnterJoint, MembershipNode, StepDown, TakeLead
from raft_ref.features.messages import (
    HeartbeatRequest,
    HeartbeatResponse,
    PreVoteRequest,
    PreVoteResponse,
    ReadIndexRequest,
    ReadIndexResponse,
    TimeoutNowRequest,
)
from raft_ref.features.pre_vote import PreVoteNode, RequestPreVotes
from raft_ref.features.read_index import BeginRound
from raft_ref.features.state import (
    REFINING,
    ConfiguredState,
    ExtendedState,
    Feature,
    ReadingState,
    lacking,
    with_variables,
)
from raft_ref.machine import StateMachine
from raft_ref.messages import (
    AppendEntriesRequest,
    Entry,
    InstallSnapshotRequest,
    ServerId,
    Snapshot,
    Value,
)
from raft_ref.node import (
    AppendEntries,
    ClientRequest,
    CompactLog,
    InstallSnapshot,
    Node,
    Step,
    Timeout,
)
from raft_ref.state import Role, State, replace

MAX_READS, MAX_ROUNDS = "max_reads", "max_rounds"
"""The bounds on reads that a server begins, and on rounds of heartbeats in a term, with reads."""
MAX_CHANGES = "max_changes"
"""The bound on configurations in a log, where the membership can change."""

_DURABLE_OF_READS = frozenset({"read_number", "promise"})
_DURABLE_OF_MEMBERSHIP = frozenset({"bootstrap", "configuration_index"})
_MEASURES: Mapping[str, Callable[[Any], int]] = {
    MAX_READS: lambda state: state.read_number,
    MAX_ROUNDS: lambda state: state.read_round,
}


def changes(state: State) -> int:
    """Return how many configurations a log holds, compacted ones too."""
    applied: Any = state.snapshot.data
    values = (*applied, *(entry.value for entry in state.log))
    return sum(isinstance(value, Configuration) for value in values)


class ExtendedNode(
    LeaderContactNode,
    PreVoteNode,
    CheckQuorumNode,
    LeadershipTransferNode,
    LeasesNode,
    MembershipNode,
):
    """The servers of one cluster, with features; see `raft_ref.Node`.

    A step is one of the node's with what the features that are on demand of it, and with what
    becomes of their own variables by it.
    """

    durable = Node.durable | _DURABLE_OF_READS | _DURABLE_OF_MEMBERSHIP

    default_features: ClassVar[frozenset[Feature]] = REFINING
    """Those that are on if nobody says which."""

    do_clocks_agree: ClassVar[bool] = True
    """Whether clocks drift less than leases provide for (ClocksAgree in MCExtendedRaft.tla)."""

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[Value] = (),
        machine: StateMachine | None = None,
        features: Iterable[Feature] | None = None,
        voters: Iterable[ServerId] | None = None,
    ) -> None:
        """Describe a cluster, and which features are on (None: the default); see `raft_ref.Node`.

        `voters` are the servers that it begins with (None: all), where the membership can change;
        the others are there, and empty. Raises ValueError as that does, for a feature without one
        that it needs, and for voters who are no servers.
        """
        super().__init__(servers, values, machine)
        self.voters = frozenset(self.servers if voters is None else voters)
        if not self.voters or not self.voters <= {*self.servers}:
            raise ValueError(f"voters are some of the servers: {sorted(self.voters)}")
        self._turn_on(self.default_features if features is None else features)

    def with_features(self, features: Iterable[Feature]) -> Self:
        """Return the same node with these features on, and no others."""
        other = copy(self)
        other._turn_on(features)
        return other

    def with_voters(self, voters: Iterable[ServerId]) -> Self:
        """Return the same node in a cluster that begins with these voters."""
        other = copy(self)
        other.voters = frozenset(voters)
        return other

    def _turn_on(self, features: Iterable[Feature]) -> None:
        self.features = frozenset(features)
        self._has_pre_vote = Feature.PRE_VOTE in self.features
        self._has_check_quorum = Feature.CHECK_QUORUM in self.features
        self._has_transfer = Feature.LEADERSHIP_TRANSFER in self.features
        self._contact_matters = self._has_pre_vote or self._has_check_quorum
        self._has_reads = Feature.READ_INDEX in self.features
        self._has_leases = Feature.LEASES in self.features
        self.is_changeable = Feature.MEMBERSHIP in self.features
        self.has_joint = Feature.JOINT_CONSENSUS in self.features
        self.is_used_when_applied = Feature.APPLIED_MEMBERSHIP in self.features
        if (alone := lacking(self.features)) is not None:
            raise ValueError(f"{alone.option} needs another feature, which has to be on as well")
        self.durable = type(self).durable - self._unused()  # type: ignore[misc]
        of_reads = _MEASURES if self._has_reads else {}
        of_changes = {MAX_CHANGES: changes} if self.is_changeable else {}
        self.measures = {**Node.measures, **of_reads, **of_changes}  # type: ignore[misc]
        self.action_names = (*Node.action_names, *self._names())  # type: ignore[misc]

    def _unused(self) -> frozenset[str]:
        """Return what is durable with other features on."""
        of_reads = frozenset() if self._has_reads else _DURABLE_OF_READS
        of_changes = frozenset() if self.is_changeable else _DURABLE_OF_MEMBERSHIP
        return of_reads | of_changes

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
        if self._has_reads:
            yield from ("Read", "RequestReadIndex", "BeginRound", "Heartbeat")
            yield from ("AnswerReads", "ServeRead")
            yield from ("HandleHeartbeatRequest", "HandleHeartbeatResponse")
            yield from ("HandleReadIndexRequest", "HandleReadIndexResponse")
        if self._has_leases:
            yield from ("LeaseRead", "EndLease", "EndPromise")
            if not self._has_check_quorum:
                yield "IgnoreRequestVoteRequest"
        if self.is_changeable:
            yield from ("AddServer", "RemoveServer", "AddLearner", "PromoteLearner")
            yield from ("TakeLead", "Commit", "StepDown")
        if self.has_joint:
            yield from ("EnterJoint", "LeaveJoint")
        if self.is_used_when_applied:
            yield "ApplyConfiguration"

    def initial(self, me: ServerId) -> ExtendedState:
        """Return the state of a server at its first start (Init)."""
        base = super().initial(me)
        of_base = {f.name: getattr(base, f.name) for f in fields(base)}
        if self.is_changeable:
            known = Configuration(self.voters) if me in self.voters else Configuration()
            return ConfiguredState(**of_base, bootstrap=known)
        return (ReadingState if self._has_reads else ExtendedState)(**of_base)

    def restart(self, state: Any) -> Any:
        """Return what a crash leaves (Restart)."""
        after = super().restart(state)
        # What a server knows to be committed it need not apply again (RestartWithCommits).
        return (
            replace(after, commit_index=state.commit_index) if self.is_used_when_applied else after
        )

    def watched(self, before: Any, step: Step, message: Any = None) -> Step:
        """Return a step with what becomes of the features' variables by it (Watched)."""
        after: Any = step.state
        if self._contact_matters:
            after = with_variables(after, heard_from_leader=self.contact(before, after, message))
        if self._has_pre_vote:
            after = with_variables(after, pre_votes_granted=self.pre_votes(before, after, message))
        if self._has_check_quorum:
            after = with_variables(after, heard_from=self.answers(before, after, message))
        if self._has_reads:
            after = self.reads(before, after, message)
        if self._has_leases:
            after = self.lease(before, after, message)
        if self.is_changeable:
            after = self.configured(before, after)
        if not self._has_transfer:
            return step._replace(state=after)
        after = with_variables(
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
        if self._may_ask(state) and state.role is not Role.LEADER and not state.heard_from_leader:
            yield RequestPreVotes()
        if state.role is Role.LEADER:
            if self._has_check_quorum:
                yield CheckQuorum()
            if self._has_transfer:
                yield from self.transfers(state)
        if self._has_reads:
            yield from self.of_reads(state)
        if self._has_leases:
            yield from self.of_leases(state)
        if self.is_changeable:
            yield from self.of_membership(state)

    def allows(self, state: ExtendedState, action: Any) -> bool:
        """Tell whether the features let a server do what Raft lets it do."""
        match action:
            case Timeout():
                return self.may_stand(state)
            case ClientRequest():
                return self.may_serve(state)
            case AppendEntries(peer) | InstallSnapshot(peer):
                return peer in self.members_of(state)
            case CompactLog(index):
                return self.may_compact(state, index)
            case _:
                return True

    def is_asked(self, state: ReadingState) -> bool:
        """Tell whether there is something to begin a round of heartbeats for (Heartbeat)."""
        return super().is_asked(state) or (self._has_leases and self.may_renew(state))

    def may_stand(self, state: Any) -> bool:
        """Tell whether the features let a server stand for a new term (Timeout)."""
        if self.is_changeable and not self.may_be_elected(state):
            return False
        if state.is_forced:
            return True
        is_wanted = not self._has_pre_vote or self.has_pre_votes(state)
        is_bound = self._has_leases and not self.is_free(state)
        return bool(is_wanted and not state.heard_from_leader and not is_bound)

    def _may_ask(self, state: Any) -> bool:
        """Tell whether a server may ask whether it could win (RequestPreVotes)."""
        return self._has_pre_vote and (not self.is_changeable or self.may_be_elected(state))

    def changed_by(self, state: Any, change: Change) -> Configuration | None:
        """Return the configuration that a change leads to; None during a transfer (Changing)."""
        return super().changed_by(state, change) if self.may_serve(state) else None

    def act(self, state: Any, action: Any) -> Step | None:
        """Take an action; None where it is not enabled."""
        step = self._own(state, action)
        match action:
            case CheckQuorum() if step is not None:
                return self._checked(state, step)
            case Timeout() | TakeLead() | StepDown() if step is not None:
                return self.watched(state, step)
            case _:
                return step

    def _own(self, state: Any, action: Any) -> Step | None:
        match action:
            case MissLeader():
                return self.miss_leader(state) if self._contact_matters else None
            case RequestPreVotes():
                return self.request_pre_votes(state) if self._may_ask(state) else None
            case CheckQuorum():
                return self.check_quorum(state) if self._has_check_quorum else None
            case TransferLeadership(peer):
                return self.transfer_leadership(state, peer) if self._has_transfer else None
            case AbortTransfer():
                return self.abort_transfer(state) if self._has_transfer else None
            case TimeoutNow():
                step = self.timeout_now(state) if self._has_transfer else None
                return self.given_up(step) if step is not None and self._has_leases else step
        if self._has_reads and (step := self.act_on_reads(state, action)) is not None:
            return self.trusting(step) if self._has_leases and action == BeginRound() else step
        if self._has_leases and (step := self.act_on_lease(state, action)) is not None:
            return step
        if self.is_changeable and (step := self.act_on_membership(state, action)) is not None:
            return step
        return super().act(state, action) if self.allows(state, action) else None

    def _checked(self, before: ExtendedState, step: Step) -> Step:
        """Return a check of the quorum, after which a leader may be none (CheckQuorum)."""
        checked = self.watched(before, step)
        return checked._replace(state=with_variables(checked.state, heard_from=frozenset()))

    # Messages

    def receive(self, state: Any, message: Any) -> Step:
        """Handle a message, or do as if it had not arrived (Receive)."""
        is_ignored = self._has_check_quorum and self.ignores(state, message)
        if is_ignored or (self._has_leases and self.has_promised_another(state, message)):
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
            case HeartbeatRequest():
                return self.handle_heartbeat_request(state, message)
            case HeartbeatResponse() | ReadIndexRequest() | ReadIndexResponse():
                return self.handle_of_reads(state, message)
            case _:
                return super().handle(state, message)

    # Symmetry

    def is_obsolete(self, state: Any, message: Any) -> bool:
        """Tell whether a server will ignore a message for good."""
        match message:
            case PreVoteResponse():
                return bool(message.term <= state.current_term)
            case TimeoutNowRequest() | HeartbeatResponse():
                return bool(message.term < state.current_term)
            case ReadIndexResponse():
                is_older = message.number < state.read_number
                return bool(message.term <= state.current_term and is_older)
            case PreVoteRequest() | HeartbeatRequest() | ReadIndexRequest():
                return False
            case _:
                return super().is_obsolete(state, message)

    def rename(self, value: Any, renaming: Mapping[str, str]) -> Any:
        """Return a state, message or action with its servers and values renamed."""
        if isinstance(value, EnterJoint):
            return EnterJoint(frozenset(renaming[server] for server in value.voters))
        renamed: Any = super().rename(value, renaming)
        if not self.is_changeable:
            return renamed
        match renamed:
            case AppendEntriesRequest():
                return replace(renamed, entries=_renamed_entries(renamed.entries, renaming))
            case InstallSnapshotRequest():
                return replace(renamed, snapshot=_renamed_snapshot(renamed.snapshot, renaming))
            case _:
                return renamed

    def _rename_state(self, state: Any, renaming: Mapping[str, str]) -> State:
        def renamed(servers: frozenset[str]) -> frozenset[str]:
            return frozenset(renaming[server] for server in servers)

        target = state.transfer_target
        changed: dict[str, Any] = {
            "pre_votes_granted": renamed(state.pre_votes_granted),
            "heard_from": renamed(state.heard_from),
            "transfer_target": None if target is None else renaming[target],
        }
        of_raft = super()._rename_state(state, renaming)
        if self.is_changeable:
            changed |= _renamed_configurations(of_raft, renaming)
        if self._has_reads:
            changed |= _renamed_reads(state, renaming)
        return replace(of_raft, **changed)


def _renamed_reads(state: Any, renaming: Mapping[str, str]) -> dict[str, Any]:
    promise = state.promise
    return {
        "pending_reads": frozenset(
            replace(read, server=renaming[read.server]) for read in state.pending_reads
        ),
        "round_acks": frozenset(renaming[server] for server in state.round_acks),
        "promise": promise and replace(promise, leader=renaming[promise.leader]),
    }


def _renamed_configurations(state: Any, renaming: Mapping[str, str]) -> dict[str, Any]:
    return {
        "log": _renamed_entries(state.log, renaming),
        "snapshot": _renamed_snapshot(state.snapshot, renaming),
        "bootstrap": state.bootstrap.renamed(renaming),
    }


def renamed_value(value: Any, renaming: Mapping[str, str]) -> Any:
    """Return the value of an entry with the servers in it renamed, if it is a configuration."""
    return value.renamed(renaming) if isinstance(value, Configuration) else value


def _renamed_entries(entries: tuple[Entry, ...], renaming: Mapping[str, str]) -> tuple[Entry, ...]:
    return tuple(Entry(each.term, renamed_value(each.value, renaming)) for each in entries)


def _renamed_snapshot(snapshot: Snapshot, renaming: Mapping[str, str]) -> Snapshot:
    applied: Any = snapshot.data
    return replace(snapshot, data=tuple(renamed_value(value, renaming) for value in applied))
