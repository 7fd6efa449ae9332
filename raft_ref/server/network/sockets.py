"""The network of a real cluster: sockets between servers, and from clients to servers.

They are TCP's, from machine to machine, or Unix's, between processes of one machine.

Two rules hold here.
 - Nothing blocks a server: what cannot be sent now waits in a queue of a limited size, and what
   does not fit is lost. Raft takes a lost message as any other loss.
 - Whoever connects may send anything. A connection that does not speak our frames, or speaks for a
   server that is not let in, is closed with one line in the log, and nothing else happens.

A connection carries frames one way (from a server to its peer) or requests and replies (from a
client, and back). Its first frame says which, and who speaks. To a server the other one says who it
is as well, or why it does not let it in, before anything else is sent; and, later, if it is spoken
with no more, why.
"""

import asyncio
import contextlib
import ipaddress
import logging
import random
import ssl
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, NamedTuple

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.codec import Envelope, decode, encode
from raft_ref.server.network.framing import MAX_FRAME, FrameError, frame, read_frame
from raft_ref.server.network.tls import speaks_for
from raft_ref.server.transport import Transport

log = logging.getLogger("raft_ref.server")

VERSION = 4
"""The version of what is spoken on a connection."""

FIRST_RETRY, LAST_RETRY = 0.05, 1.0
"""Seconds to wait before a connection is tried again: the first time, and at most."""

HELLO_TIMEOUT = 5.0
"""Seconds in which a new connection must have said who speaks."""

MOST_QUOTED = 300
"""Characters of what is wrong with what a stranger says that are told."""

MOST_TOLD = 100
"""Reasons to let somebody not in that are remembered, so that each is told once."""


