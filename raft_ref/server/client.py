"""A client of a real cluster, over sockets; see `raft_ref.server.session` for what it asks."""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.network.framing import FrameError, frame, read_frame
from raft_ref.server.network.sockets import VERSION, Address, Hello, parse_address
from raft_ref.server.network.tls import Certificate
from raft_ref.server.replica import Reply, Status
from raft_ref.server.session import ExpiredError, Request, Session, Wanted
from raft_ref.server.store import Result

_decode_reply = msgspec.msgpack.Decoder(tuple[int, tuple[Status, Result, ServerId | None]]).decode

ATTEMPT = 1.0
"""Seconds that a client waits for a reply before it asks another server."""


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
        self._is_sent = False  # something that may have an effect, with the last request
        self._was_sent = False  # or with one before
        self._is_in_doubt = False  # one that did not come to an end
        self._connected: tuple[str, asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def leader(self) -> str:
        """The address of the server that is asked next: the leader, if it answered last."""
        return self._session.target

    async def do(self, wanted: Wanted, seconds: float) -> Result:
        """Do something within so many seconds. Raises FailedError."""
        self._session.begin(wanted)
        trouble, self._was_sent, self._is_in_doubt = "no server answered", False, False
        try:
            async with asyncio.timeout(seconds):
                while True:
                    request = self._session.ask()
                    try:
                        reply = await self._asked(request)
                        self._is_in_doubt |= self._is_sent and reply.status is Status.UNKNOWN
                        if reply.status is Status.NOT_LEADER:
                            trouble = "no server leads"
                            await asyncio.sleep(0.02)
                        result = self._session.take(request.number, reply)
                        if result is not None and not result.refused:
                            return result
                        if result is not None:
                            raise FailedError(result.refused, is_definite=not self._is_in_doubt)
                    except ExpiredError as error:
                        raise FailedError(str(error), is_definite=False) from None
                    except (OSError, FrameError, TimeoutError) as error:
                        trouble = f"{self._session.target}: {_reason(error)}"
                        self._is_in_doubt |= self._is_sent
                        await self.close()
                        self._session.give_up_waiting()
                        await asyncio.sleep(0.02)
        except TimeoutError:
            await self.close()
            raise FailedError(f"{trouble}, for {seconds:g} s", not self._was_sent) from None

    async def close(self) -> None:
        """Close the connection."""
        if self._connected is not None:
            _, _, writer = self._connected
            self._connected = None
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def _asked(self, request: Request) -> Reply:
        self._is_sent = False
        async with asyncio.timeout(ATTEMPT):
            reader, writer = await self._connection(self._session.target)
            writer.write(frame(msgspec.msgpack.encode(request)))
            await writer.drain()
            is_command = request.command is not None and self._session.is_open
            is_change = request.membership not in (None, (None,))
            self._is_sent = is_command or is_change or request.successor is not None
            self._was_sent |= self._is_sent
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


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer for {ATTEMPT:g} s"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


@dataclass(frozen=True)
class OperationRequest:
    """Do one thing: where the servers listen, what, and how many seconds to try."""

    servers: tuple[Address, ...]
    wanted: Wanted
    seconds: float = 5.0
    certificate: Certificate | None = None

    async def run(self) -> Result:
        """Do it, and return its result. Raises TlsError and FailedError."""
        files = self.certificate
        client = Client(self.servers, None if files is None else files.for_connecting())
        try:
            return await client.do(self.wanted, self.seconds)
        finally:
            await client.close()
