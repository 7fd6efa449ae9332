"""Known bugs of reads, each as a node that changes one rule; see `raft_ref.bugs`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from raft_ref.bugs import Bug
from raft_ref.features.bugs.mutant import Mutant
from raft_ref.features.messages import HeartbeatRequest, HeartbeatResponse, ReadIndexResponse
from raft_ref.features.state import Feature, ReadingState
from raft_ref.messages import ServerId
from raft_ref.node import Step


class _Reads(Mutant):
    on: ClassVar[tuple[Feature, ...]] = (Feature.READ_INDEX,)


class _Leases(Mutant):
    on: ClassVar[tuple[Feature, ...]] = (Feature.READ_INDEX, Feature.LEASES)


class LeaderReadsAlone(_Reads):
    """A leader answers reads without asking whether it still leads (thesis, 6.4)."""

    def read(self, state: ReadingState) -> Step | None:
        """Know the index at once."""
        step = super().read(state)
        if step is None:
            return None
        after: Any = step.state
        known = replace(after, read_index=state.commit_index, pending_reads=state.pending_reads)
        return step._replace(state=known)


class ReadBeforeFirstCommit(_Reads):
    """A leader answers reads that has committed nothing in its own term (thesis, 6.4)."""

    def knows_committed(self, state: ReadingState) -> bool:
        """Take one's own commit index for all that was committed."""
        return state.commit_index > 0


class EarlierReadAnswered(_Reads):
    """A follower takes the answer to an earlier read for that to its latest (thesis, 6.4)."""

    def learns(self, state: ReadingState, m: ReadIndexResponse) -> bool:
        """Take any answer."""
        return state.read_index == 0


class ReadBeforeApplied(_Reads):
    """A read is served before what it waits for is applied (thesis, 6.4)."""

    def may_serve_read(self, state: ReadingState) -> bool:
        """Serve as soon as the index is known."""
        return bool(state.read_index)


class FollowerReadsAlone(_Reads):
    """A follower serves reads by its own commit index, without asking the leader (thesis, 6.4)."""

    def request_read_index(self, state: ReadingState, peer: ServerId) -> Step | None:
        """Know the index at once."""
        step = super().request_read_index(state, peer)
        if step is None or state.commit_index == 0:
            return step
        after: Any = step.state
        return step._replace(state=replace(after, read_index=state.commit_index))


class EarlierRoundCounted(_Leases):
    """An acknowledgement of an earlier round counts for the latest (thesis, 6.4, 6.4.1)."""

    def acknowledges(self, state: ReadingState, m: HeartbeatResponse) -> bool:
        """Count any answer of the term."""
        return m.term == state.current_term


class AcknowledgementsKept(_Leases):
    """Who has acknowledged a round is not forgotten as the next begins (thesis, 6.4, 6.4.1)."""

    def begin_round(self, state: ReadingState) -> Step | None:
        """Begin a round with the answers to the last one."""
        step = super().begin_round(state)
        if step is None:
            return None
        after: Any = step.state
        return step._replace(state=replace(after, round_acks=state.round_acks))


class RefusalTakenForAcknowledgement(_Leases):
    """Who refuses a round of an older term answers one of its own term (thesis, 6.4, 6.4.1)."""

    def handle_heartbeat_request(self, state: ReadingState, m: HeartbeatRequest) -> Step:
        """Say the round whatever its term."""
        step = super().handle_heartbeat_request(state, m)
        response: Any
        (response,) = step.messages
        return step._replace(messages=(replace(response, round=m.round),))


class PromiseShortened(_Leases):
    """A round that arrives late takes the place of the later one that was promised (6.4.1)."""

    def promises(self, state: ReadingState, m: HeartbeatRequest) -> bool:
        """Promise whatever the order."""
        return m.term == state.current_term


class LeaseOutlivesTransfer(_Leases):
    """A leader keeps its lease when it tells another to stand at once (thesis, 3.10, 6.4.1)."""

    on = (*_Leases.on, Feature.LEADERSHIP_TRANSFER)

    def given_up(self, step: Step) -> Step:
        """Trust as before."""
        return step


class LateTimeoutNowBreaksLease(LeaseOutlivesTransfer):
    """A leader has a lease again after a transfer that came to nothing, yet may (thesis, 6.4.1)."""

    def given_up(self, step: Step) -> Step:
        """Trust no more in this round alone."""
        after: Any = step.state
        return step._replace(state=replace(after, is_trusting=False))


