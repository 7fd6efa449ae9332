"""A running server with reads as a feature: when it takes the steps of ReadIndex and of Leases.

- Reads that come in together are one read of the node, which has one at a time: those that come
  while it waits are the next one (Read at a leader; RequestReadIndex at another server, again
  after two heartbeats without an answer, and at once of another leader).
- A leader begins a round for all reads that it noted (BeginRound) unless one is under way, and asks
  all others (Heartbeat), again after a heartbeat those that did not answer. A majority's answers
  end it (AnswerReads); what is read is served once it is applied (ServeRead).
- By lease, a round that was answered stands for the reads after it (LeaseRead), until the least
  election timeout has passed since the round was begun, less what clocks may drift (EndLease).
  Who answered is bound for the least election timeout since it did so (EndPromise). A restart is
  bound by what was promised before for that long again, as no clock tells how much is over.

That a promise lasts longer than the trust in it is assumed of clocks: none runs faster than another
by more than `Timing.clock_drift`, and none is set, or stands still while others go on.

A server without leases answers rounds and promises nothing. So who promises says so, in the number
that travels with its answer, and a lease is of a majority of these.
"""

import random
from dataclasses import dataclass
from typing import Any

from raft_ref.features import (
    AnswerReads,
    BeginRound,
    EndLease,
    EndPromise,
    ExtendedNode,
    Feature,
    Heartbeat,
    HeartbeatRequest,
    HeartbeatResponse,
    LeaseRead,
    Promise,
    Read,
    ReadingState,
    RequestReadIndex,
    ServeRead,
)
from raft_ref.messages import ServerId
from raft_ref.node import Step
from raft_ref.server.codec import Envelope
from raft_ref.server.replicas.membership import MembershipReplica
from raft_ref.server.replicas.replica import IN_PRACTICE, LONG_AGO, Key, Observer, RequestId, Timing
from raft_ref.state import State, replace


