"""A server of a real cluster: a replica with a disk, a network and the system's clock.

The rule is that of `raft_ref.server.replica`: what a round of events leads to is saved before any
of it is sent or answered, and what comes in meanwhile makes up the next round.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from raft_ref.features import ExtendedNode, Feature
from raft_ref.messages import AppendEntriesRequest, ServerId
from raft_ref.node import Step
from raft_ref.server.codec import Envelope
from raft_ref.server.extended import IN_PRODUCTION, named
from raft_ref.server.reading import replica_of
from raft_ref.server.replica import (
    IN_PRACTICE,
    Happening,
    Replica,
    Reply,
    RequestId,
    Status,
    Timing,
)
from raft_ref.server.session import Request
from raft_ref.server.sockets import Address, Contexts, SocketTransport
from raft_ref.server.storage import SqliteStorage, Storage
from raft_ref.server.store import KeyValueMachine, check_command
from raft_ref.server.tls import Certificate, TlsError
from raft_ref.state import State

log = logging.getLogger("raft_ref.server")

_decode_request = msgspec.msgpack.Decoder(Request).decode

_Event = Callable[[Replica, float], None]

STOP_WITHIN = 1.0
"""Seconds that a server which is to stop has to let another lead."""

_ASSUMED = (
    "%s reads by lease: that is right if no clock of the cluster runs more than %g %% faster than "
    "another, is set, or stands still"
)


class Server:
    """A server that runs until it is stopped, or cannot save.

    Arguments: whose it is; where all servers of the cluster listen; its disk; how long it waits;
    TLS for listening and connecting, if any; `settle` is told of each step of the node, once it
    will not be undone, and before anybody else hears of it; the `features` of the node.
    """

    def __init__(
        self,
        me: ServerId,
        addresses: Mapping[ServerId, Address],
        storage: Storage,
        timing: Timing = IN_PRACTICE,
        tls: Contexts | None = None,
        settle: Callable[[Happening], None] = lambda happening: None,
        features: Iterable[Feature] = IN_PRODUCTION,
    ) -> None:
        """Load what was saved. Raises StorageError."""
        self.me = me
        self._addresses = dict(addresses)
        # One without features, too, as its peers may send it messages of theirs.
        node = ExtendedNode(tuple(addresses), (), KeyValueMachine(), features)
        self._storage = storage
        saved = storage.load(node.initial(me))
        chance = random.Random()
        now = time.monotonic()
        self.replica = replica_of(node)(node, me, chance, now, saved, timing, self._note)
        self._transport = SocketTransport(
            me, addresses, self._deliver, self._answer, tls=tls, features=named(node.features)
        )
        self._features = node.features
        self._settle = settle
        self._steps: list[Happening] = []
        self._events: list[_Event] = []
        self._wakeup = asyncio.Event()
        self._asked: dict[RequestId, asyncio.Future[Reply]] = {}
        self._numbers = count()
        self._disk = ThreadPoolExecutor(1, "disk")
        self._seen = (0, "")
        self._is_stopped = False

    async def run(self, address: Address) -> None:
        """Listen and take part until stopped or cancelled. Raises OSError and StorageError."""
        bound = await self._transport.start(address)
        log.info("%s listens at %s", self.me, bound)
        if Feature.LEASES in self._features:
            log.warning(_ASSUMED, self.me, 100 * self.replica.timing.clock_drift)
        try:
            while not self._is_stopped:
                await self._round()
        finally:
            await self._transport.close()
            self._disk.shutdown()
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
        if not self._events:
            await self._wait(self.replica.due - time.monotonic())
        events, self._events = self._events, []
        now = time.monotonic()
        for event in events:
            event(self.replica, now)
        self.replica.tick(now)
        output = self.replica.flush(now)
        if output.save is not None:
            save = self._storage.save
            saving = asyncio.get_running_loop().run_in_executor(self._disk, save, output.save)
            try:
                await asyncio.shield(saving)
            except asyncio.CancelledError:
                # It is written all the same, and so its steps have happened.
                await saving
                self._settled()
                raise
        self._settled()
        for envelope in output.messages:
            self._transport.send(envelope)
        for request, reply in output.replies:
            asked = self._asked.pop(request, None)
            if asked is not None and not asked.done():
                asked.set_result(reply)
        self._tell()

    def _settled(self) -> None:
        for happening in self._steps:
            self._settle(happening)
        self._steps.clear()

    def _note(self, before: State, event: Any, step: Step) -> None:
        self._steps.append(Happening(self.me, before, event, step))

    async def _wait(self, seconds: float) -> None:
        self._wakeup.clear()
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._wakeup.wait()
            except TimeoutError:
                pass
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

    # What comes from the network

    def _deliver(self, envelope: Envelope) -> None:
        message = envelope.message
        if isinstance(message, AppendEntriesRequest):
            for entry in message.entries:
                check_command(entry.value)
        self._take(lambda replica, now: replica.receive(envelope, now))

    async def _answer(self, payload: bytes) -> bytes:
        try:
            request = _decode_request(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"no request: {error}") from None
        if request.command is not None:
            check_command(request.command)
        reply = await self._reply_to(request.put_to)
        # A client knows servers by where they listen.
        leader = None if reply.leader is None else str(self._addresses[reply.leader])
        return msgspec.msgpack.encode((request.number, reply._replace(leader=leader)))

    async def _reply_to(self, ask: Callable[[Replica, RequestId, float], None]) -> Reply:
        """Ask the replica, which knows the request by a name, and wait for its reply."""
        name = next(self._numbers)
        asked: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked[name] = asked
        self._take(lambda replica, now: ask(replica, name, now))
        try:
            return await asked
        finally:
            self._asked.pop(name, None)


@dataclass(frozen=True)
class ServerRequest:
    """One server of a cluster: which of the peers it is, its disk, and who may speak with it.

    It listens at its address among the peers, or at `listen`. Beyond this machine it does so with a
    certificate alone, unless `lets_everybody_in`. How much faster than another a clock may run,
    `clock_drift`, is for leases. Raises ValueError if it is none of the peers.
    """

    me: ServerId
    peers: Mapping[ServerId, Address]
    data: Path
    listen: Address | None = None
    certificate: Certificate | None = None
    lets_everybody_in: bool = False
    features: frozenset[Feature] = IN_PRODUCTION
    clock_drift: float = IN_PRACTICE.clock_drift

    def __post_init__(self) -> None:
        """Refuse who is none of the peers."""
        if self.me not in self.peers:
            raise ValueError(f"id {self.me}: none of the peers {', '.join(self.peers)}")

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self.listen or self.peers[self.me]

    @property
    def is_exposed(self) -> bool:
        """Whether it would let in whom it should not."""
        is_guarded = self.certificate is not None or self.address.is_local
        return not is_guarded and not self.lets_everybody_in

    def server(self) -> Server:
        """Return the server, which runs by `run(request.address)`.

        Raises TlsError if it is exposed, or its certificate cannot be used, and StorageError.
        """
        if self.is_exposed:
            raise TlsError(f"{self.address} can be reached from other machines, without TLS")
        files = self.certificate
        tls = None if files is None else (files.for_listening(), files.for_connecting())
        storage = SqliteStorage(self.data, self.me, tuple(self.peers))
        timing = replace(IN_PRACTICE, clock_drift=self.clock_drift)
        return Server(self.me, self.peers, storage, timing, tls, features=self.features)
