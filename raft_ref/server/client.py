"""A client of a real cluster, over sockets; see `raft_ref.server.session` for what it asks."""

import asyncio
import contextlib
import os
import random
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.network.addresses import Address, parse_address
from raft_ref.server.network.framing import MAX_FRAME, FrameError, frame, read_frame
from raft_ref.server.network.hello import VERSION, Answer, Hello, answer_of
from raft_ref.server.network.tls import Certificate
from raft_ref.server.replica import Reply, Status
from raft_ref.server.session import ExpiredError, Request, Session, Wanted
from raft_ref.server.store import Result

_decode_reply = msgspec.msgpack.Decoder(tuple[int, tuple[Status, Result, ServerId | None]]).decode

ATTEMPT, SLOWEST = 1.0, 2**18
"""Seconds that a client waits for a reply before it asks another server, and the bytes a second
that it allows for more."""


FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
"""Seconds that a client leaves a leader alone that is overloaded: at first, and at most."""


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
        self._was_sent = False  # something that may have an effect, which is not known
        self._heard: dict[str, str] = {}  # what was heard last of each server
        self._followers: dict[str, bool] = {}  # who answers, and whether it knows of a leader
        self._connected: tuple[str, asyncio.StreamReader, asyncio.StreamWriter] | None = None

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
            self._heard[target] = reason_of(error)
            self._followers.pop(target, None)
            await self.close()
            self._session.give_up_waiting()
            await asyncio.sleep(0.02)
            return None
        if reply.status is not Status.UNKNOWN:
            self._was_sent = was_sent  # what may come of this request is known, not of those before
        if reply.status is Status.REFUSED:
            raise FailedError(reply.result.refused, self.is_undone)
        if reply.status is Status.OVERLOADED:
            self._heard[target] = "is overloaded"
            self._followers[target] = True
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            await asyncio.sleep(self._pause * random.uniform(0.5, 1.0))
        if reply.status is Status.NOT_LEADER:
            self._heard[target] = _told(reply)
            self._followers[target] = reply.leader is not None
            await asyncio.sleep(0.02)
        return self._session.take(request.number, reply)

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
            _, _, writer = self._connected
            self._connected = None
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def ask(self, request: Request) -> Reply:
        """Ask one server, once. Raises OSError, FrameError and TimeoutError."""
        sent = msgspec.msgpack.encode(request)
        if len(sent) > MAX_FRAME:
            raise FailedError(f"it has {len(sent)} bytes, which no server takes", True)
        async with asyncio.timeout(ATTEMPT + len(sent) // SLOWEST):
            reader, writer = await self._connection(self._session.target)
            writer.write(frame(sent))
            await writer.drain()
            is_command = request.command is not None and self._session.is_open
            is_change = request.membership not in (None, (None,))
            self._was_sent |= is_command or is_change or request.successor is not None
            while (payload := await read_frame(reader)) is not None:
                number, content = _decode(payload)
                if number == request.number:
                    return Reply(*content)
        raise FrameError("the server closed the connection")

    async def _connection(self, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._connected is not None and self._connected[0] != target:
            await self.close()
        if self._connected is None:
            if target not in self._addresses:  # a member that another one has told of
                self._addresses[target] = _parsed(target)
            reader, writer = await self._addresses[target].connect(self._tls)
            writer.write(frame(msgspec.msgpack.encode(Hello(VERSION, None, None))))
            self._connected = target, reader, writer
        return self._connected[1:]


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


VISIT = 0.5
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
