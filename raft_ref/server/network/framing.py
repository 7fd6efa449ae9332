"""Frames: how a stream of bytes is cut into messages. A frame is a length, and so many bytes.

Whoever is at the other end may send anything. A frame that is too long is refused before any of it
is kept, and a stream that ends within a frame is told from one that ends after it.
"""

import asyncio
import struct
from collections.abc import Callable
from heapq import heappop, heappush
from typing import cast

_LENGTH = struct.Struct(">I")

MAX_FRAME = 8 * 2**20
"""Bytes that a frame may have unless the reader says otherwise."""


class FrameError(Exception):
    """A stream is not one of frames; the message says why in a few words."""


def frame(payload: bytes) -> bytes:
    """Return a payload as a frame. Raises FrameError if it is longer than the length can say."""
    if len(payload) >= 2**32:
        raise FrameError(f"a message of {len(payload)} bytes does not fit into a frame")
    return _LENGTH.pack(len(payload)) + payload


SMALL = 2**16
"""Bytes of a frame that is read without being asked for room: a socket has as many."""

SLOWEST, STALLED = 2**18, 5.0
"""Bytes a second that a frame has to come with once it has begun, and the seconds that it has more;
for as long it may stand still."""


class Budget:
    """How many bytes of large frames are read at a time, on all connections; others wait.

    The smaller ones first, and else in their order: who asks for much, and then says nothing, keeps
    others waiting for less time.
    """

    def __init__(self, size: int) -> None:
        self._free = size
        self._count = 0
        self._waiting: list[tuple[int, int, Callable[[], None]]] = []  # a heap

    def take(self, size: int, then: Callable[[], None]) -> bool:
        """Take so many bytes if there is room; else `then` is called once they are taken."""
        if not self._waiting and size <= self._free:
            self._free -= size
            return True
        self._count += 1
        heappush(self._waiting, (size, self._count, then))
        return False

    def give(self, size: int) -> None:
        """Give them back."""
        self._free += size
        while self._waiting and self._waiting[0][0] <= self._free:
            taken, _, then = heappop(self._waiting)
            self._free -= taken
            then()


async def read_frame(reader: asyncio.StreamReader, most: int = MAX_FRAME) -> bytes | None:
    """Return the next payload of a stream, or None at its end.

    Raises FrameError if the frame has more than `most` bytes, or is cut short.
    """
    try:
        head = await reader.readexactly(_LENGTH.size)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise FrameError("the stream ends within a frame") from None
        return None
    (length,) = _LENGTH.unpack(head)
    if length > most:
        raise FrameError(f"a frame of {length} bytes, more than {most}")
    try:
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        raise FrameError("the stream ends within a frame") from None