class Address(NamedTuple):
    """Where a server listens: a host and a port, or (port 0) the path of a Unix socket."""

    host: str
    port: int

    def __str__(self) -> str:
        if self.is_unix:
            return f"unix:{self.host}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_unix(self) -> bool:
        """Whether it is the path of a Unix socket."""
        return "/" in self.host

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.is_unix or self.host == "localhost" or _is_loopback(self.host)

    async def connect(
        self, tls: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection. Raises OSError."""
        if self.is_unix:
            return await asyncio.open_unix_connection(self.host)
        host = self.host if tls else None
        return await asyncio.open_connection(self.host, self.port, ssl=tls, server_hostname=host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


Contexts = tuple[ssl.SSLContext, ssl.SSLContext]
"""TLS for listening and for connecting."""


def parse_address(text: str) -> Address:
    """Return the address that ``host:port``, ``[host]:port`` or ``unix:/path`` names.

    Raises ValueError.
    """
    if text.startswith("unix:/"):
        return Address(text.removeprefix("unix:"), 0)
    host, separator, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not separator or not host or not port.isascii() or not port.isdigit():
        raise ValueError(f"{text}: expected host:port")
    if not 0 < int(port) < 2**16:
        raise ValueError(f"{text}: a port is a number from 1 to 65535")
    return Address(host, int(port))


class Hello(msgspec.Struct, frozen=True, tag="raft-ref", forbid_unknown_fields=True):
    """The first frame of a connection: who speaks, a server or (None) a client, and to whom.

    `features` are those of a server, by their names, and `address` is where it listens. `cluster`
    is what its cluster is known by (empty: it does not know yet), `founders` are the servers that
    this began with (none: it joined). `disk` is what its disk is known by, `times` how often it was
    started from it, and `run` is drawn anew each time.
    """

    version: int
    source: ServerId | None
    dest: ServerId | None
    features: str = "none"
    address: str = ""
    cluster: str = ""
    founders: tuple[ServerId, ...] = ()
    disk: str = ""
    times: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 0
    run: str = ""


class Farewell(StrEnum):
    """Why a server is not spoken with."""

    STRANGER = "is not in the cluster"
    REMOVED = "was removed from the cluster"
    ANOTHER_DISK = (
        "has another disk than before: a server that has lost its disk joins as a new one, with a "
        "name of its own, and the old one is removed"
    )
    OLDER_DISK = (
        "has an older state of its disk than before, and has forgotten what it promised since: it "
        "joins as a new one, with a name of its own, and the old one is removed"
    )
    TWICE = "runs twice, with one disk or a copy of it"
    ANOTHER_CLUSTER = "is of another cluster: one that is added has an empty disk, and joins"
    OTHER_FOUNDERS = "was told of other servers to begin a cluster with"
    NOT_YET = "is not told yet which cluster it belongs to"

    @property
    def is_for_now(self) -> bool:
        """Whether it may be otherwise soon, without anybody's doing."""
        return self is Farewell.NOT_YET


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a server says to another that speaks to it: who it is, or why it does not listen.

    `detail` says what differs. The other fields are as in `Hello`.
    """

    farewell: Farewell | None = None
    detail: str = ""
    cluster: str = ""
    founders: tuple[ServerId, ...] = ()
    disk: str = ""
    times: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 0
    run: str = ""

    @property
    def reason(self) -> str:
        """Why, in words."""
        return f"{self.farewell}{f' ({self.detail})' if self.detail else ''}"


WELCOME = Answer()

_hello = msgspec.msgpack.Decoder(Hello)
_decode_answer = msgspec.msgpack.Decoder(Answer).decode

LONGEST_GREETING = 4096
"""Bytes that the first frames may have."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection may take of memory, in bytes: one frame, and all that wait to be sent."""

    frame: int = MAX_FRAME
    queue: int = 2 * MAX_FRAME


DEFAULT_LIMITS = Limits()


Greeting = Callable[[Hello], Awaitable[Answer]]
Hearing = Callable[[Answer], Awaitable[bool]]


async def _take(answer: Answer) -> bool:
    return answer.farewell is None


class Link:
    """The way from a server to one of its peers: a queue, and a connection that is tried again."""

    def __init__(
        self,
        address: Address,
        hello: Callable[[], Hello],
        tls: ssl.SSLContext | None = None,
        limits: Limits = DEFAULT_LIMITS,
        hear: Hearing = _take,
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
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._wakeup = asyncio.Event()
        self.lost = 0  # messages that found the queue full, or were on their way when it broke
        self.is_connected = False
        self._is_told_to_wait = False

    def send(self, payload: bytes) -> None:
        """Send a message if there is a connection, and room in the queue; otherwise it is lost."""
        if not self.is_connected or self._queued + len(payload) > self._limits.queue:
            self.lost += 1
            return
        self._queue.append(frame(payload))
        self._queued += len(payload)
        self._wakeup.set()

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
            self._forget()
            # Peers that lost each other at one time do not try again at one time.
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(2 * wait, LAST_RETRY)

    def _forget(self) -> None:
        self.is_connected = False
        self.lost += len(self._queue)
        self._queue.clear()
        self._queued = 0

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
                self.is_connected = True
                log.info("connected to %s", self.address)
                await self._go_on(reader, writer)
        finally:
            writer.close()

    async def _go_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        closed = asyncio.ensure_future(self._hear(reader))
        try:
            while not closed.done():
                await self._write(writer)
                wakeup = asyncio.ensure_future(self._wakeup.wait())
                await asyncio.wait({wakeup, closed}, return_when=asyncio.FIRST_COMPLETED)
                wakeup.cancel()
        finally:
            closed.cancel()
            # Not `await closed`: were this task cancelled meanwhile, it could not tell whose
            # cancellation it sees.
            await asyncio.gather(closed, return_exceptions=True)

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        """Wait for the end of the connection; a peer says nothing more, but for a farewell."""
        with contextlib.suppress(FrameError, OSError):
            last = await answer_of(reader)
            if last is not None and last.farewell is not None:
                self.is_connected = False  # who is not let in asks no more often than need be
                await self._hear_answer(last)

    async def _write(self, writer: asyncio.StreamWriter) -> None:
        self._wakeup.clear()
        while self._queue:
            frames = tuple(self._queue)
            self._queue.clear()
            self._queued = 0
            writer.writelines(frames)
            await writer.drain()


async def answer_of(reader: asyncio.StreamReader) -> Answer | None:
    """Return what a peer answers; None at the end. Raises FrameError and OSError."""
    payload = await read_frame(reader, LONGEST_GREETING)
    try:
        return None if payload is None else _decode_answer(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FrameError(f"no answer to a greeting: {error}") from None


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
        max_clients: int = 1000,
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
        self._max_clients = max_clients
        self._features: dict[ServerId, str] = {}  # as far as was told
        self._own_features = features
        self._speaking: dict[ServerId, set[asyncio.StreamWriter]] = defaultdict(set)
        self._clients = 0
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, address: Address, tls: ssl.SSLContext | None = None) -> Address:
        """Listen, and return where (port 0 takes any that is free). Raises OSError."""
        if address.is_unix:
            self._server = await asyncio.start_unix_server(self._accept, address.host)
            return address
        self._server = await asyncio.start_server(self._accept, *address, ssl=tls)
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
        try:
            async with asyncio.timeout(HELLO_TIMEOUT):
                first = await read_frame(reader, LONGEST_GREETING)
        except TimeoutError:
            raise FrameError(f"it said nothing for {HELLO_TIMEOUT:g} seconds") from None
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
            hello = _hello.decode(first)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FrameError(f"neither a server nor a client of ours: {error}") from None
        if hello.version != VERSION:
            raise FrameError(f"it speaks version {hello.version}, not {VERSION}")
        if not all(each.isprintable() for each in _texts(hello)):
            raise FrameError("its greeting is not of words")
        if hello.dest not in (None, self._me):
            raise FrameError(f"it wants {hello.dest!r}, and this is {self._me!r}")
        return hello

    async def _serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._clients >= self._max_clients:
            raise FrameError(f"there are {self._max_clients} clients already")
        self._clients += 1
        # So many requests of one client are in work at a time; the others wait in its socket.
        room = asyncio.Semaphore(256)
        requests: set[asyncio.Task[None]] = set()
        try:
            while (payload := await read_frame(reader, self._limits.frame)) is not None:
                await room.acquire()
                task = asyncio.ensure_future(self._reply(payload, writer))
                requests.add(task)
                task.add_done_callback(requests.discard)
                task.add_done_callback(lambda _: room.release())
        finally:
            self._clients -= 1
            for task in requests:
                task.cancel()

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


def _texts(hello: Hello) -> list[str]:
    values = [*msgspec.structs.astuple(hello), *hello.founders]
    return [each for each in values if isinstance(each, str)]


def _tell(writer: asyncio.StreamWriter, answer: Answer) -> None:
    if not writer.is_closing():
        writer.write(frame(msgspec.msgpack.encode(answer)))


def _name(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return str(Address(*peer[:2])) if isinstance(peer, tuple) else "somebody"


class SocketTransport(Transport):
    """All connections of one server: a link to each peer, and a listener.

    `addresses` are those of the servers of the cluster that are known at first. `hello` returns
    what the server says of itself; `greet` answers another that speaks to it, and `hear` is told
    what each peer answers, and says whether to go on.
    """

    def __init__(
        self,
        addresses: Mapping[ServerId, Address],
        hello: Callable[[], Hello],
        greet: Greeting,
        deliver: Callable[[Envelope], None],
        answer: Callable[[bytes], Awaitable[bytes]],
        limits: Limits = DEFAULT_LIMITS,
        tls: Contexts | None = None,
        hear: Callable[[ServerId, Answer], Awaitable[bool]] = lambda peer, answer: _take(answer),
    ) -> None:
        """Open nothing yet. `tls` is for listening and for connecting."""
        first = hello()
        assert first.source is not None
        self._hello = hello
        self._me = first.source
        self._tls = tls
        self._limits = limits
        self._hear = hear
        self.links: dict[ServerId, Link] = {}
        self._running: dict[ServerId, asyncio.Task[None]] = {}
        for peer, address in addresses.items():
            self._add(peer, address)
        self._is_started = False
        self._own = addresses.get(self._me)
        self._listener = Listener(
            self._me, greet, deliver, answer, limits, features=first.features, known=self._known
        )

    def _known(self) -> dict[ServerId, Address]:
        known = {peer: link.address for peer, link in self.links.items()}
        return known if self._own is None else {self._me: self._own, **known}

    def _is_of(self, peer: ServerId, address: Address, certificate: Mapping[str, Any]) -> bool:
        return speaks_for(certificate, peer, address.host, self._known())

    def _add(self, peer: ServerId, address: Address) -> None:
        if peer != self._me:
            connecting = None if self._tls is None else self._tls[1]
            hear = partial(self._hear, peer)
            said = partial(self._said_to, peer)
            is_of = partial(self._is_of, peer, address)
            self.links[peer] = Link(address, said, connecting, self._limits, hear, is_of)

    def _said_to(self, peer: ServerId) -> Hello:
        return msgspec.structs.replace(self._hello(), dest=peer)

    async def start(self, address: Address) -> Address:
        """Listen at an address, and connect to all peers; return the address. Raises OSError."""
        bound = await self._listener.start(address, None if self._tls is None else self._tls[0])
        self._is_started = True
        for peer in self.links:
            self._run(peer)
        return bound

    def _run(self, peer: ServerId) -> None:
        if self._is_started:
            self._running[peer] = asyncio.ensure_future(self.links[peer].run())

    def connect(self, peer: ServerId, address: Address) -> None:
        """Let a server be a peer, if it is none yet at that address."""
        known = self.links.get(peer)
        if peer == self._me or (known is not None and known.address == address):
            return
        self._close(peer)
        self._add(peer, address)
        self._run(peer)

    def dismiss(self, peer: ServerId, farewell: Answer) -> None:
        """Speak with a peer no more, and tell it why."""
        self.replace(peer, farewell)
        self._close(peer)

    def cut(self, peer: ServerId) -> None:
        """Close the connections of a peer, which may come back."""
        self._listener.cut(peer)

    def replace(self, peer: ServerId, farewell: Answer) -> None:
        """Listen no more to who has spoken for a peer, and tell it why."""
        self._listener.dismiss(peer, farewell)

    def _close(self, peer: ServerId) -> None:
        self.links.pop(peer, None)
        task = self._running.pop(peer, None)
        if task is not None:
            task.cancel()

    def send(self, envelope: Envelope) -> None:
        """Send a message to a peer; it may be lost."""
        link = self.links.get(envelope.message.dest)
        if link is not None:
            link.send(encode(envelope))

    async def close(self) -> None:
        """Close all connections."""
        running = [*self._running.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._listener.close()
