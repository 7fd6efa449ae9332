"""The other end of links and clients: who listens, and to whom."""

import asyncio
import logging
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.codec import Envelope, decode
from raft_ref.server.network.addresses import Address, parse_address
from raft_ref.server.network.framing import Budget, FrameError
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
from raft_ref.server.network.incoming import Asked, Incoming
from raft_ref.server.network.links import DEFAULT_LIMITS, Limits
from raft_ref.server.network.tls import speaks_for

log = logging.getLogger("raft_ref.server")

MOST_QUOTED = 300
"""Characters of what is wrong with what a stranger says that are told."""

BACKLOG = 1024
"""Connections that wait to be accepted, at most: one that finds no place waits for a second."""

LOOK_EVERY = 0.5
"""Seconds from one look at who waits for an answer to the next."""

MOST_TOLD = 100
"""Reasons to let somebody not in that are remembered, so that each is told once."""


class Listener:
    """What accepts the connections of peers and clients.

    - `greet` is called with who begins to speak for a server, and returns what is answered: why it
      is not let in, if it is not.
    - `deliver` is called with each message, which is from whom the connection is. It is `taken` up
      later: of a peer with too many bytes until then no more is read.
    - `answer` is called with each request of a client; requests of one connection may be answered
      in any order, so they say themselves which is which.
    - `features`: those of the server, by their names. A peer that has others is told of in the log.
    - `known`: where servers listen, by their names, as far as is known.
    - `is_at_work`: whether clients that wait for long do well to wait on.

    All raise ValueError for what they cannot use; its connection is closed then.
    """

    def __init__(
        self,
        me: ServerId,
        greet: Greeting,
        deliver: Callable[[Envelope], None],
        answer: Callable[[Asked], None],
        limits: Limits = DEFAULT_LIMITS,
        features: str = "none",
        known: Callable[[], Mapping[ServerId, Address]] = dict,
        is_at_work: Callable[[], bool] = lambda: True,
    ) -> None:
        self._me = me
        self._is_at_work = is_at_work
        self._known = known
        self._told: set[str] = set()  # of who was closed, so that it is said once
        self._greet = greet
        self._deliver = deliver
        self._answer = answer
        self._limits = limits
        self._budget = Budget(limits.reading)
        self._features: dict[ServerId, str] = {}  # as far as was told
        self._own_features = features
        self._connections: set[Incoming] = set()
        # Who has not said yet who speaks, and when it must have.
        self._unknown: dict[Incoming, asyncio.TimerHandle] = {}
        self._speaking: dict[ServerId, set[Incoming]] = defaultdict(set)
        # Bytes of what peers have said that nobody has taken up, and of whom no more is read.
        self._untaken: dict[ServerId, int] = defaultdict(int)
        self._held: list[Incoming] = []
        # The client that was idle for longest comes first.
        self._clients: dict[Incoming, None] = {}
        self._greeting: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._silent_until = float("-inf")
        self._next_look: asyncio.TimerHandle | None = None

    async def start(self, address: Address, tls: ssl.SSLContext | None = None) -> Address:
        """Listen, and return where (port 0 takes any that is free). Raises OSError."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(loop.get_exception_handler() or self._note_trouble)
        self._limits = self._limits.within_descriptors()
        self._look()

        def accept() -> Incoming:
            return Incoming(self._begin, self._meet, self._close_refused, self._forget)

        if address.is_unix:
            self._server = await loop.create_unix_server(accept, address.host, backlog=BACKLOG)
            return address
        limit = None if tls is None else HELLO_TIMEOUT
        self._server = await loop.create_server(
            accept, *address, ssl=tls, ssl_handshake_timeout=limit, backlog=BACKLOG
        )
        host, port = self._server.sockets[0].getsockname()[:2]
        return Address(host, port)

    async def close(self) -> None:
        """Stop listening, and close all connections."""
        if self._server is not None:
            self._server.close()
        if self._next_look is not None:
            self._next_look.cancel()
        for task in self._greeting:
            task.cancel()
        await asyncio.gather(*self._greeting, return_exceptions=True)
        for each in tuple(self._connections):
            each.close()

    # Connections

    def _note_trouble(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Say in one line, once in a minute, that nobody more can be let in for now."""
        if "socket.accept()" not in context.get("message", ""):
            loop.default_exception_handler(context)
        elif loop.time() >= self._silent_until:
            self._silent_until = loop.time() + 60.0
            log.warning("%s lets nobody in for now: %s", self._me, context.get("exception"))

    def _meet(self, connection: Incoming) -> None:
        """Give a new connection some time to say who speaks."""
        self._connections.add(connection)
        connection.most = LONGEST_GREETING
        if len(self._unknown) >= self._limits.unknown:
            told = f"{len(self._unknown)} connections have not said yet who speaks"
            connection.break_off(FrameError(told))
            return
        silent = FrameError(f"it said nothing for {HELLO_TIMEOUT:g} seconds")
        loop = asyncio.get_running_loop()
        self._unknown[connection] = loop.call_later(HELLO_TIMEOUT, connection.break_off, silent)

    def _is_known(self, connection: Incoming) -> None:
        timer = self._unknown.pop(connection, None)
        if timer is not None:
            timer.cancel()

    def _close_refused(self, connection: Incoming, error: Exception) -> None:
        log.warning("closed the connection of %s: %s", connection.name, _line(error))
        connection.close()

    def _forget(self, connection: Incoming, error: Exception | None) -> None:
        """Forget a connection that is closed."""
        if error is not None:
            log.info("lost the connection of %s: %s", connection.name, error)
        self._is_known(connection)
        self._connections.discard(connection)
        self._clients.pop(connection, None)
        if connection.source is not None:
            self._speaking[connection.source].discard(connection)

    def _begin(self, connection: Incoming, first: bytes) -> None:
        """Take the first frame, and let a client or a server in."""
        self._is_known(connection)
        hello = self._understood(first)
        connection.most = self._limits.frame
        if hello.source is None:
            self._let_client_in(connection)
            return
        self._check_certificate(hello, connection)
        connection.hold()
        task = asyncio.ensure_future(self._let_server_in(connection, hello))
        self._greeting.add(task)
        task.add_done_callback(self._greeting.discard)

    # Servers

    async def _let_server_in(self, connection: Incoming, hello: Hello) -> None:
        assert hello.source is not None
        try:
            answer = await self._greet(hello)
        except (FrameError, ValueError) as error:
            connection.break_off(error)
            return
        _tell(connection, answer)
        if answer.farewell is not None:
            if not answer.farewell.is_for_now:
                self._refuse(connection, f"{hello.source!r} {answer.reason}")
            connection.close()
        elif not connection.transport.is_closing():
            self._compare(hello.source, hello.features)
            connection.source = hello.source
            self._speaking[hello.source].add(connection)
            connection.takes = self._hear
            connection.release()

    def _refuse(self, connection: Incoming, why: str) -> None:
        """Say that somebody is not let in, once, as it will come again."""
        if len(self._told) > MOST_TOLD:
            self._told.clear()
        level = logging.DEBUG if why in self._told else logging.WARNING
        self._told.add(why)
        log.log(level, "closed the connection of %s: %s", connection.name, why)

    def _check_certificate(self, hello: Hello, connection: Incoming) -> None:
        """Raise FrameError for who speaks under a name that its certificate does not have."""
        certificate = connection.transport.get_extra_info("peercert")
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
        for each in tuple(self._speaking[peer]):
            each.close()

    def dismiss(self, peer: ServerId, farewell: Answer) -> None:
        """Close the connections of a peer, and say why."""
        for each in tuple(self._speaking[peer]):
            _tell(each, farewell)
            each.close()

    def _hear(self, connection: Incoming, payload: bytes) -> None:
        envelope = decode(payload)
        source, dest = envelope.message.source, envelope.message.dest
        if (source, dest) != (connection.source, self._me):
            raise FrameError(f"{connection.source!r} sends a message of {source!r} for {dest!r}")
        self._deliver(envelope)
        self._untaken[source] += len(payload)
        if self._untaken[source] > self._limits.queue:
            connection.hold()
            self._held.append(connection)

    def taken(self) -> None:
        """Go on: all that was delivered has been taken up."""
        self._untaken.clear()
        held, self._held = self._held, []
        for each in held:
            each.release()

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

    # Clients

    def _let_client_in(self, connection: Incoming) -> None:
        if len(self._clients) >= self._limits.clients and not self._make_room():
            raise FrameError(f"there are {len(self._clients)} clients already, all at work")
        self._clients[connection] = None
        connection.budget = self._budget
        connection.takes = self._ask

    def _ask(self, client: Incoming, payload: bytes) -> None:
        if self._clients.pop(client, client) is None:
            self._clients[client] = None  # now it is the last
        self._answer(client.asks(payload))

    def _look(self) -> None:
        if self._is_at_work():
            for each in self._clients:
                each.look()
        self._next_look = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look)

    def _make_room(self) -> bool:
        """Close the connection of the client that has been idle for longest, if one is."""
        idle = next((each for each in self._clients if each.is_idle), None)
        if idle is None:
            return False
        del self._clients[idle]
        idle.close()
        return True


def _line(error: Exception) -> str:
    """Return what is wrong in one line, whatever was quoted in it."""
    text = str(error)[:MOST_QUOTED]
    return "".join(each if each.isprintable() else "?" for each in text)


def _tell(connection: Incoming, answer: Answer) -> None:
    connection.tell(msgspec.msgpack.encode(answer))
