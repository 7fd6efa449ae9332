"""A client of a real cluster, over sockets; see `raft_ref.server.session` for what it asks."""

import asyncio
import os
import random
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.network.addresses import Address, parse_address
from raft_ref.server.network.framing import MAX_FRAME, FrameError, Frames, frame
from raft_ref.server.network.hello import VERSION, Answer, Hello, answer_of
from raft_ref.server.network.incoming import NO_REQUEST
from raft_ref.server.network.tls import Certificate
from raft_ref.server.replicas.replica import Reply, Status
from raft_ref.server.session import ExpiredError, Request, Session, Wanted
from raft_ref.server.store import Result

_HELLO = msgspec.msgpack.encode(Hello(VERSION, None, None))
_decode_reply = msgspec.msgpack.Decoder(tuple[int, tuple[Status, Result, ServerId | None]]).decode

ATTEMPT, LONGEST_ATTEMPT, SLOWEST = 1.0, 8.0, 2**18
"""Seconds that a client waits for a reply before it asks another server: at first, and at most,
where servers take longer than that; and the bytes a second that it allows for more."""

MOST_PATIENT = 10
"""How many times as long it waits for a server that says that it is at it."""

LAST_WORDS = 0.2
"""Seconds that a connection which is closed leaves what was written to be sent."""

FIRST_PAUSE, LONGEST_PAUSE, LONGEST_SEARCH = 0.02, 0.5, 0.25
"""Seconds that a client pauses before it asks again, at first; at most where the leader is
overloaded, and where none is found: many that ask at once would keep servers from electing one."""


class FailedError(Exception):
    """Something was not done in time; the message says why, in one line.

    `is_definite` says that it was not done and never will be; otherwise it may have been done, or
    may still be.
    """

    def __init__(self, reason: str, is_definite: bool) -> None:
        super().__init__(reason)
        self.is_definite = is_definite