class PromiseForgottenByRestart(_Leases):
    """A server that starts again gives the vote that it has promised (thesis, 6.4.1)."""

    durable = Mutant.durable - {"promise"}


class ClockDriftsBeyondBound(_Leases):
    """A promise ends before its leader's trust in it does, by its own clock (thesis, 6.4.1)."""

    do_clocks_agree: ClassVar[bool] = False


_OF_THREE: Mapping[str, int] = {
    "servers": 3, "max_term": 2, "max_log_length": 2, "max_messages": 2,
}  # fmt: skip

READ_BUGS: Mapping[str, Bug] = {
    "leader-reads-alone": Bug(
        LeaderReadsAlone,
        breaks="LinearizableReads",
        seen_in="d-engine#381, akka-raft#65",
        bounds=_OF_THREE,
    ),
    "read-before-first-commit": Bug(
        ReadBeforeFirstCommit,
        breaks="LinearizableReads",
        seen_in="etcd#7331, redisraft#22, tikv#9239",
        bounds={"servers": 2, "max_term": 2, "max_log_length": 2, "max_messages": 1},
    ),
    "earlier-read-answered": Bug(
        EarlierReadAnswered,
        breaks="LinearizableReads",
        seen_in="thesis, 6.4",
        bounds={
            "servers": 2, "max_term": 1, "max_log_length": 2, "max_messages": 1, "max_reads": 2,
        },
    ),
    "read-before-applied": Bug(
        ReadBeforeApplied,
        breaks="LinearizableReads",
        seen_in="hashicorp/raft#359",
        bounds={"servers": 2, "max_term": 1, "max_log_length": 1, "max_messages": 1},
    ),
    "follower-reads-alone": Bug(
        FollowerReadsAlone,
        breaks="LinearizableReads",
        seen_in="rqlite#5",
        bounds={"servers": 2, "max_term": 1, "max_log_length": 2, "max_messages": 1},
    ),
    "earlier-round-counted": Bug(
        EarlierRoundCounted,
        breaks="LeaseExcludesLeaders",
        seen_in="etcd#20418",
        bounds={"servers": 3, "max_term": 2, "max_messages": 2, "max_rounds": 2},
    ),
    "acknowledgements-kept": Bug(
        AcknowledgementsKept,
        breaks="LeaseExcludesLeaders",
        seen_in="etcd#20418",
        bounds={"servers": 3, "max_term": 2, "max_messages": 2, "max_rounds": 2},
    ),
    "refusal-taken-for-acknowledgement": Bug(
        RefusalTakenForAcknowledgement,
        breaks="StepRefinement",  # LeaseExcludesLeaders among three servers in a third term
        seen_in="thesis, 6.4",
        bounds={"servers": 2, "max_term": 2, "max_messages": 2},
    ),
    "promise-shortened": Bug(
        PromiseShortened,
        breaks="LeaseExcludesLeaders",
        seen_in="thesis, 6.4.1",
        bounds={"servers": 3, "max_term": 2, "max_messages": 2, "max_rounds": 2},
    ),
    "clock-drifts-beyond-bound": Bug(
        ClockDriftsBeyondBound,
        breaks="LeaseExcludesLeaders",
        seen_in="etcd#8450, sofa-jraft#25",
        bounds={"servers": 3, "max_term": 2, "max_messages": 2},
    ),
    "promise-forgotten-by-restart": Bug(
        PromiseForgottenByRestart,
        breaks="LeaseExcludesLeaders",
        seen_in="tikv#15035",
        bounds={"servers": 3, "max_term": 2, "max_messages": 2, "max_restarts": 1},
    ),
    "lease-outlives-transfer": Bug(
        LeaseOutlivesTransfer,
        breaks="LeaseExcludesLeaders",
        seen_in="openraft#1748, etcd-io/raft#99",
        bounds={"servers": 3, "max_term": 2, "max_messages": 2},
    ),
    "late-timeout-now-breaks-lease": Bug(
        LateTimeoutNowBreaksLease,
        breaks="LeaseExcludesLeaders",
        seen_in="raft-rs#234, etcd#12704",
        bounds={"servers": 3, "max_term": 2, "max_messages": 2},
    ),
}  # fmt: skip
"""The known bugs of reads by name, in the order of their rules."""