def in_microseconds(seconds: float) -> int:
    """Return a time as it travels with an answer to a round that is a promise: how long it binds.

    Servers may have other timeouts, and who promises for less than a lease lasts promises nothing.
    """
    return round(1_000_000 * seconds)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a client wants to read."""

    request: RequestId
    key: Key
    of_any: bool


class ReadingReplica(MembershipReplica):
    """A replica of an `ExtendedNode` with reads, and perhaps with leases; see `Replica`."""

    state: ReadingState

    def __init__(
        self,
        node: ExtendedNode,
        me: ServerId,
        chance: random.Random,
        now: float,
        saved: State | None = None,
        timing: Timing = IN_PRACTICE,
        observe: Observer = lambda before, event, step: None,
    ) -> None:
        super().__init__(node, me, chance, now, saved, timing, observe)
        self._has_leases = Feature.LEASES in node.features
        self._reserved = self.state.read_number  # what is saved: none up to it is used again
        self._waiting: list[_Wanted] = []
        self._batch: list[_Wanted] = []  # what the read of the node is for
        self._asked: ServerId | None = None  # of whom its index was asked last
        self._asked_at = LONG_AGO
        self._round_sent = LONG_AGO  # when those were asked last that did not answer
        self._promised: set[ServerId] = set()  # who did for the latest round
        self._lease_due = LONG_AGO
        self._promise_due = now + self.promise_time()

    # Time

    def promise_time(self) -> float:
        """Return the seconds for which an answer to a round binds a server."""
        return self.timing.election_timeout[0]

    def lease_time(self) -> float:
        """Return the seconds for which a leader trusts in a round since it began it (6.4.1)."""
        return self.timing.election_timeout[0] / (1 + self.timing.clock_drift)

    def _let_time_pass(self, now: float) -> None:
        if self.state.promise is not None and now >= self._promise_due:
            self._act(EndPromise(), now)
        if self.state.is_trusting and now >= self._lease_due:
            self._act(EndLease(), now)

    @property
    def due(self) -> float:
        """The time at which `tick` and `flush` have something to do if nothing happens before."""
        times = [super().due]
        if self.state.promise is not None:
            times.append(self._promise_due)
        if self.state.is_trusting:
            times.append(self._lease_due)
        if self._is_round_under_way():
            times.append(self._round_sent + self.timing.heartbeat)
        if self._leading is None and self._batch and not self.state.read_index:
            times.append(self._asked_at + 2 * self.timing.heartbeat)
        return min(times)

    # What happens

    def receive(self, envelope: Envelope, now: float) -> None:
        """Take a message from a peer."""
        self._let_time_pass(now)
        super().receive(envelope, now)
        message: Any = envelope.message
        if message.term != self.state.current_term:
            return
        if isinstance(message, HeartbeatRequest):
            self._promise_due = now + self.promise_time()
        is_answer = isinstance(message, HeartbeatResponse)
        is_promise = is_answer and envelope.round >= in_microseconds(self.promise_time())
        if is_promise and message.round == self.state.read_round:
            self._promised.add(message.source)

    def _take(self, step: Step, event: Any, number: int, now: float) -> None:
        after: Any = step.state
        if isinstance(event, HeartbeatRequest) and self._has_leases:
            asked = Promise(event.source, event.term, event.round)
            promised = in_microseconds(self.promise_time())
            number = promised if after.promise == asked else number
        super()._take(step, event, number, now)

    def tick(self, now: float) -> None:
        """Let time pass."""
        self._let_time_pass(now)
        super().tick(now)

    def read(self, request: RequestId, key: Key, of_any: bool = False) -> None:
        """Take a client's question for the value of a key: for the leader, or for any server."""
        if self._leading is None and not (of_any and self.leader is not None):
            self._refuse(request)
        else:
            self._waiting.append(_Wanted(request, key, of_any))

    def _durable(self) -> State:
        if self.state.read_number > self._reserved:
            self._reserved = self.state.read_number + self.timing.read_numbers
        return replace(self.state, read_number=self._reserved)

    def _start_leading(self, now: float) -> None:
        self._ask_anew()
        super()._start_leading(now)

    def _stop_leading(self, now: float) -> None:
        super()._stop_leading(now)
        self._ask_anew()
        for wanted in self._waiting:
            if not wanted.of_any:
                self._refuse(wanted.request)
        self._waiting = [wanted for wanted in self._waiting if wanted.of_any]

    def _ask_anew(self) -> None:
        """Let what waits for an index wait for another one: nobody answers for the first."""
        if not self.state.read_index:
            self._waiting = self._batch + self._waiting
            self._batch = []

    # Reads

    def _attend_to_reads(self, now: float) -> None:
        """Do for reads what can be done by now."""
        self._let_time_pass(now)
        if self._leading is not None:
            self._answer_round(now)
            self._serve(now)
            self._note_reads(now)
            self._ask_for_round(now)
        else:
            self._serve(now)
            self._ask_leader(now)

    def _serve(self, now: float) -> None:
        """Answer what is read, once what it has to wait for is applied."""
        if self.node.may_serve_read(self.state):
            self._act(ServeRead(), now)
            self._answer_all(self._batch)
            self._batch = []

    def _answer_all(self, batch: list[_Wanted]) -> None:
        for wanted in batch:
            self._answer(wanted.request, self._found(wanted.key))

    def _note_reads(self, now: float) -> None:
        if not self._waiting or self._batch or not self.node.knows_committed(self.state):
            return
        self._act(LeaseRead() if self._has_lease() else Read(), now)
        self._batch, self._waiting = self._waiting, []
        self._serve(now)

    # A leader's rounds

    def _has_lease(self) -> bool:
        is_promised = self._is_quorum(frozenset({self.me, *self._promised}))
        return self._has_leases and is_promised and self.node.has_lease(self.state)

    def _is_round_under_way(self) -> bool:
        return any(read.is_covered for read in self.state.pending_reads)

    def _answer_round(self, now: float) -> None:
        if self._is_round_under_way() and self.node.is_confirmed(self.state):
            self._act(AnswerReads(), now)

    def _ask_for_round(self, now: float) -> None:
        """Begin a round if there is something to begin it for, or ask once more who is silent."""
        if not self._is_round_under_way():
            if not self.state.pending_reads:
                return
            self._act(BeginRound(), now)
            self._promised.clear()
            self._lease_due = now + self.lease_time()
        elif now < self._round_sent + self.timing.heartbeat:
            return
        self._round_sent = now
        for server in self._others():
            if server not in self.state.round_acks:
                self._act(Heartbeat(server), now)

    # Other servers

    def _ask_leader(self, now: float) -> None:
        """Ask the leader for the index of what is to be read, unless that is known."""
        if self.leader is None:
            self._ask_anew()
            for wanted in self._waiting:
                self._refuse(wanted.request)
            self._waiting = []
        is_silent = self.leader != self._asked or (
            now >= self._asked_at + 2 * self.timing.heartbeat
        )
        if self.leader is None or self.state.read_index or (self._batch and not is_silent):
            return
        self._ask_anew()
        if self._waiting:
            self._asked, self._asked_at = self.leader, now
            self._act(RequestReadIndex(self.leader), now)
            self._batch, self._waiting = self._waiting, []


def replica_of(node: ExtendedNode) -> type[MembershipReplica]:
    """Return the class of the replicas of a node."""
    return ReadingReplica if Feature.READ_INDEX in node.features else MembershipReplica
