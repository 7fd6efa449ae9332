"""The ways from a server to its peers."""

import asyncio
import contextlib
import logging
import random
import resource
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from raft_ref.server.network.addresses import Address
from raft_ref.server.network.framing import MAX_FRAME, FrameError, frame
from raft_ref.server.network.hello import HELLO_TIMEOUT, Hearing, Hello, answer_of, take

log = logging.getLogger("raft_ref.server")

FIRST_RETRY, LAST_RETRY = 0.05, 1.0
"""Seconds to wait before a connection is tried again: the first time, and at most."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What connections may take.

    - `frame`, `queue`: bytes of one frame, and of all that wait to be sent on one connection, or,
      come from a peer, to be taken up.
    - `reading`: bytes of large requests of clients that are read or in work at a time, in all.
    - `clients`: those that are connected. When there is one more, the one goes that was idle for
      longest.
    - `unknown`: connections that have not said yet who speaks.
    """

    frame: int = MAX_FRAME
    queue: int = 2 * MAX_FRAME
    reading: int = 2 * MAX_FRAME
    clients: int = 4000
    unknown: int = 1000

    def within_descriptors(self) -> "Limits":
        """Return the limits that this process can keep, which has files and peers as well."""
        most, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most != highest:
            with contextlib.suppress(ValueError, OSError):  # a system may have a lower limit
                resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))
                most = highest
        if most == resource.RLIM_INFINITY:
            return self
        free = max(8, most - RESERVED)
        clients, unknown = min(self.clients, 3 * free // 4), min(self.unknown, free // 4)
        return replace(self, clients=clients, unknown=unknown)


RESERVED = 64
"""Descriptors of a process that are not for who connects."""

DEFAULT_LIMITS = Limits()


class Link:
    """The way from a server to one of its peers: a queue, and a connection that is tried again."""

    def __init__(
        self,
        address: Address,
        hello: Callable[[], Hello],
        tls: ssl.SSLContext | None = None,
        limits: Limits = DEFAULT_LIMITS,
        hear: Hearing = take,
        is_of: Callable[[Mapping[str, Any]], bool] = lambda certificate: True,
    ) -> None:
        """Open nothing yet; `hear` is told what the peer answers, and says whether to go on.

        `is_of` says whether a certificate is the peer's.
        """
        self.address = address
        self._is_of = is_of
        self._hear_answer = hear
        self._hello = hello
        self._tls = tls
        self._limits = limits
        self._way: asyncio.WriteTransport | None = None
        self.lost = 0  # messages that found no connection, or no room
        self._is_told_to_wait = False

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, on which the peer listens."""
        return self._way is not None

    def send(self, payload: bytes) -> None:
        """Send a message if there is a connection, and room in the queue; otherwise it is lost."""
        way = self._way
        if way is not None and self._has_room(way, len(payload)):
            way.write(frame(payload))
        else:
            self.lost += 1

    def _has_room(self, way: asyncio.WriteTransport, size: int) -> bool:
        return not way.is_closing() and way.get_write_buffer_size() + size <= self._limits.queue

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        wait = FIRST_RETRY
        while True:
            self._is_told_to_wait = False
            try:
                await self._speak()
            except (OSError, ssl.SSLError, FrameError, TimeoutError) as error:
                if wait == FIRST_RETRY:
                    log.info("no connection to %s: %s", self.address, error or "no answer")
            if self.is_connected or self._is_told_to_wait:
                wait = FIRST_RETRY
            self._way = None
            # Peers that lost each other at one time do not try again at one time.
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(2 * wait, LAST_RETRY)

    async def _speak(self) -> None:
        reader, writer = await self.address.connect(self._tls)
        try:
            certificate = writer.get_extra_info("peercert") if self._tls else None
            if certificate is not None and not self._is_of(certificate):
                raise FrameError("its certificate is that of another server")
            writer.write(frame(msgspec.msgpack.encode(self._hello())))
            await writer.drain()
            async with asyncio.timeout(HELLO_TIMEOUT):
                answer = await answer_of(reader)
            if answer is not None and answer.farewell is not None:
                self._is_told_to_wait = answer.farewell.is_for_now
            if answer is not None and await self._hear_answer(answer):
                self._way = writer.transport
                log.info("connected to %s", self.address)
                await self._hear(reader)
        finally:
            writer.close()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        """Wait for the end of the connection; a peer says nothing more, but for a farewell."""
        with contextlib.suppress(FrameError, OSError):
            last = await answer_of(reader)
            if last is not None and last.farewell is not None:
                self._way = None  # who is not let in asks no more often than need be
                await self._hear_answer(last)
