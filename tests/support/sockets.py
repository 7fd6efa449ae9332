"""Ends of connections that a test holds in its hand: servers, strangers, frames on no way."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import msgspec

from raft_ref import RequestVoteResponse
from raft_ref.server.codec import Envelope
from raft_ref.server.network.addresses import Address
from raft_ref.server.network.framing import Budget, Frames, frame
from raft_ref.server.network.hello import VERSION, Answer, Farewell, Greeting, Hello
from raft_ref.server.network.incoming import Asked
from raft_ref.server.network.links import DEFAULT_LIMITS, Limits, Link
from raft_ref.server.network.sockets import SocketTransport

LOOPBACK = Address("127.0.0.1", 0)


class Way(asyncio.Transport):
    """A way on which nothing goes."""

    is_reading_now = True

    def pause_reading(self) -> None:
        self.is_reading_now = False

    def resume_reading(self) -> None:
        self.is_reading_now = True

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


class Taken(Frames):
    """Frames that are kept, and why there are no more of them."""

    def __init__(self, budget: Budget | None = None, most: int = 100) -> None:
        super().__init__()
        self.found: list[bytes] = []
        self.error: Exception | None = None
        self.budget, self.most = budget, most
        self.way = Way()
        self.connection_made(self.way)

    def take(self, payload: bytes) -> None:
        self.found.append(payload)
        if payload == b"wait":
            self.hold()

    def refuse(self, error: Exception) -> None:
        self.error = error


class End:
    """A server that keeps what it hears."""

    def __init__(
        self,
        me: str,
        addresses: dict[str, Address],
        limits: Limits = DEFAULT_LIMITS,
        features: str = "none",
        greet: Greeting | None = None,
    ) -> None:
        self.me = me
        self.heard: list[Envelope] = []
        self.told: list[tuple[str, Farewell]] = []
        self._known = frozenset(addresses) - {me}
        self._news = asyncio.Event()
        own = str(addresses[me]) if me in addresses else ""
        self.hello = Hello(VERSION, me, None, features, own, disk=f"of {me}")
        self.transport = SocketTransport(
            addresses,
            lambda: self.hello,
            greet or self._greet,
            self._deliver,
            self.answer,
            limits,
            hear=self._hear,
        )

    async def _greet(self, hello: Hello) -> Answer:
        return Answer() if hello.source in self._known else Answer(Farewell.STRANGER)

    async def _hear(self, peer: str, answer: Answer) -> bool:
        if answer.farewell is not None:
            self.told.append((peer, answer.farewell))
        return answer.farewell is None

    def _deliver(self, envelope: Envelope) -> None:
        self.heard.append(envelope)
        self._news.set()

    def answer(self, asked: Asked) -> None:
        if asked.payload == b"nonsense":
            raise ValueError("nonsense is no request")
        seconds = 0.05 if asked.payload == b"slow" else 0
        asyncio.get_running_loop().call_later(seconds, asked.answer, asked.payload.upper())

    async def hears(self, count: int) -> list[Envelope]:
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        return self.heard


def message(source: str, dest: str, number: int = 0) -> Envelope:
    return Envelope(RequestVoteResponse(source, dest, number, vote_granted=True), number)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def until_connected(link: Link) -> None:
    await until(lambda: link.is_connected)


def free_ports(count: int) -> list[Address]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    addresses = [Address(*each.getsockname()) for each in sockets]
    for each in sockets:
        each.close()
    return addresses


@contextlib.asynccontextmanager
async def pair(limits: Limits = DEFAULT_LIMITS) -> AsyncIterator[tuple[End, End]]:
    addresses = dict(zip(("s1", "s2"), free_ports(2), strict=True))
    ends = [End(me, addresses, limits) for me in addresses]
    for end in ends:
        await end.transport.start(addresses[end.me])
    try:
        await until(
            lambda: all(link.is_connected for end in ends for link in end.transport.links.values())
        )
        yield ends[0], ends[1]
    finally:
        for end in ends:
            await end.transport.close()


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


async def said(address: Address, data: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Connect, say something, and return all that is said back until the connection is closed."""
    reader, writer = await asyncio.open_connection(*address, ssl=tls)
    writer.write(data)
    found = b""
    with contextlib.suppress(OSError):
        async with asyncio.timeout(3):
            found = await reader.read()
    writer.close()
    return found


def hello(source: str | None = None, dest: str | None = None, version: int = VERSION) -> bytes:
    return frame(msgspec.msgpack.encode(Hello(version, source, dest)))
