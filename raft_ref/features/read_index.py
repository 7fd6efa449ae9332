"""Reads that put nothing into the log (thesis, 6.4): beside spec/features/ReadIndex.tla."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from raft_ref.features.configuration import ConfiguredNode
from raft_ref.features.messages import (
    HeartbeatRequest,
    HeartbeatResponse,
    ReadIndexRequest,
    ReadIndexResponse,
)
from raft_ref.features.state import PendingRead, ReadingState, with_variables
from raft_ref.messages import ServerId
from raft_ref.node import Step
from raft_ref.state import Role, replace


@dataclass(frozen=True, slots=True)
class Read:
    """A client reads at a leader."""


@dataclass(frozen=True, slots=True)
class RequestReadIndex:
    """A client reads at a server that takes `peer` for the leader."""

    peer: ServerId


@dataclass(frozen=True, slots=True)
class BeginRound:
    """A leader begins a round of heartbeats."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A leader asks `peer` whether it still follows."""

    peer: ServerId


@dataclass(frozen=True, slots=True)
class AnswerReads:
    """A leader answers what a round of heartbeats covers that a majority has acknowledged."""


@dataclass(frozen=True, slots=True)
class ServeRead:
    """A client gets what the state machine of a server has."""


class ReadIndexNode(ConfiguredNode):
    """A leader notes how far it has committed, and makes sure that it was not deposed by then."""

    def knows_committed(self, state: ReadingState) -> bool:
        """Tell whether a leader knows all that was committed before its term (KnowsCommitted)."""
        index = state.commit_index
        return index > 0 and state.term_at(index) == state.current_term

    def reads(self, before: ReadingState, after: ReadingState, m: Any) -> ReadingState:
        """Return the state after a step in which a message, if any, was taken (Reads)."""
        if isinstance(m, ReadIndexResponse) and self.learns(before, m):
            after = replace(after, read_index=m.index)
        if before.role is not Role.LEADER or after.role is not Role.LEADER:
            follows: ReadingState = with_variables(
                after, pending_reads=frozenset(), read_round=0, round_acks=frozenset()
            )
            return follows
        if isinstance(m, ReadIndexRequest) and self.notes(before, m):
            noted = PendingRead(m.source, m.number, before.commit_index)
            return replace(after, pending_reads=before.pending_reads | {noted})
        if isinstance(m, HeartbeatResponse) and self.acknowledges(before, m):
            return replace(after, round_acks=before.round_acks | {m.source})
        return after

    def learns(self, state: ReadingState, m: ReadIndexResponse) -> bool:
        """Tell whether an answer is to the read that a server has."""
        return m.number == state.read_number and state.read_index == 0

    def notes(self, state: ReadingState, m: ReadIndexRequest) -> bool:
        """Tell whether a leader takes a read of another server."""
        known = {(read.server, read.number) for read in state.pending_reads}
        return self.knows_committed(state) and (m.source, m.number) not in known

    def acknowledges(self, state: ReadingState, m: HeartbeatResponse) -> bool:
        """Tell whether an answer is to the latest round of a leader."""
        return m.term == state.current_term and 0 < m.round == state.read_round

    def of_reads(self, state: ReadingState) -> Iterator[Any]:
        """Yield what may happen to reads."""
        if state.role is not Role.LEADER:
            if self.may_read(state):
                others = (server for server in self.servers if server != state.me)
                yield from (RequestReadIndex(peer) for peer in others)
        else:
            heartbeats = (Heartbeat(peer) for peer in self._peers(state))
            for action in (Read(), BeginRound(), *heartbeats, AnswerReads()):
                if self.act_on_reads(state, action) is not None:
                    yield action
        if self.may_serve_read(state):
            yield ServeRead()

    def act_on_reads(self, state: ReadingState, action: Any) -> Step | None:
        """Take an action; None where it is not enabled, or is none of reads."""
        match action:
            case Read():
                return self.read(state)
            case RequestReadIndex(peer):
                return self.request_read_index(state, peer)
            case BeginRound():
                return self.begin_round(state)
            case Heartbeat(peer):
                return self.heartbeat(state, peer)
            case AnswerReads():
                return self.answer_reads(state)
            case ServeRead():
                return self.serve_read(state)
            case _:
                return None

    def may_read(self, state: ReadingState) -> bool:
        """Tell whether a server has no read, or can give one up (MayRead)."""
        return not state.read_index

    def read(self, state: ReadingState) -> Step | None:
        """Note a client's read (Read; 6.4)."""
        if state.role is not Role.LEADER or not self.may_read(state):
            return None
        if not self.knows_committed(state):
            return None
        number = state.read_number + 1
        others = frozenset(each for each in state.pending_reads if each.server != state.me)
        noted = PendingRead(state.me, number, state.commit_index)
        after = replace(state, read_number=number, read_index=0, pending_reads=others | {noted})
        return Step(after, (), ("Read",))

    def request_read_index(self, state: ReadingState, peer: ServerId) -> Step | None:
        """Ask the leader for the index of a read (RequestReadIndex; 6.4)."""
        if state.role is Role.LEADER or peer == state.me or not self.may_read(state):
            return None
        number = state.read_number + 1
        request = ReadIndexRequest(state.me, peer, state.current_term, number)
        after = replace(state, read_number=number, read_index=0)
        return Step(after, (request,), ("RequestReadIndex",))  # type: ignore[arg-type]

    def begin_round(self, state: ReadingState) -> Step | None:
        """Begin a round for all reads that were noted by now (BeginRound; 6.4)."""
        if state.role is not Role.LEADER or not self.is_asked(state):
            return None
        after = replace(
            state,
            read_round=state.read_round + 1,
            round_acks=frozenset(),
            pending_reads=frozenset(replace(r, is_covered=True) for r in state.pending_reads),
        )
        return Step(after, (), ("BeginRound",))

    def heartbeat(self, state: ReadingState, peer: ServerId) -> Step | None:
        """Ask a server whether it still follows (Heartbeat; 6.4)."""
        if state.role is not Role.LEADER or peer == state.me or state.read_round == 0:
            return None
        if peer not in self.members_of(state):
            return None
        request = HeartbeatRequest(state.me, peer, state.current_term, state.read_round)
        return Step(state, (request,), ("Heartbeat",))  # type: ignore[arg-type]

    def is_asked(self, state: ReadingState) -> bool:
        """Tell whether there is something to begin a round for (IsAsked)."""
        return not all(read.is_covered for read in state.pending_reads)

    def is_confirmed(self, state: ReadingState) -> bool:
        """Tell whether a majority has acknowledged the round (AnswerReads)."""
        return self.has_quorum(state, state.round_acks | {state.me})

    def answer_reads(self, state: ReadingState) -> Step | None:
        """Answer the reads that the round covers (AnswerReads; 6.4)."""
        covered = frozenset(read for read in state.pending_reads if read.is_covered)
        if state.role is not Role.LEADER or not covered or not self.is_confirmed(state):
            return None
        own = [read.index for read in covered if read.server == state.me]
        after = replace(
            state,
            pending_reads=state.pending_reads - covered,
            read_index=own[0] if own else state.read_index,
        )
        others = sorted(
            (read for read in covered if read.server != state.me),
            key=lambda read: (self._position[read.server], read.number),
        )
        responses = tuple(
            ReadIndexResponse(state.me, read.server, state.current_term, read.number, read.index)
            for read in others
        )
        return Step(after, responses, ("AnswerReads",))  # type: ignore[arg-type]

    def may_serve_read(self, state: ReadingState) -> bool:
        """Tell whether what a read waits for is applied (ServeRead)."""
        return bool(state.read_index) and state.commit_index >= (state.read_index or 0)

    def serve_read(self, state: ReadingState) -> Step | None:
        """Give the client what the state machine has (ServeRead; 6.4)."""
        if not self.may_serve_read(state):
            return None
        return Step(replace(state, read_index=None), (), ("ServeRead",))

    def handle_heartbeat_request(self, state: ReadingState, m: HeartbeatRequest) -> Step:
        """Follow the leader of the term, or tell one of an older term (HandleHeartbeatRequest).

        That is no answer to a round (0): who is told may come to lead the newer term, and the
        number may be that of a round which it has not begun.
        """
        after: Any = state
        answered = 0
        if m.term == state.current_term:
            after, answered = self.follow(state, m.term, state.voted_for), m.round
        response = HeartbeatResponse(state.me, m.source, state.current_term, answered)
        return Step(after, (response,), ("HandleHeartbeatRequest",))  # type: ignore[arg-type]

    def handle_of_reads(
        self,
        state: ReadingState,
        m: HeartbeatResponse | ReadIndexRequest | ReadIndexResponse,
    ) -> Step:
        """Make nothing more of a message (HandleOfReads); what it says of reads is for `reads`."""
        return Step(state, (), (f"Handle{type(m).__name__}",))
