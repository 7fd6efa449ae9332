"""A server of a real cluster: a replica with a disk, a network and the system's clock.

The rule is that of `raft_ref.server.replicas`: what a round of events leads to is saved before any
of it is sent or answered, and what comes in meanwhile makes up the next round. Entries of a leader
alone leave while it saves them (see `raft_ref.server.transport`): their answers belong to the next
round, and so it counts itself for them only once they are saved.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from raft_ref.features import Feature, ForcedRequestVoteRequest, PreVoteRequest
from raft_ref.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    InstallSnapshotRequest,
    RequestVoteRequest,
    ServerId,
)
from raft_ref.node import Step
from raft_ref.server.asked import Waiting, Wish
from raft_ref.server.client import greeted, stranger
from raft_ref.server.codec import Envelope
from raft_ref.server.disk.worker import Worker
from raft_ref.server.members import Members
from raft_ref.server.network.addresses import Address, Contexts, parse_address
from raft_ref.server.network.admission import CHANGED, check_message
from raft_ref.server.network.greeting import Greeter
from raft_ref.server.network.hello import Answer, Farewell, Hello
from raft_ref.server.network.incoming import Asked
from raft_ref.server.network.names import check_name
from raft_ref.server.network.pieces import Carrier, Piece, PieceAnswer
from raft_ref.server.network.report import report_of
from raft_ref.server.network.sockets import SocketTransport
from raft_ref.server.replicas.extended import SERVED, named
from raft_ref.server.replicas.reading import replica_of
from raft_ref.server.replicas.replica import (
    IN_PRACTICE,
    Change,
    ChangeKind,
    Happening,
    Replica,
    Reply,
    RequestId,
    Status,
    Timing,
)
from raft_ref.server.session import Request
from raft_ref.server.storage import OwnDisk, Save, StorageError
from raft_ref.server.store import (
    MAX_COMMAND,
    KeyValueMachine,
    Result,
    check_command,
    size_of,
    too_large,
)
from raft_ref.server.store_node import StoreNode
from raft_ref.server.transport import Pulse, may_leave_early
from raft_ref.state import Role, State

log = logging.getLogger("raft_ref.server")

_decode_request = msgspec.msgpack.Decoder(Request).decode
_encode = msgspec.msgpack.Encoder().encode

LAST_WORDS = 0.05
"""Seconds that a server which stops leaves its answers to be sent."""

A_MINUTE = 60.0

MOST_IDLE = 60.0
"""Seconds after which a server looks what there is to do if nothing is due."""

MOST_AT_ONCE = 100
"""Requests of clients that are put to the replica in a round: what a leader has to say to others
waits no longer than these take."""

QUICK_SAVE, SMALL_SAVE = 0.01, 2**18
"""Seconds that saves take at most of a disk that is quick, and bytes of what it saves so."""

LONGEST_QUEUE = 0.5
"""Seconds for which the first of those that wait has waited, at most: then no more are let in."""

_Event = Callable[[Replica, float], None]


STOP_WITHIN = 1.0
"""Seconds that a server which is to stop has to let another lead."""

_FOR_VOTES = RequestVoteRequest | PreVoteRequest | ForcedRequestVoteRequest

_ASSUMED = (
    "%s reads by lease: that is right if no clock of the cluster runs more than %g %% faster than "
    "another, is set, or stands still"
)


class Server:
    """A server that runs until it is stopped, was removed from its cluster, or cannot save.

    Arguments: whose it is; where the servers of the cluster listen, those that it begins with, or
    some of the one that it joins, as its disk says; that disk; how long it waits; TLS for listening
    and connecting, if any; `settle` is told of each step of the node, once it will not be undone,
    and before anybody else hears of it; the `features` of the node.
    """

    def __init__(
        self,
        me: ServerId,
        addresses: Mapping[ServerId, Address],
        storage: OwnDisk,
        timing: Timing = IN_PRACTICE,
        tls: Contexts | None = None,
        settle: Callable[[Happening], None] = lambda happening: None,
        features: Iterable[Feature] = SERVED,
    ) -> None:
        """Load what was saved. Raises StorageError."""
        self.me = me
        joins = not storage.founders
        # One without features, too, as its peers may send it messages of theirs.
        voters = [each for each in addresses if not (joins and each == me)]
        node = StoreNode(tuple(addresses), (), KeyValueMachine(), features, voters)
        node.addresses.update((name, str(address)) for name, address in addresses.items())
        self._node = node
        self._joined = joins
        self._storage = storage
        saved = storage.load(node.initial(me))
        self._changes_members = Feature.MEMBERSHIP in node.features
        if not self._changes_members and node.latest_index(saved, saved.last_index):
            raise StorageError(CHANGED)
        chance = random.Random()
        now = time.monotonic()
        self.replica = replica_of(node)(node, me, chance, now, saved, timing, self._note)
        self._disk = Worker()
        self._greeter = Greeter(
            me,
            named(node.features),
            str(addresses[me]) if me in addresses else "",
            storage,
            self._on_disk,
            self._was_replaced,
            self._reached,
        )
        self._transport = SocketTransport(
            addresses,
            lambda: self._greeter.hello,
            self._greet,
            self._deliver,
            self._answer,
            tls=tls,
            hear=self._hear,
            is_at_work=self._is_at_work,
        )
        self._carrier = Carrier(self._send)
        self._pulse = Pulse()
        self._saving_since: float | None = None
        self._told_of_disk = float("-inf")
        self._features = node.features
        self._connecting = None if tls is None else tls[1]
        self._settle = settle
        self._steps: list[Happening] = []
        self._events: list[_Event] = []
        self._requests: deque[Waiting] = deque()
        self._wakeup = asyncio.Event()
        self._adding: set[asyncio.Task[None]] = set()
        self._seen = (0, "")
        self._members: Members | None = None  # those that the transport knows of
        self._leaving: set[ServerId] = set()  # whose removal is not committed yet
        self._is_stopped = False
        self._failure: StorageError | None = None

    async def run(self, address: Address) -> None:
        """Listen and take part until stopped or cancelled. Raises OSError and StorageError."""
        bound = await self._transport.start(address)
        log.info("%s listens at %s", self.me, bound)
        if Feature.LEASES in self._features:
            log.warning(_ASSUMED, self.me, 100 * self.replica.timing.clock_drift)
        if not self._greeter.cluster and not self._joined:
            log.info("%s waits for %s to say which cluster this is", self.me, self._founder)
        if self.replica.members == Members():
            log.info("%s is in no configuration, and waits to be added", self.me)
        await self._attend_to_members()
        try:
            while not self._is_stopped:
                await self._round()
            if self._failure is not None:
                raise self._failure
            await asyncio.sleep(LAST_WORDS)
        finally:
            await self._transport.close()
            self._disk.end()
            self._storage.close()

    async def stop(self, seconds: float = STOP_WITHIN) -> None:
        """Let `run` end, once another server leads if this one does, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self._leads_on():
                    pass
        self._is_stopped = True
        self._wakeup.set()

    async def _leads_on(self) -> bool:
        """Transfer leadership; tell whether that had no effect, and is to be tried again."""
        reply = await self._reply_to(lambda replica, name, now: replica.transfer(name, None, now))
        is_done = reply.result.succeeded or reply.result.refused
        return reply.status is Status.DONE and not is_done and reply.leader == self.me

    async def _round(self) -> None:
        takes_part = bool(self._greeter.cluster)
        if not self._events and not self._requests:
            due = self.replica.due - time.monotonic() if takes_part else MOST_IDLE
            await self._wait(min(due, MOST_IDLE))
        elif self._requests:
            await asyncio.sleep(0)  # so that the others are heard
        events, self._events = self._events, []
        now = time.monotonic()
        for event in events:
            event(self.replica, now)
        self._transport.taken()
        self._put_requests(now)
        if takes_part:
            self.replica.tick(now)
        written = self.replica.written
        output = self.replica.flush(now)
        messages = output.messages
        if output.save is not None:
            messages = self._send_early(messages, written)
            self._pulse.foresee(messages, written)
            await self._save(output.save)
        self._settled()
        for message, number in messages:
            if isinstance(message, InstallSnapshotRequest):
                self._carrier.carry(message, number, now)
            else:
                self._send(message, number)
        for request, reply in output.replies:
            assert isinstance(request, Waiting | Wish)
            request.reply(reply)
        self._tell()
        await self._attend_to_members()

    def _put_requests(self, now: float) -> None:
        """Put some requests of clients to the replica: what peers say must not wait for long."""
        for _ in range(min(MOST_AT_ONCE, len(self._requests))):
            waiting = self._requests.popleft()
            if waiting.is_awaited:
                self._put(waiting.ask, waiting, self.replica, now)
            else:
                waiting.forget()

    def _send_early(self, messages: list[Envelope], written: State) -> list[Envelope]:
        """Send what may leave while it is saved; return the rest."""
        if not self.replica.timing.sends_early:
            return messages
        rest = []
        for envelope in messages:
            if may_leave_early(envelope.message, written):
                self._send(*envelope)
            else:
                rest.append(envelope)
        return rest

    async def _save(self, what: Save) -> None:
        """Save, and let nobody take this server for gone meanwhile, unless it takes too long."""
        began = time.monotonic()
        if self._waits_for_nobody and _is_small(what):
            self._storage.save(what)
        else:
            await self._save_beside(what, began)
        took = max(0.0, time.monotonic() - began)  # a clock may have been set back
        self.replica.was_saving(took)
        if took > self.replica.timing.election_timeout[0] and began > self._told_of_disk + A_MINUTE:
            self._told_of_disk = began
            log.warning("%s: its disk is slow: a save has taken %.2g s", self.me, took)

    @property
    def _waits_for_nobody(self) -> bool:
        """Whether a save may stop all else: of who does not lead, and whose disk is quick.

        Nobody has to hear of it meanwhile, and a thread takes as long as such a save.
        """
        leads = self.replica.state.role is Role.LEADER
        return not leads and self._disk.is_idle and self.replica.slack < QUICK_SAVE

    async def _save_beside(self, what: Save, began: float) -> None:
        saving = self._disk.do(partial(self._storage.save, what))
        self._saving_since = began
        self._say_again(began + self.replica.timing.longest_save)
        try:
            await asyncio.shield(saving)
        except asyncio.CancelledError:
            # It is written all the same, and so its steps have happened.
            await saving
            self._settled()
            raise
        finally:
            self._saying.cancel()
            self._saving_since = None

    def _say_again(self, until: float) -> None:
        """Let a leader be heard, from a heartbeat on, until it is `cancel`led or too late."""

        def say() -> None:
            if time.monotonic() < until:
                for envelope in self._pulse.again(self.replica.state):
                    self._transport.send(envelope)
                self._say_again(until)

        loop = asyncio.get_running_loop()
        self._saying = loop.call_later(self.replica.timing.heartbeat, say)

    def _send(self, message: Any, number: int) -> None:
        envelope = Envelope(message, number)
        self._transport.send(envelope)
        self._pulse.note(envelope)

    def _settled(self) -> None:
        for happening in self._steps:
            self._settle(happening)
        self._steps.clear()

    def _note(self, before: State, event: Any, step: Step) -> None:
        self._steps.append(Happening(self.me, before, event, step))

    async def _wait(self, seconds: float) -> None:
        self._wakeup.clear()
        if seconds > 0:
            due = time.monotonic() + seconds
            alarm = asyncio.get_running_loop().call_later(seconds, self._wakeup.set)
            try:
                await self._wakeup.wait()
            finally:
                alarm.cancel()
            late = time.monotonic() - due
            if late > 0:  # the machine has other things to do
                self.replica.was_away(late)
        else:
            await asyncio.sleep(0)

    def _tell(self) -> None:
        """Say in the log when the term or the leader is another one."""
        seen = self.replica.state.current_term, self.replica.leader or ""
        if seen != self._seen and seen[1]:
            log.info("%s: %s leads in term %d", self.me, seen[1], seen[0])
        self._seen = seen

    def _take(self, event: _Event) -> None:
        self._events.append(event)
        self._wakeup.set()

    # Who the others are

    async def _attend_to_members(self) -> None:
        """Speak with those who are members now, and no more with those who were."""
        members = self.replica.members
        if members is None or (members == self._members and not self._leaving):
            return
        self._members = members
        for name, address in members.addresses:
            self._transport.connect(name, parse_address(address))
        for name, farewell in await self._greeter.recognise(members.members):
            self._transport.dismiss(name, self._greeter.answer(farewell))
        # Those who were removed are spoken with until that is committed.
        self._leaving = {each for each in members.removed if not self.replica.has_removed(each)}
        for name in members.removed - self._leaving - {self.me}:
            self._transport.dismiss(name, self._greeter.answer(Farewell.REMOVED))
        if self.replica.is_removed:
            self._end("was removed from the cluster")

    @property
    def cluster(self) -> str:
        """What the cluster is known by; empty if that is not told yet."""
        return self._greeter.cluster

    @property
    def _acquainted(self) -> frozenset[ServerId]:
        members = self.replica.members
        return frozenset(self._transport.links) if members is None else members.members

    async def _greet(self, hello: Hello) -> Answer:
        """Let in who was not removed, and is who it was as a member before."""
        assert hello.source is not None
        if self.replica.has_removed(hello.source):
            return self._greeter.answer(Farewell.REMOVED)
        if not self._changes_members and hello.source not in self._transport.links:
            return self._greeter.answer(Farewell.STRANGER)
        address = parse_address(hello.address) if hello.address else None
        try:
            answer = await self._greeter.greet(hello, self._acquainted)
        except StorageError as error:
            raise ValueError(str(error)) from None
        is_new = answer.farewell is None and hello.source not in self._transport.links
        if is_new and address is not None:
            self._node.addresses.setdefault(hello.source, hello.address)
            self._transport.connect(hello.source, address)
        return answer

    async def _hear(self, peer: ServerId, answer: Answer) -> bool:
        """Tell whether to speak to a peer, by its answer."""
        took_part = bool(self._greeter.cluster)
        try:
            is_heard, farewell = await self._greeter.hear(peer, answer, self._acquainted)
        except StorageError:
            return False
        if farewell is Farewell.REMOVED:
            self._end(f"was removed from the cluster, as {peer} says")
        elif farewell is not None:
            self._fail(StorageError(f"{peer} says that {self.me} {farewell}"))
        if self._greeter.cluster and not took_part:
            self._wakeup.set()
        return is_heard

    def _reached(self) -> tuple[int, int]:
        return self.replica.state.current_term, self.replica.state.last_index

    def _was_replaced(self, peer: ServerId) -> None:
        self._transport.replace(peer, self._greeter.answer(Farewell.OLDER_DISK))

    async def _on_disk(self, do: Callable[..., Any], *arguments: Any) -> Any:
        """Do something with the disk, after what is under way. Stops if it fails."""
        try:
            return await self._disk.do(partial(do, *arguments))
        except StorageError as error:
            self._fail(error)
            raise

    @property
    def _founder(self) -> ServerId:
        return self._greeter.hello.founders[0]

    def _end(self, why: str) -> None:
        if not self._is_stopped:
            log.warning("%s %s, and stops", self.me, why)
        self._is_stopped = True
        self._wakeup.set()

    def _fail(self, error: StorageError) -> None:
        self._failure = self._failure or error
        self._is_stopped = True
        self._wakeup.set()

    # What comes from the network

    def _deliver(self, envelope: Envelope) -> None:
        message = envelope.message
        if isinstance(message, PieceAnswer):
            self._carrier.hear(message, time.monotonic())
            return
        if isinstance(message, Piece):
            if message.term < self.replica.state.current_term:
                return  # with it goes another message, which is answered
            whole = self._carrier.take(message)
            if whole is None:
                return
            envelope, message = envelope._replace(message=whole), whole
        if self._joined and not self.replica.state.last_index and isinstance(message, _FOR_VOTES):
            return  # it may have had another disk, and have forgotten whom it voted for
        check_message(message, self.replica.state, changes_members=self._changes_members)
        self._take(partial(self._receive, envelope))
        self._answer_again(message)

    def _answer_again(self, message: Any) -> None:
        """Let a leader hear something while the disk is at work, from a heartbeat on."""
        timing = self.replica.timing
        if timing.heartbeat <= self._has_saved_for() < timing.longest_save:
            for envelope in self._pulse.answered(message, self.replica.state):
                self._transport.send(envelope)

    def _has_saved_for(self) -> float:
        return 0.0 if self._saving_since is None else time.monotonic() - self._saving_since

    def _is_at_work(self) -> bool:
        """Tell whether clients do well to wait: no other server leads, nor will soon."""
        is_quick = self._has_saved_for() < self.replica.timing.longest_save
        return self.replica.leader == self.me and is_quick

    def _receive(self, envelope: Envelope, replica: Replica, now: float) -> None:
        """Let the replica take a message; one that it cannot take ends a connection, and no more.

        What it is known to refuse it is not told of (`check_message`), so this is for what is not.
        """
        message = envelope.message
        try:
            replica.receive(envelope, now)
            if isinstance(message, AppendEntriesResponse | AppendEntriesRequest):
                index = 0 if isinstance(message, AppendEntriesRequest) else message.match_index
                self._greeter.attest(message.source, message.term, index)
        except Exception as error:
            what = f"{type(message).__name__} of term {message.term}"
            log.error("closed the connection of %s: its %s: %r", message.source, what, error)
            self._transport.cut(message.source)

    def _answer(self, asked: Asked) -> None:
        try:
            request = _decode_request(asked.payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"no request: {error}") from None
        now = time.monotonic()
        waiting = Waiting(asked, request, now, self._address_of)
        if self._requests and now > self._requests[0].since + LONGEST_QUEUE:
            waiting.reply(Reply(Status.OVERLOADED, leader=self.replica.leader))
            return
        if request.status:
            links = {name: each.is_connected for name, each in self._transport.links.items()}
            report = report_of(self.replica, self.cluster, links)
            asked.answer(_encode((request.number, report)))
            return
        if request.command is not None:
            if size_of(request.command) > MAX_COMMAND:
                why = Result(succeeded=False, refused=too_large(request.command))
                waiting.reply(Reply(Status.REFUSED, why))
                return
            check_command(request.command)
        change = None if request.membership is None else request.membership[0]
        if change is not None and change.kind is ChangeKind.ADD:
            adding = asyncio.ensure_future(self._add(change, waiting))
            self._adding.add(adding)
            adding.add_done_callback(self._adding.discard)
        else:
            self._queue(waiting)

    def _queue(self, waiting: Waiting) -> None:
        self._requests.append(waiting)
        self._wakeup.set()

    async def _add(self, change: Change, waiting: Waiting) -> None:
        """Ask for a server to be added, if nothing is against it here."""
        try:
            refused = await self._why_not_add(change)
        except ValueError as error:
            waiting.fail(error)
            return
        if refused:
            result = Result(succeeded=False, refused=refused)
            waiting.reply(Reply(Status.DONE, result, self.me))
        else:
            self._queue(waiting)

    async def _why_not_add(self, change: Change) -> str:
        """Return why a server is not to be added; empty if there is nothing against it here.

        A name is used once. So it is looked who is there before that is done, and by the leader,
        which has to reach it. Raises ValueError.
        """
        check_name(change.server)
        address = parse_address(change.address)
        if not self.replica.would_add(change.server, change.address):
            return ""
        why = await stranger(change.server, address, self._connecting)
        if why:
            return why
        hello = msgspec.structs.replace(self._greeter.hello, dest=change.server)
        answer = await greeted(hello, address, self._connecting)
        differs = "" if answer is None else self._greeter.differs(answer)
        return differs and f"{change.server} {differs}"

    def _address_of(self, server: ServerId) -> str | None:
        told = None if self._members is None else self._members.address_of(server)
        return told or self._node.addresses.get(server)

    async def _reply_to(self, ask: Callable[[Replica, RequestId, float], None]) -> Reply:
        """Ask the replica for something, and wait for its reply."""
        wish = Wish()
        self._take(partial(self._put, ask, wish))
        return await wish.replied

    def _put(
        self,
        ask: Callable[[Replica, RequestId, float], None],
        request: Waiting | Wish,
        replica: Replica,
        now: float,
    ) -> None:
        try:
            ask(replica, request, now)
        except Exception as error:
            request.fail(ValueError(f"it cannot be asked for: {error!r}"))


def _is_small(what: Save) -> bool:
    return what.snapshot is None and sum(size_of(e.value) for e in what.entries) <= SMALL_SAVE
