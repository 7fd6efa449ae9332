"""One running server, without any I/O: the node, with what it takes to run it.

The node says what may happen; a replica decides when: it has timers, sends entries in batches,
applies what is committed to the store, and answers clients. Time comes in with each call, as
seconds on a clock of the server's own that need not be right; only waiting depends on it.

What features add is timed in `raft_ref.server.replicas.extended`, changes of the members in
`raft_ref.server.replicas.membership`, and reads as a feature in `raft_ref.server.replicas.reading`.

The rule: a replica takes what happens, call by call, and `flush` says what must be saved, sent and
answered because of it. Whoever runs it saves first, and sends and answers only then, so that one
save serves all that came in meanwhile. Nothing is sent that depends on what may be lost (figure 2).

Reads go by ReadIndex (thesis 6.4): a leader that has committed an entry of its term notes its
commit index, learns from a majority in a new round of messages that it still leads, and answers
once all up to that index is applied.
"""

import random
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, get_args

from raft_ref.features import FeatureMessage, HeartbeatRequest
from raft_ref.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Message,
    RequestVoteRequest,
    ServerId,
)
from raft_ref.node import (
    Action,
    AppendEntries,
    ClientRequest,
    CompactLog,
    InstallSnapshot,
    Node,
    Step,
    Timeout,
)
from raft_ref.server.codec import Envelope
from raft_ref.server.storage import Save, difference
from raft_ref.server.store import (
    KeyValueMachine,
    NoOp,
    Result,
    can_come_again,
    encoded,
    size_of,
)
from raft_ref.state import Role, State


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a replica waits, in seconds, and how much it does at once.

    - `election_timeout`: the least and the most; each wait is drawn anew (5.2).
    - `heartbeat`: from one message of a leader to the next one to the same server, at most.
    - `max_entries`, `max_bytes`: in one message, unless one entry has more. `max_outstanding`:
      messages with entries that a leader sends to a server before the first is answered.
    - `compact_after`, `compact_bytes`: entries in the log, or their bytes, at which it is
      compacted; `keep`, `keep_bytes`: how many committed ones stay, at most, so that a server that
      is a little behind needs no snapshot. While one is sent ten times as many stay; and so, where
      a snapshot is larger than a message, until the log has as many bytes.
    - `sends_early`: a leader sends its entries while it saves them (thesis, 10.2.1).
    - `longest_save`: for how long a leader is heard while its disk is at work.
    - `max_pending`: bytes of what clients want that are not committed yet.
    - `clock_drift`: how much faster than another the clock of any server may run (0.1: a tenth).
      Reads by lease are right only if that is so.
    - `read_numbers`: how many numbers of reads a server takes at once, so that each save serves for
      so many.
    """

    election_timeout: tuple[float, float] = (0.15, 0.3)
    heartbeat: float = 0.05
    max_entries: int = 500
    max_outstanding: int = 4
    max_bytes: int = 2**20
    compact_after: int = 2000
    keep: int = 500
    compact_bytes: int = 2**26
    keep_bytes: int = 2**24
    max_pending: int = 2**24
    longest_save: float = 3.0
    sends_early: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError where leaders are taken for gone that are not."""
        least, most = self.election_timeout
        if not 0.01 <= least < most:
            raise ValueError(f"election timeout {least:g} to {most:g} s: expected 0.01 and more")
        if not 0 < 2 * self.heartbeat <= least:
            why = "a message may be late, or be lost"
            raise ValueError(
                f"heartbeat {self.heartbeat:g} s: expected at most half of the election timeout, "
                f"{least:g} s, as {why}"
            )

    @classmethod
    def of(cls, election_timeout: float, heartbeat: float | None = None) -> "Timing":
        """Return how a server waits that takes a leader for gone after so long, or twice as long.

        The heartbeat is a third of that unless it is given. Raises ValueError.
        """
        waits = election_timeout, 2 * election_timeout
        often = election_timeout / 3 if heartbeat is None else heartbeat
        return cls(waits, often, sends_early=True)

    clock_drift: float = 0.1
    read_numbers: int = 10_000


