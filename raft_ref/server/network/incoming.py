"""A connection that somebody has opened: a peer, or a client with what it has asked for."""

import asyncio
from collections.abc import Callable

import msgspec

from raft_ref.messages import ServerId
from raft_ref.server.network.addresses import Address
from raft_ref.server.network.framing import Frames, frame

NO_REQUEST = -1
"""The number of no request."""

BUSY = msgspec.msgpack.encode((NO_REQUEST, ("overloaded", (), None)))
"""What a client is told meanwhile that waits for long: the reply to no request."""

MOST_ASKED = 256
"""Requests of one client that are in work at a time; the others wait in its socket."""


class Incoming(Frames):
    """A connection; whoever listens says what `takes` its frames, and is told when it is `closed`.

    `source` is the server that speaks, None for a client, and before that is said.
    """

    def __init__(
        self,
        takes: Callable[["Incoming", bytes], None],
        met: Callable[["Incoming"], None],
        refused: Callable[["Incoming", Exception], None],
        closed: Callable[["Incoming", Exception | None], None],
    ) -> None:
        super().__init__()
        self.takes = takes
        self._met, self._refused, self._closed = met, refused, closed
        self.source: ServerId | None = None
        self.name = "somebody"
        self._asked = 0
        self._answers = 0
        self._seen: int | None = None  # of these, when it was last looked at, and waited for more

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.name = str(Address(*peer[:2]))
        self._met(self)

    def take(self, payload: bytes) -> None:
        """Take a frame. Raises FrameError and ValueError."""
        self.takes(self, payload)

    def refuse(self, error: Exception) -> None:
        """Close the connection of who says such a thing."""
        self._refused(self, error)
        self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(error)
        self._closed(self, error)

    def pause_writing(self) -> None:
        """Take no more from who does not read what it is told."""
        self.hold()

    def resume_writing(self) -> None:
        """Go on."""
        self.release()

    def tell(self, payload: bytes) -> None:
        """Say something."""
        if not self.transport.is_closing():
            self.transport.write(frame(payload))

    def close(self) -> None:
        """Take nothing more, and close it once all is said."""
        self.end()
        self.transport.close()

    # Requests of a client

    def asks(self, payload: bytes) -> "Asked":
        """Return a request that has come."""
        self._asked += 1
        if self._asked == MOST_ASKED:
            self.hold()
        room, self.taken_room = self.taken_room, 0
        return Asked(self, payload, room)

    def was_answered(self) -> None:
        """Let the next one come, if it has waited."""
        self._asked -= 1
        self._answers += 1
        if self._asked == MOST_ASKED - 1:
            self.release()

    def look(self) -> None:
        """Tell a client that has waited since the last look that it is not forgotten.

        Or it would take this server for gone, and ask once more for what is under way, or in line.
        """
        waits = self._holds > 0 or not self.is_idle
        if waits and self._seen == self._answers and not self.transport.get_write_buffer_size():
            self.tell(BUSY)
        self._seen = self._answers if waits else None

    @property
    def is_idle(self) -> bool:
        """Whether nothing that was asked for is still to be answered."""
        return not self._asked


class Asked:
    """A request of a client: it is answered once, or its connection is closed.

    If it is a large one, others wait until then to be read.
    """

    __slots__ = ("_client", "_room", "payload")

    def __init__(self, client: Incoming, payload: bytes, room: int = 0) -> None:
        self._client, self.payload, self._room = client, payload, room

    @property
    def is_awaited(self) -> bool:
        """Whether the client is still there."""
        return not self._client.transport.is_closing()

    def answer(self, payload: bytes) -> None:
        """Answer it."""
        self.forget()
        self._client.tell(payload)
        self._client.was_answered()

    def forget(self) -> None:
        """Give back the room that it took: nothing will be done about it any more."""
        room, self._room = self._room, 0
        if room and self._client.budget is not None:
            self._client.budget.give(room)

    def refuse(self, error: ValueError) -> None:
        """Close the connection of who asks such a thing."""
        self.forget()
        self._client.break_off(error)