class Client:
    """A client that does one thing at a time.

    Arguments: where the servers listen, or some of them: those that lead tell of the others; TLS
    for connecting, if any. The names of servers are their addresses, since a client need not know
    more.
    """

    def __init__(self, addresses: Sequence[Address], tls: ssl.SSLContext | None = None) -> None:
        self._addresses = {str(address): address for address in addresses}
        self._session = Session(tuple(self._addresses))
        self._tls = tls
        self._pause = FIRST_PAUSE
        self._patience = ATTEMPT
        self._was_sent = False  # something that may have an effect, which is not known
        self._heard: dict[str, str] = {}  # what was heard last of each server
        self._followers: dict[str, bool] = {}  # who answers, and whether it knows of a leader
        self._connected: _Connection | None = None

    @property
    def leader(self) -> str:
        """The address of the server that is asked next: the leader, if it answered last."""
        return self._session.target

    async def do(self, wanted: Wanted, seconds: float) -> Result:
        """Do something within so many seconds. Raises FailedError."""
        self._session.begin(wanted)
        self._was_sent, self._heard, self._followers = False, {}, {}
        self._pause = FIRST_PAUSE
        try:
            async with asyncio.timeout(seconds):
                while True:
                    result = await self._tried()
                    if result is not None and not result.refused:
                        return result
                    if result is not None:
                        raise FailedError(result.refused, self.is_undone)
        except ExpiredError as error:
            raise FailedError(str(error), is_definite=False) from None
        except TimeoutError:
            await self.close()
            raise FailedError(self._trouble(seconds), self.is_undone) from None

    @property
    def is_undone(self) -> bool:
        """Whether what was wanted last, and did not end, has certainly no effect."""
        return not self._was_sent

    async def _tried(self) -> Result | None:
        """Ask one server; return the result, if it has one, and note what else was heard."""
        request, target, was_sent = self._session.ask(), self._session.target, self._was_sent
        try:
            reply = await self.ask(request)
        except (OSError, FrameError, TimeoutError) as error:
            if isinstance(error, TimeoutError):
                self._patience = min(2 * self._patience, LONGEST_ATTEMPT)
            self._heard[target] = reason_of(error)
            self._followers.pop(target, None)
            await self.close()
            self._session.give_up_waiting()
            await self._rest(1.5, LONGEST_SEARCH)
            return None
        self._patience = max(ATTEMPT, 0.9 * self._patience)
        if reply.status is not Status.UNKNOWN:
            self._was_sent = was_sent  # what may come of this request is known, not of those before
        if reply.status is Status.REFUSED:
            raise FailedError(reply.result.refused, self.is_undone)
        if reply.status is Status.OVERLOADED:
            self._heard[target] = "is overloaded"
            self._followers[target] = True
            await self._rest(2, LONGEST_PAUSE)
        if reply.status is Status.NOT_LEADER:
            self._heard[target] = _told(reply)
            self._followers[target] = reply.leader is not None
            await self._rest(1.5, LONGEST_SEARCH)
        return self._session.take(request.number, reply)

    async def _rest(self, growth: float, longest: float) -> None:
        """Pause, each time for longer."""
        await asyncio.sleep(self._pause * random.uniform(0.5, 1.0))
        self._pause = min(growth * self._pause, longest)

    def _trouble(self, seconds: float) -> str:
        """Say why nothing was done in time, by what was heard last of each server."""
        heard = [f"{target}: {what}" for target, what in self._heard.items()]
        if len(heard) < 2 and not self._followers:
            return f"{''.join(heard) or 'no server answered'}, for {seconds:g} s"
        what = "no server answers"
        if self._followers:
            what = "no leader answers" if any(self._followers.values()) else "no server leads"
        if "is overloaded" in self._heard.values():
            what = "the leader is overloaded"
        return f"{what}, for {seconds:g} s ({'; '.join(heard)})"

    async def close(self) -> None:
        """Close the connection."""
        if self._connected is not None:
            connected, self._connected = self._connected, None
            connected.transport.close()
            try:
                async with asyncio.timeout(LAST_WORDS):
                    await connected.closed.wait()
            except TimeoutError:  # nobody takes what is still to be sent
                connected.transport.abort()

    async def ask(self, request: Request) -> Reply:
        """Ask one server, once. Raises OSError, FrameError and TimeoutError."""
        sent = msgspec.msgpack.encode(request)
        if len(sent) > MAX_FRAME:
            raise FailedError(f"it has {len(sent)} bytes, which no server takes", True)
        connected, target = self._connected, self._session.target
        if connected is None or connected.target != target or connected.closed.is_set():
            connected = await self._connect(target)
        connected.transport.write(frame(sent))
        is_command = request.command is not None and self._session.is_open
        is_change = request.membership not in (None, (None,))
        self._was_sent |= is_command or is_change or request.successor is not None
        return await connected.reply_to(request.number, self._patience + len(sent) // SLOWEST)

    async def _connect(self, target: str) -> "_Connection":
        await self.close()
        if target not in self._addresses:  # a member that another one has told of
            self._addresses[target] = _parsed(target)
        async with asyncio.timeout(self._patience):
            made = await self._addresses[target].open(partial(_Connection, target), self._tls)
        self._connected = made
        made.transport.write(frame(_HELLO))
        return made


class _Connection(Frames):
    """A connection to a server, with a request that waits for its reply, if one does."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target
        self._number = 0
        self._waits: asyncio.Future[Reply] | None = None
        self.closed = asyncio.Event()

    def reply_to(self, number: int, seconds: float) -> "asyncio.Future[Reply]":
        """Return the reply to a request, or an OSError, FrameError or TimeoutError.

        It may take so many seconds, and as many again when the server says that it is at it.
        """
        loop = asyncio.get_running_loop()
        self._number, self._waits, self._seconds = number, loop.create_future(), seconds
        self._until = loop.time() + MOST_PATIENT * seconds
        self._set_alarm(seconds)
        self._waits.add_done_callback(lambda _: self._alarm_clock.cancel())
        return self._waits

    def _set_alarm(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds

        def ring() -> None:
            # Who is late has not looked for a reply for as long, and looks once more.
            if loop.time() > due + seconds / 4:
                self._set_alarm(seconds)
            else:
                self._end_wait(TimeoutError())

        self._alarm_clock = loop.call_at(due, ring)

    def take(self, payload: bytes) -> None:
        """Take a reply; one to an earlier request comes too late."""
        number, content = _decode(payload)
        if number == NO_REQUEST:
            self._wait_on()
        elif number == self._number and self._waits is not None and not self._waits.done():
            self._waits.set_result(Reply(*content))

    def _wait_on(self) -> None:
        is_waiting = self._waits is not None and not self._waits.done()
        if is_waiting and asyncio.get_running_loop().time() < self._until:
            self._alarm_clock.cancel()
            self._set_alarm(self._seconds)

    def refuse(self, error: Exception) -> None:
        """Tell who waits."""
        self._end_wait(error)
        self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell who waits."""
        super().connection_lost(error)
        self.closed.set()
        self._end_wait(error or FrameError("the server closed the connection"))

    def _end_wait(self, error: Exception) -> None:
        if self._waits is not None and not self._waits.done():
            self._waits.set_exception(error)


def _decode(payload: bytes) -> tuple[int, tuple[Any, ...]]:
    try:
        return _decode_reply(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FrameError(f"no reply: {error}") from None


def _parsed(address: str) -> Address:
    try:
        return parse_address(address)
    except ValueError as error:
        raise FrameError(f"no address of a leader: {error}") from None


def reason_of(error: Exception) -> str:
    """Return why a server could not be asked, in a few words."""
    if isinstance(error, TimeoutError):
        return f"no answer for {ATTEMPT:g} s"
    number = getattr(error, "errno", None) or 0
    if number > 0 and not isinstance(error, ssl.SSLError):
        return os.strerror(number)  # what asyncio says names the address once more
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _told(reply: Reply) -> str:
    """Say what a server is that does not lead."""
    if reply.result.refused:
        return f"{reply.result.value} {reply.result.refused}"
    return "does not lead" if reply.leader is None else f"follows {reply.leader}"


VISIT = 2.0
"""Seconds in which who is to be added must answer."""


async def stranger(name: str, address: Address, tls: ssl.SSLContext | None = None) -> str:
    """Return why who answers at an address is no server of a name that waits to be added.

    It is empty if it is one.
    """
    client = Client((address,), tls)
    try:
        async with asyncio.timeout(VISIT):
            reply = await client.ask(Request(0, None, membership=(None,)))
    except (OSError, FrameError, TimeoutError) as error:
        why = f"no answer for {VISIT:g} s" if isinstance(error, TimeoutError) else reason_of(error)
        return f"no server answers at {address} ({why})"
    finally:
        await client.close()
    there = reply.result.value if reply.status is Status.NOT_LEADER else None
    if there is None:
        return f"who answers at {address} does not wait to be added (serve --join)"
    return "" if there == name else f"who answers at {address} is {there}, not {name}"


async def greeted(hello: Hello, address: Address, tls: ssl.SSLContext | None) -> Answer | None:
    """Return what a server answers to a greeting; None if it says nothing."""
    try:
        async with asyncio.timeout(VISIT):
            reader, writer = await address.connect(tls)
            try:
                writer.write(frame(msgspec.msgpack.encode(hello)))
                return await answer_of(reader)
            finally:
                writer.close()
    except (OSError, FrameError, TimeoutError):
        return None


@dataclass(frozen=True)
class OperationRequest:
    """Do one thing: where the servers listen, what, and how many seconds to try."""

    servers: tuple[Address, ...]
    wanted: Wanted
    seconds: float = 5.0
    certificate: Certificate | None = None

    def client(self) -> Client:
        """Return a client to do it. Raises TlsError."""
        files = self.certificate
        return Client(self.servers, None if files is None else files.for_connecting())

    async def run(self, client: Client | None = None) -> Result:
        """Do it, by that client or one of its own; return its result.

        Raises TlsError and FailedError.
        """
        client = client or self.client()
        try:
            return await client.do(self.wanted, self.seconds)
        finally:
            await client.close()

    def run_alone(self) -> Result:
        """Do it in an event loop of its own, where an interrupt is a FailedError as well.

        Raises TlsError and FailedError.
        """
        client = self.client()
        try:
            return asyncio.run(self.run(client))
        except KeyboardInterrupt:
            raise FailedError("interrupted", client.is_undone) from None