class Frames(asyncio.Protocol):
    """An end of a connection at which frames arrive: each is taken as soon as it is whole.

    What a frame says `take` is told, and of a stream that is none of frames `refuse`; then nothing
    more is taken. Large frames are read within a `budget`, if there is one.
    """

    most = MAX_FRAME
    budget: Budget | None = None
    transport: asyncio.Transport

    def __init__(self) -> None:
        self._rest = bytearray()  # what has come, and was not taken
        self._need = _LENGTH.size  # bytes of it up to the end of a frame, as far as is known
        self._length = 0  # of that frame
        self._holds = 0  # reasons to take no more for now
        self._room = 0  # of the budget, for the frame that is coming
        self.taken_room = 0  # and for the one that is taken, which who takes it may keep
        self._begun = self._moved = 0.0  # when it began to come, and when it went on
        self._alarm: asyncio.TimerHandle | None = None
        self._is_cutting = self._is_over = False

    def take(self, payload: bytes) -> None:
        """Take a frame. Raises FrameError and ValueError, which `refuse` is told."""
        raise NotImplementedError

    def refuse(self, error: Exception) -> None:
        """Close the connection of who says such a thing."""
        raise NotImplementedError

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take the frames that are whole, and keep the rest."""
        if self._rest or self._holds:
            if self._is_over:
                return
            self._rest += data
            self._moved = asyncio.get_running_loop().time()
            if len(self._rest) >= self._need:
                self._go_on()
            return
        at = self._cut(data)
        if at < len(data) and not self._is_over:
            self._rest += memoryview(data)[at:]
            self._wait_for_more()

    def eof_received(self) -> None:
        """Refuse what ends within a frame; then the connection is closed."""
        if self._rest and not self._holds:
            self.break_off(FrameError("the stream ends within a frame"))

    def connection_lost(self, error: Exception | None) -> None:
        """Give back what was taken for this connection."""
        self.end()

    # Frames

    def hold(self) -> None:
        """Take no more, until `release` is called as often."""
        self._holds += 1
        if self._holds == 1 and not self.transport.is_closing():
            self.transport.pause_reading()

    def release(self) -> None:
        """Go on."""
        self._holds -= 1
        if self._holds or self._is_over or self.transport.is_closing():
            return
        self.transport.resume_reading()
        self._go_on()

    def end(self) -> None:
        """Take nothing any more."""
        self._is_over = True
        self._rest.clear()
        self._give_room_back()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _go_on(self) -> None:
        if self._is_cutting or self._holds:
            return
        at = self._cut(self._rest)
        del self._rest[:at]
        if self._rest:
            self._wait_for_more()

    def _cut(self, data: bytes | bytearray) -> int:
        """Take the frames that are whole; return where they end."""
        at, size = 0, len(data)
        self._is_cutting = True
        try:
            while size - at >= _LENGTH.size and not (self._holds or self._is_over):
                (length,) = _LENGTH.unpack_from(data, at)
                end = at + _LENGTH.size + length
                if length > self.most:
                    raise FrameError(f"a frame of {length} bytes, more than {self.most}")
                if end > size:
                    break
                payload = bytes(memoryview(data)[at + _LENGTH.size : end])
                at = end
                self.taken_room, self._room = self._room, 0
                self.take(payload)
                self._give_room_back()
        except (FrameError, ValueError) as error:
            self.break_off(error)
        finally:
            self._is_cutting = False
        return at

    # Frames that are on their way

    def _wait_for_more(self) -> None:
        """See to it that the rest of a frame comes in time, and has room."""
        self._need, self._length = _LENGTH.size, 0
        if self._holds or self._is_over:
            return
        loop = asyncio.get_running_loop()
        self._begun = self._moved = loop.time()
        if len(self._rest) >= _LENGTH.size:
            (self._length,) = _LENGTH.unpack_from(self._rest)
            self._need += self._length
        if self._alarm is None:
            self._alarm = loop.call_later(STALLED, self._look)
        if self.budget is not None and self._need > SMALL and not self._room:
            if self.budget.take(self._need, self._has_room):
                self._room = self._need
            else:
                self.hold()

    def _has_room(self) -> None:
        self._room = self._need
        if self._is_over:
            self._give_room_back()
        self._begun = self._moved = asyncio.get_running_loop().time()
        self.release()

    def _give_room_back(self) -> None:
        room = self._room + self.taken_room
        self._room = self.taken_room = 0
        if room and self.budget is not None:
            self.budget.give(room)

    def _look(self) -> None:
        """Give up a frame that stands still, or takes too long."""
        self._alarm = None
        if not self._rest:
            return
        loop = asyncio.get_running_loop()
        due = min(self._moved, self._begun + self._need / SLOWEST) + STALLED
        if self._holds:
            due = loop.time() + STALLED
        if due <= loop.time():
            self.break_off(FrameError(f"a frame of {self._length} bytes takes too long"))
        else:
            self._alarm = loop.call_at(due, self._look)

    def break_off(self, error: Exception) -> None:
        """Take nothing any more, and `refuse` it."""
        if not self._is_over:
            self.end()
            self.refuse(error)