IN_PRACTICE = Timing(sends_early=True)


class Status(StrEnum):
    """How a request of a client ended."""

    DONE = "done"
    NOT_LEADER = "not leader"
    """Nothing was done, and nothing will be."""
    UNKNOWN = "unknown"
    """It may be done later, or never."""
    OVERLOADED = "overloaded"
    """Nothing was done: there is too much to do, and soon there may be less."""
    REFUSED = "refused"
    """Nothing was done, and nothing will be, as the result says why."""


class Reply(NamedTuple):
    """The answer to a request: how it ended, the result, and who seems to lead.

    Where the one that is asked does not lead, since it is no member yet, the result says who it is,
    and that.
    """

    status: Status
    result: Result = Result()
    leader: ServerId | None = None


LONG_AGO, NEVER = float("-inf"), float("inf")

_ENDED = object()

RequestId = Hashable
"""What whoever runs a replica knows a request by."""

VOTES = "votes"
"""The result where a server is to be added that votes already."""

MEMBERS = None
"""What is asked for in the place of a key by who asks for the members."""

Key = str | None


class ChangeKind(StrEnum):
    """What a client may want of the members."""

    ADD = "add"
    PROMOTE = "promote"
    REMOVE = "remove"


class Change(NamedTuple):
    """What a client wants of the members: that a server becomes one, or a voter, or none any more.

    `address` is where a server listens that is added.
    """

    kind: ChangeKind
    server: ServerId
    address: str = ""


class Output(NamedTuple):
    """What follows from what happened: first save, then send and answer."""

    save: Save | None
    messages: list[Envelope]
    replies: list[tuple[RequestId, Reply]]


_MESSAGES = (*get_args(Message), *get_args(FeatureMessage))


class Happening(NamedTuple):
    """A step of a server that will not be undone: it was saved, if there was anything to save.

    `event` is what happened to the node, an action or a message, of features as well; None is a
    crash and a restart.
    """

    server: ServerId
    before: State
    event: Any
    step: Step

    @property
    def name(self) -> str:
        """The step, by its name in the specification."""
        if self.event is None:
            return "Restart"
        return "Receive" if self.message is not None else type(self.event).__name__

    @property
    def message(self) -> Any:
        """The message that was received, if that is what happened."""
        return self.event if isinstance(self.event, _MESSAGES) else None

    @property
    def action(self) -> Any:
        """The action that was taken, if that is what happened."""
        return None if isinstance(self.event, _MESSAGES) else self.event


Observer = Callable[[State, Any, Step], None]
"""Called after each step of the node: the state before, what happened, and the step."""


_UNCHANGED = Result(succeeded=False, refused="this server does not change its members")


@dataclass(slots=True)
class _Peer:
    """What a leader knows of a server besides its next_index and match_index."""

    last_sent: float
    sent_round: int
    answered_round: int = 0
    on_their_way: list[int] = field(default_factory=list)  # the last index of each message
    entries_round: int = -1  # in which the latest of these was sent
    heard: float = LONG_AGO
    asked: float = LONG_AGO  # when something was sent that is not answered, if it is
    round_trip: float = 0.0  # seconds from a message to an answer
    is_probed: bool = False  # where its log matches is being found out, without entries

    def hear(self, next_index: int, number: int) -> None:
        """Take in an answer to what was sent in a round, after which this is next_index.

        What is on its way waits to be answered, for as long as that takes: who is behind is not
        helped by more of the same. It is lost if what was sent later is answered, as a connection
        keeps the order, and a leader sends heartbeats meanwhile.
        """
        self.on_their_way = [last for last in self.on_their_way if last >= next_index]
        self.answered_round = max(self.answered_round, number)
        if number > self.entries_round:
            self.on_their_way.clear()


@dataclass(frozen=True, slots=True)
class _Read:
    request: RequestId
    key: Key
    round: int
    index: int


