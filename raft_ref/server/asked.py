"""What is asked of a server, by a client or by itself, and how it is answered."""

import asyncio
from collections.abc import Callable

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.network.incoming import Asked
from raft_ref.server.replicas.replica import Reply
from raft_ref.server.session import Request

_encode = msgspec.msgpack.Encoder().encode


class Waiting:
    """A request of a client, and what the replica knows it by."""

    __slots__ = ("_address_of", "_asked", "_number", "ask", "since")

    def __init__(
        self,
        asked: Asked,
        request: Request,
        now: float,
        address_of: Callable[[ServerId], str | None],
    ) -> None:
        self._asked, self._number, self._address_of = asked, request.number, address_of
        self.ask, self.since = request.put_to, now

    @property
    def is_awaited(self) -> bool:
        """Whether the client is still there."""
        return self._asked.is_awaited

    def reply(self, reply: Reply) -> None:
        """Answer the client, who knows servers by where they listen."""
        leader = reply.leader and self._address_of(reply.leader)
        self._asked.answer(_encode((self._number, reply._replace(leader=leader))))

    def forget(self) -> None:
        """Do nothing about it: the client is gone."""
        self._asked.forget()

    def fail(self, error: ValueError) -> None:
        """Close the connection of who asks such a thing."""
        self._asked.refuse(error)


class Wish:
    """A request of the server's own."""

    def __init__(self) -> None:
        self.replied: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def reply(self, reply: Reply) -> None:
        """Tell who waits, if somebody does still."""
        if not self.replied.done():
            self.replied.set_result(reply)

    def fail(self, error: ValueError) -> None:
        """Tell who waits."""
        if not self.replied.done():
            self.replied.set_exception(error)
