"""What goes over a connection: frames, cut out of bytes as they come, and where it goes to."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raft_ref.server.network.addresses import parse_address
from raft_ref.server.network.framing import FrameError, frame, read_frame
from tests.support.sockets import (
    Taken,
    run,
)


async def read_all(data: bytes, most: int = 100) -> list[bytes]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while (payload := await read_frame(reader, most)) is not None:
        found.append(payload)
    return found


async def take_all(data: bytes, cut: int = 2**20) -> list[bytes]:
    taken = Taken()
    for at in range(0, len(data), cut):
        taken.data_received(data[at : at + cut])
    taken.eof_received()
    if taken.error is not None:
        raise taken.error
    return taken.found


@given(st.lists(st.binary(max_size=100)), st.integers(1, 300))
def test_frames_come_out_as_they_went_in(payloads: list[bytes], cut: int) -> None:
    data = b"".join(map(frame, payloads))
    assert asyncio.run(read_all(data)) == payloads
    assert asyncio.run(take_all(data, cut)) == payloads


@given(st.binary(max_size=60), st.sampled_from((read_all, take_all)))
def test_any_bytes_are_frames_or_refused(
    data: bytes, frames_of: Callable[[bytes], Coroutine[Any, Any, list[bytes]]]
) -> None:
    with contextlib.suppress(FrameError):
        assert b"".join(map(frame, asyncio.run(frames_of(data)))) == data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0\0", "the stream ends within a frame"),
        (b"\0\0\0\2a", "the stream ends within a frame"),
        (b"\0\0\0\x65", "a frame of 101 bytes, more than 100"),
        (b"GET / HTTP/1.1\r\n", "a frame of 1195725856 bytes, more than 100"),
    ],
)
def test_what_is_no_frame(data: bytes, reason: str) -> None:
    for frames_of in (read_all, take_all):
        with pytest.raises(FrameError, match=reason):
            asyncio.run(frames_of(data))


def test_frames_wait_where_one_says_so() -> None:
    async def test() -> None:
        taken = Taken()
        taken.data_received(b"".join(map(frame, (b"1", b"wait", b"2", b"3")))[:-1])
        assert taken.found == [b"1", b"wait"]
        assert not taken.way.is_reading_now
        taken.data_received(frame(b"3")[-1:])  # it was on its way
        assert taken.found == [b"1", b"wait"]
        taken.release()
        assert taken.found == [b"1", b"wait", b"2", b"3"]
        assert taken.way.is_reading_now

    run(test)


# ---- Addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:7001", ("localhost", 7001)),
        ("[::1]:80", ("::1", 80)),
        ("10.0.0.1:1", ("10.0.0.1", 1)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    "text", ["", "7001", ":7001", "host:", "host:x", "host:0", "host:65536", "host:²"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected host:port|a port is a number"):
        parse_address(text)