@dataclass(slots=True)
class _Leadership:
    """What a server knows while it leads, in one term."""

    peers: dict[ServerId, _Peer]
    pending: dict[int, list[RequestId]] = field(default_factory=dict)  # by the index of its entry
    commands: dict[str, int] = field(default_factory=dict)  # the index of each that is pending
    size: int = 0  # the bytes of these
    early: list[tuple[RequestId, Key]] = field(default_factory=list)  # reads without an index yet
    reads: list[_Read] = field(default_factory=list)


class Replica:
    """A server of a cluster that stores keys and values.

    Arguments: the node, whose state machine is a `KeyValueMachine`; whose replica it is; chance;
    the time; what was saved before, if anything was; `observe` is told of each step.
    """

    slack: float
    """Seconds that a save has taken lately."""

    def __init__(
        self,
        node: Node,
        me: ServerId,
        chance: random.Random,
        now: float,
        saved: State | None = None,
        timing: Timing = IN_PRACTICE,
        observe: Observer = lambda before, event, step: None,
    ) -> None:
        assert isinstance(node.machine, KeyValueMachine)
        self.node = node
        self.me = me
        self.timing = timing
        self.observe = observe
        self.state = node.initial(me) if saved is None else node.restart(saved)
        self._saved = self.state
        self.store = node.machine.store(self.state.snapshot.data)
        self.applied = self.state.compacted
        self.slack = 0.0
        self._size = 0
        self._compacting: tuple[int, Iterator[None]] | None = None  # up to which index
        self._sizes: list[int] = []  # the bytes of the entries that are applied, and in the log
        self.leader: ServerId | None = None
        self.round = 0  # which begins anew with each message that is to be told from those before
        self.asked_round = 0  # the one that reads wait for to be answered
        self._chance = chance
        self._leading: _Leadership | None = None
        self._messages: list[Envelope] = []
        self._replies: list[tuple[RequestId, Reply]] = []
        self._wait_for_leader(now)

    # What happens

    def receive(self, envelope: Envelope, now: float) -> None:
        """Take a message from a peer."""
        message = envelope.message
        step = self.node.receive(self.state, message)
        # The leader of an older term is followed no more: its round says nothing to a newer one,
        # whose leader may be the same server, started again and counting from 0 again.
        is_of_term = message.term == step.state.current_term
        self._take(step, message, envelope.round if is_of_term else 0, now)
        if message.term != self.state.current_term:
            return
        if isinstance(message, AppendEntriesRequest | InstallSnapshotRequest | HeartbeatRequest):
            self.leader = message.source
            self._wait_for_leader(now)
        elif isinstance(message, RequestVoteRequest):
            if self.state.voted_for == message.source:
                self._wait_for_leader(now)
        elif self._leading is not None:
            self._hear(message, envelope.round, now)

    def tick(self, now: float) -> None:
        """Let time pass: stand for election if no leader was heard of for too long."""
        if self.state.role is not Role.LEADER and now >= self._election_due:
            self._stand(now)

    def _stand(self, now: float) -> None:
        self.leader = None
        self._act(Timeout(), now)
        self._wait_for_leader(now)

    def submit(self, request: RequestId, command: str, now: float) -> None:
        """Take a command of a client; it is answered once it is applied, or cannot be."""
        leading = self._leading
        if leading is None:
            self._refuse(request)
            return
        index = leading.commands.get(command)
        if index is not None:  # it was asked for before, and is in the log
            leading.pending[index].append(request)
            return
        result = self.store.known(command)
        if result is not None:  # it was, and is done
            self._answer(request, result)
            return
        size = size_of(command)
        if leading.size and leading.size + size > self.timing.max_pending:
            self._replies.append((request, Reply(Status.OVERLOADED, leader=self.me)))
            return
        self._act(ClientRequest(command), now)
        index = self.state.last_index
        leading.pending[index] = [request]
        if can_come_again(command):
            leading.commands[command] = index
        leading.size += size

    def read(self, request: RequestId, key: Key, of_any: bool = False) -> None:
        """Take a client's question for the value of a key: for the leader, or for any server.

        One that does not lead has no answer here, and says who leads.
        """
        if self._leading is None:
            self._refuse(request)
        else:
            self._leading.early.append((request, key))

    def transfer(self, request: RequestId, target: ServerId | None, now: float) -> None:
        """Take the wish that another server leads: `target`, or (None) whichever suits best."""
        self._answer(
            request, Result(succeeded=False, refused="this server transfers no leadership")
        )

    def change(self, request: RequestId, change: Change, now: float) -> None:
        """Take the wish that the members are others."""
        self._answer(request, _UNCHANGED)

    def flush(self, now: float) -> Output:
        """Return what is to be saved, sent and answered because of what happened since the last."""
        self._apply()
        self._attend_to_members(now)
        self._compact(now)
        self._attend_to_reads(now)
        if self._leading is not None:
            self._replicate(self._leading, now)
        durable = self._durable()
        save = difference(self._saved, durable)
        self._saved = durable
        output = Output(save, self._messages, self._replies)
        self._messages, self._replies = [], []
        return output

    def was_saving(self, seconds: float) -> None:
        """Take into account that a save has taken so long, and nothing could be heard meanwhile.

        Others may have as slow a disk: so who is asked for its vote has time to save it.
        """
        self.slack = max(seconds, (self.slack + seconds) / 2)
        self.was_away(seconds)

    def was_away(self, seconds: float) -> None:
        """Take into account that for so long nothing could be heard, and nobody is to blame."""
        self._election_due += seconds

    @property
    def followers(self) -> dict[ServerId, tuple[int, float | None]]:
        """How many entries each server that is led from here lacks, and its last round trip."""
        if self._leading is None:
            return {}
        next_index = self.node.next_index
        return {
            name: (
                self.state.last_index + 1 - next_index(self.state, name),
                None if peer.heard == LONG_AGO else peer.round_trip,
            )
            for name, peer in self._leading.peers.items()
        }

    @property
    def written(self) -> State:
        """The state of which what is durable was to be saved last."""
        return self._saved

    def _durable(self) -> State:
        """Return the state of which a restart must find what is durable."""
        return self.state

    @property
    def due(self) -> float:
        """The time at which `tick` and `flush` have something to do if nothing happens before."""
        if self._compacting is not None:
            return LONG_AGO
        if self._leading is None:
            return self._election_due
        peers = self._leading.peers.items()
        return min((peer.last_sent + self._pause(server) for server, peer in peers), default=NEVER)

    def _pause(self, server: ServerId) -> float:
        """Return the seconds after which a leader sends something again, whatever is answered."""
        is_behind = self.node.next_index(self.state, server) <= self.state.compacted
        return self.timing.heartbeat * (2 if is_behind else 1)

    # Steps of the node

    def _act(self, action: Any, now: float) -> None:
        step = self.node.act(self.state, action)
        assert step is not None, f"{action} is not enabled"
        self._take(step, action, self.round, now)

    def _take(self, step: Step, event: Any, number: int, now: float) -> None:
        before, self.state = self.state, step.state
        self._messages += [Envelope(message, number) for message in step.messages]
        self.observe(before, event, step)
        if before.current_term != self.state.current_term:
            self.leader = None
        led, leads = before.role is Role.LEADER, self.state.role is Role.LEADER
        if led and (not leads or before.current_term != self.state.current_term):
            self._stop_leading(now)
        if leads and self._leading is None:
            self._start_leading(now)

    def _wait_for_leader(self, now: float) -> None:
        wait = self._chance.uniform(*self.timing.election_timeout)
        self._election_due = now + wait + 2 * self.slack

    def _start_leading(self, now: float) -> None:
        self.leader = self.me
        self._leading = _Leadership({server: self._peer(server) for server in self._others()})
        self._act(ClientRequest(encoded(NoOp())), now)

    def _others(self) -> list[ServerId]:
        """Return whom a leader sends entries to."""
        return [server for server in self.node.servers if server != self.me]

    def _peer(self, server: ServerId) -> _Peer:
        """Return what a leader knows at first of a server."""
        return _Peer(LONG_AGO, self.round)

    def _is_quorum(self, servers: frozenset[ServerId]) -> bool:
        return self.node.is_quorum(servers)

    def _stop_leading(self, now: float) -> None:
        leading, self._leading = self._leading, None
        assert leading is not None
        self.leader = None
        self._wait_for_leader(now)
        pending = [request for each in leading.pending.values() for request in each]
        self._replies += [(request, Reply(Status.UNKNOWN)) for request in pending]
        for request in [*(r.request for r in leading.reads), *(r for r, _ in leading.early)]:
            self._refuse(request)

    def _answer(self, request: RequestId, result: Result) -> None:
        self._replies.append((request, Reply(Status.DONE, result, self.leader)))

    def _refuse(self, request: RequestId) -> None:
        leader = None if self.leader == self.me else self.leader
        self._replies.append((request, Reply(Status.NOT_LEADER, leader=leader)))

    # What a leader sends

    def _hear(self, message: Message, number: int, now: float) -> None:
        """Note that a server answered a message of this term, and of which round (thesis 6.4)."""
        assert self._leading is not None
        if not isinstance(message, AppendEntriesResponse | InstallSnapshotResponse):
            return
        peer = self._leading.peers.get(message.source)
        if peer is None:  # a member no longer
            return
        peer.heard = now
        peer.hear(self.node.next_index(self.state, message.source), number)
        if peer.asked != LONG_AGO:
            peer.round_trip, peer.asked = now - peer.asked, LONG_AGO
        peer.is_probed = isinstance(message, AppendEntriesResponse) and not message.success
        if peer.is_probed:
            peer.on_their_way.clear()
            peer.last_sent = LONG_AGO  # and so the next one goes at once

    def _replicate(self, leading: _Leadership, now: float) -> None:
        for server, peer in leading.peers.items():
            action = self._next_message(server, peer, now)
            if action is not None:
                self._act(action, now)
                peer.last_sent, peer.sent_round = now, self.round
                if peer.asked == LONG_AGO:
                    peer.asked = now
        if any(peer.entries_round == self.round for peer in leading.peers.values()):
            self.round += 1  # what is sent later is told from what has entries

    def _next_message(self, server: ServerId, peer: _Peer, now: float) -> Action | None:
        state = self.state
        next_index = self.node.next_index(self.state, server)
        is_late = now >= peer.last_sent + self._pause(server)
        if next_index <= state.compacted:
            return InstallSnapshot(server) if is_late else None
        # What is on its way is sent again with what is new: the node sends from next_index on.
        has_room = len(peer.on_their_way) < self.timing.max_outstanding and not peer.is_probed
        last = self._last_of_batch(next_index) if has_room else 0
        if last > max(peer.on_their_way, default=next_index - 1):
            peer.on_their_way.append(last)
            peer.entries_round = self.round
            return AppendEntries(server, last - next_index + 1)
        is_asked = peer.sent_round < self.asked_round
        return AppendEntries(server, 0) if is_late or is_asked else None

    def _last_of_batch(self, first: int) -> int:
        """Return the last index of the entries of one message from an index on."""
        state, size = self.state, 0
        last = min(state.last_index, first - 1 + self.timing.max_entries)
        for index, entry in enumerate(state.entries(first, last), start=first):
            more = size_of(entry.value)
            if size and size + more > self.timing.max_bytes:
                return index - 1
            size += more
        return last

    # Reads

    def _attend_to_reads(self, now: float) -> None:
        """Do for reads what can be done by now."""
        if self._leading is not None:
            self._begin_reads(self._leading)
            self._answer_reads(self._leading)

    def _begin_reads(self, leading: _Leadership) -> None:
        """Give reads an index and a round that begins after they came (thesis 6.4)."""
        if not leading.early or not self.knows_commits():
            return
        self.round += 1
        self.asked_round = self.round
        leading.reads += [
            _Read(request, key, self.round, self.state.commit_index)
            for request, key in leading.early
        ]
        leading.early.clear()

    def knows_commits(self) -> bool:
        """Tell whether a leader knows what is committed: an entry of its term is (5.4.2; 8)."""
        return self.state.term_at(self.state.commit_index) == self.state.current_term

    def _answer_reads(self, leading: _Leadership) -> None:
        confirmed = self.confirmed_round()
        waiting = []
        for read in leading.reads:
            if read.round <= confirmed and read.index <= self.applied:
                self._answer(read.request, self._found(read.key))
            else:
                waiting.append(read)
        leading.reads = waiting

    def _found(self, key: Key) -> Result:
        """Return what there is of a key."""
        return _UNCHANGED if key is MEMBERS else Result(value=self.store.get(key))

    def confirmed_round(self) -> int:
        """Return the last round in which a majority followed this leader, itself included."""
        peers = {} if self._leading is None else self._leading.peers
        rounds = {self.round, *(peer.answered_round for peer in peers.values())}
        for number in sorted(rounds, reverse=True):
            answered = {s for s, peer in peers.items() if peer.answered_round >= number}
            if self._is_quorum(frozenset({self.me, *answered})):
                return number
        return 0

    # Members

    def _attend_to_members(self, now: float) -> None:
        """Do for changes of who the members are what can be done by now."""

    # What is committed

    def _apply(self) -> None:
        """Apply what is committed, and answer whoever asked for it."""
        if self.applied < self.state.compacted:  # a snapshot came from the leader
            assert isinstance(self.node.machine, KeyValueMachine)
            self.store = self.node.machine.store(self.state.snapshot.data)
            self.applied = self.state.compacted
            self._sizes, self._size = [], 0
        entries = self.state.entries(self.applied + 1, self.state.commit_index)
        for index, entry in enumerate(entries, start=self.applied + 1):
            result, size = self.store.apply(entry.value), size_of(entry.value)
            self._sizes.append(size)
            self._size += size
            if self._leading is not None and index in self._leading.pending:
                self._answer_pending(self._leading, index, entry.value, result)
        self.applied = self.state.commit_index

    def _answer_pending(
        self, leading: _Leadership, index: int, command: Any, result: Result
    ) -> None:
        for request in leading.pending.pop(index):
            self._answer(request, result)
        if isinstance(command, str):
            leading.commands.pop(command, None)
            leading.size -= size_of(command)

    def _compact(self, now: float) -> None:
        """Begin to compact the log if it is long, and go on: a little each time, as it may take."""
        machine, state = self.node.machine, self.state
        assert isinstance(machine, KeyValueMachine)
        if self._compacting is None:
            index = self._compactable(now)
            if index <= state.compacted:
                return
            entries = state.entries(state.compacted + 1, index)
            self._compacting = index, machine.preparing(state.snapshot.data, entries)
        index, preparing = self._compacting
        is_void = index <= state.compacted  # a snapshot has come from the leader
        if not is_void and next(preparing, _ENDED) is not _ENDED:
            return
        self._compacting = None
        if not is_void:
            self._act(CompactLog(index), now)
            self._sizes = self._sizes[len(self._sizes) - (self.applied - index) :]
            self._size = sum(self._sizes)

    def _compactable(self, now: float) -> int:
        """Return the index up to which the log is to be compacted; 0 if it is not to be yet."""
        timing, snapshot = self.timing, self.state.snapshot.data
        assert isinstance(snapshot, str)
        # A large snapshot is made anew when the log has got as large, or else ten times as long.
        is_dear = self._size < len(snapshot) > timing.max_bytes
        times = 10 if is_dear or self._brings_snapshot(now) else 1
        is_long = len(self.state.log) > times * timing.compact_after
        if not is_long and self._size <= times * timing.compact_bytes:
            return 0
        keep, size = 0, 0
        while keep < min(timing.keep, len(self._sizes)) and size <= timing.keep_bytes:
            keep += 1
            size += self._sizes[-keep]
        return self.applied - keep

    def _brings_snapshot(self, now: float) -> bool:
        """Tell whether a server that answers is sent a snapshot, for which what follows is kept."""
        recent = now - self.timing.election_timeout[1]
        peers = {} if self._leading is None else self._leading.peers
        return any(
            peer.heard >= recent and self.node.next_index(self.state, each) <= self.state.compacted
            for each, peer in peers.items()
        )
