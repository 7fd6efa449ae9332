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


async def read_frame(reader: asyncio.StreamReader, max_frame: int = MAX_FRAME) -> bytes | None:
    """Return the next payload of a stream, or None at its end.

    Raises FrameError if the frame has more than `max_frame` bytes or is cut short.
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
    try:
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        raise FrameError("the stream ends within a frame") from None
