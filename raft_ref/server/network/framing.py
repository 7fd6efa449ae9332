"""Frames: how a stream of bytes is cut into messages. A frame is a length, and so many bytes.

Whoever is at the other end may send anything. A frame that is too long is refused before any of it
is kept, and a stream that ends within a frame is told from one that ends after it.
"""

import asyncio
import struct

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


async def _body(reader: asyncio.StreamReader, length: int) -> bytes:
    if length <= SMALL:
        return await reader.readexactly(length)
    found = bytearray()
    while len(found) < length:
        async with asyncio.timeout(STALLED):
            part = await reader.read(min(length - len(found), SLOWEST))
        if not part:
            raise asyncio.IncompleteReadError(bytes(found), length)
        found += part
    return bytes(found)


class Budget:
    """How many bytes of large frames are read at a time, on all connections; others wait."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._news = asyncio.Condition()

    async def take(self, size: int) -> None:
        """Wait until there is room for so many bytes."""
        async with self._news:
            await self._news.wait_for(lambda: self._free >= size)
            self._free -= size

    async def give(self, size: int) -> None:
        """Give them back."""
        async with self._news:
            self._free += size
            self._news.notify_all()


async def read_frame(
    reader: asyncio.StreamReader, max_frame: int = MAX_FRAME, budget: Budget | None = None
) -> bytes | None:
    """Return the next payload of a stream, or None at its end; a large one within a budget.

    Raises FrameError if the frame has more than `max_frame` bytes, is cut short, or takes too long.
    """
    try:
        head = await reader.readexactly(_LENGTH.size)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise FrameError("the stream ends within a frame") from None
        return None
    (length,) = _LENGTH.unpack(head)
    if length > max_frame:
        raise FrameError(f"a frame of {length} bytes, more than {max_frame}")
    taken = length if budget is not None and length > SMALL else 0
    if budget is not None and taken:
        await budget.take(taken)
    try:
        async with asyncio.timeout(STALLED + length / SLOWEST):
            return await _body(reader, length)
    except asyncio.IncompleteReadError:
        raise FrameError("the stream ends within a frame") from None
    except TimeoutError:
        raise FrameError(f"a frame of {length} bytes takes too long") from None
    finally:
        if budget is not None and taken:
            await asyncio.shield(budget.give(taken))
