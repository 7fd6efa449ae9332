"""The other end of links and clients: who listens, and to whom."""

import asyncio
import contextlib
import logging
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.codec import Envelope, decode
from raft_ref.server.network.addresses import Address, parse_address
from raft_ref.server.network.framing import Budget, FrameError, frame, read_frame
from raft_ref.server.network.hello import (
    HELLO_TIMEOUT,
    LONGEST_GREETING,
    VERSION,
    Answer,
    Greeting,
    Hello,
    decode_hello,
    texts,
)
from raft_ref.server.network.links import DEFAULT_LIMITS, Limits
from raft_ref.server.network.tls import speaks_for

log = logging.getLogger("raft_ref.server")

MOST_QUOTED = 300
"""Characters of what is wrong with what a stranger says that are told."""

MOST_TOLD = 100
"""Reasons to let somebody not in that are remembered, so that each is told once."""


class Listener:
    """What accepts the connections of peers and clients.

    - `greet` is called with who begins to speak for a server, and returns what is answered: why it
      is not let in, if it is not.
    - `deliver` is called with each message, which is from whom the connection is.
    - `answer` is called with each request of a client and returns the reply; requests of one
      connection may be answered in any order, so they say themselves which is which.
    - `features`: those of the server, by their names. A peer that has others is told of in the log.
    - `known`: where servers listen, by their names, as far as is known.

    Both raise ValueError for what they cannot use; its connection is closed then.
    """

    def __init__(
        self,
        me: ServerId,
        greet: Greeting,
        deliver: Callable[[Envelope], None],
        answer: Callable[[bytes], Awaitable[bytes]],
        limits: Limits = DEFAULT_LIMITS,
        features: str = "none",
        known: Callable[[], Mapping[ServerId, Address]] = dict,
    ) -> None:
        self._me = me
        self._known = known
        self._told: set[str] = set()  # of who was closed, so that it is said once
        self._greet = greet
        self._deliver = deliver
        self._answer = answer
        self._limits = limits
        self._budget = Budget(limits.reading)
        self._unknown = 0
        self._features: dict[ServerId, str] = {}  # as far as was told
        self._own_features = features
        self._speaking: dict[ServerId, set[asyncio.StreamWriter]] = defaultdict(set)
        # Each client with what it waits for; the one that was idle for longest comes first.
        self._clients: dict[asyncio.StreamWriter, set[asyncio.Task[None]]] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, address: Address, tls: ssl.SSLContext | None = None) -> Address:
        """Listen, and return where (port 0 takes any that is free). Raises OSError."""
        if address.is_unix:
            self._server = await asyncio.start_unix_server(self._accept, address.host)
            return address
        limit = None if tls is None else HELLO_TIMEOUT
        self._server = await asyncio.start_server(
            self._accept, *address, ssl=tls, ssl_handshake_timeout=limit
        )
        host, port = self._server.sockets[0].getsockname()[:2]
        return Address(host, port)

    async def close(self) -> None:
        """Stop listening, and close all connections."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        where = _name(writer)
        try:
            await self._listen(reader, writer)
        except (FrameError, ValueError) as error:
            log.warning("closed the connection of %s: %s", where, _line(error))
        except OSError as error:
            log.info("lost the connection of %s: %s", where, error)
        except asyncio.CancelledError:
            pass  # the server closes
        finally:
            self._connections.discard(task)
            writer.close()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._unknown >= self._limits.unknown:
            raise FrameError(f"{self._unknown} connections have not said yet who speaks")
        self._unknown += 1
        try:
            async with asyncio.timeout(HELLO_TIMEOUT):
                first = await read_frame(reader, LONGEST_GREETING)
        except TimeoutError:
            raise FrameError(f"it said nothing for {HELLO_TIMEOUT:g} seconds") from None
        finally:
            self._unknown -= 1
        if first is None:
            return
        hello = self._understood(first)
        if hello.source is None:
            await self._serve_client(reader, writer)
            return
        self._check_certificate(hello, writer)
        answer = await self._greet(hello)
        _tell(writer, answer)
        if answer.farewell is not None:
            if not answer.farewell.is_for_now:
                self._refuse(writer, f"{hello.source!r} {answer.reason}")
            return
        self._compare(hello.source, hello.features)
        self._speaking[hello.source].add(writer)
        try:
            await self._hear(hello.source, reader)
        finally:
            self._speaking[hello.source].discard(writer)

    def _refuse(self, writer: asyncio.StreamWriter, why: str) -> None:
        """Say that somebody is not let in, once, as it will come again."""
        if len(self._told) > MOST_TOLD:
            self._told.clear()
        level = logging.DEBUG if why in self._told else logging.WARNING
        self._told.add(why)
        log.log(level, "closed the connection of %s: %s", _name(writer), why)

    def _check_certificate(self, hello: Hello, writer: asyncio.StreamWriter) -> None:
        """Raise FrameError for who speaks under a name that its certificate does not have."""
        certificate = writer.get_extra_info("peercert")
        assert hello.source is not None
        if certificate is None:  # there is no TLS
            return
        known = self._known()
        where = known.get(hello.source) or (parse_address(hello.address) if hello.address else None)
        host = "" if where is None else where.host
        if not speaks_for(certificate, hello.source, host, known):
            raise FrameError(f"its certificate is not that of the server {hello.source}")

    def cut(self, peer: ServerId) -> None:
        """Close the connections of a peer."""
        for writer in tuple(self._speaking[peer]):
            writer.close()

    def dismiss(self, peer: ServerId, farewell: Answer) -> None:
        """Close the connections of a peer, and say why."""
        for writer in tuple(self._speaking[peer]):
            _tell(writer, farewell)
            writer.close()

    async def _hear(self, peer: ServerId, reader: asyncio.StreamReader) -> None:
        while (payload := await read_frame(reader, self._limits.frame)) is not None:
            envelope = decode(payload)
            source, dest = envelope.message.source, envelope.message.dest
            if (source, dest) != (peer, self._me):
                raise FrameError(f"{peer!r} sends a message of {source!r} for {dest!r}")
            self._deliver(envelope)

    def _compare(self, peer: ServerId, features: str) -> None:
        """Say in the log, once, that a peer has other features."""
        if features != self._features.get(peer, self._own_features):
            log.warning(
                "%s runs with the features %s, and %s with %s: what one of them promises, "
                "it does where all servers have it",
                *(peer, features, self._me, self._own_features),
            )
        self._features[peer] = features

    def _understood(self, first: bytes) -> Hello:
        try:
            hello = decode_hello(first)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FrameError(f"neither a server nor a client of ours: {error}") from None
        if hello.version != VERSION:
            raise FrameError(f"it speaks version {hello.version}, not {VERSION}")
        if not all(each.isprintable() for each in texts(hello)):
            raise FrameError("its greeting is not of words")
        if hello.dest not in (None, self._me):
            raise FrameError(f"it wants {hello.dest!r}, and this is {self._me!r}")
        return hello

    async def _serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(self._clients) >= self._limits.clients and not self._make_room():
            raise FrameError(f"there are {len(self._clients)} clients already, all at work")
        # So many requests of one client are in work at a time; the others wait in its socket.
        room = asyncio.Semaphore(256)
        requests = self._clients[writer] = set()

        def is_done(task: asyncio.Task[None]) -> None:
            requests.discard(task)
            room.release()

        try:
            while (payload := await self._next_request(reader)) is not None:
                await room.acquire()
                self._clients[writer] = self._clients.pop(writer, requests)  # now it is the last
                task = asyncio.ensure_future(self._reply(payload, writer))
                requests.add(task)
                task.add_done_callback(is_done)
        finally:
            self._clients.pop(writer, None)
            for task in requests:
                task.cancel()

    async def _next_request(self, reader: asyncio.StreamReader) -> bytes | None:
        return await read_frame(reader, self._limits.frame, self._budget)

    def _make_room(self) -> bool:
        """Close the connection of the client that has been idle for longest, if one is."""
        idle = next((each for each, requests in self._clients.items() if not requests), None)
        if idle is None:
            return False
        del self._clients[idle]
        idle.close()
        return True

    async def _reply(self, payload: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            reply = await self._answer(payload)
        except ValueError as error:
            log.warning("closed the connection of %s: %s", _name(writer), _line(error))
            writer.close()
            return
        if not writer.is_closing():
            writer.write(frame(reply))
            with contextlib.suppress(OSError):
                await writer.drain()


def _line(error: Exception) -> str:
    """Return what is wrong in one line, whatever was quoted in it."""
    text = str(error)[:MOST_QUOTED]
    return "".join(each if each.isprintable() else "?" for each in text)


def _tell(writer: asyncio.StreamWriter, answer: Answer) -> None:
    if not writer.is_closing():
        writer.write(frame(msgspec.msgpack.encode(answer)))


def _name(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return str(Address(*peer[:2])) if isinstance(peer, tuple) else "somebody"
