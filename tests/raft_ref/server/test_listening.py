"""Clients over real sockets: how many, how much of each, and who waits for how long."""

import asyncio
import resource
from typing import Any

import msgspec
import pytest

from raft_ref.server.client import _Connection
from raft_ref.server.network.framing import SMALL, Budget, frame, read_frame
from raft_ref.server.network.incoming import BUSY, MOST_ASKED, Asked, Incoming
from raft_ref.server.network.links import DEFAULT_LIMITS, Limits
from raft_ref.server.replicas.replica import Status
from tests.support.sockets import (
    Taken,
    Way,
    hello,
    pair,
    run,
    said,
    until,
)


def test_requests_of_a_client_are_answered_as_they_are_done() -> None:
    async def test() -> None:
        async with pair() as (_, two):
            address = two.transport.links["s1"].address
            reader, writer = await asyncio.open_connection(*address)
            writer.write(hello() + frame(b"slow") + frame(b"quick"))
            assert [await read_frame(reader), await read_frame(reader)] == [b"QUICK", b"SLOW"]
            writer.close()

    run(test)


def test_the_client_that_was_idle_for_longest_makes_room() -> None:
    async def test() -> None:
        async with pair(Limits(clients=3)) as (_, two):
            address = two.transport.links["s1"].address
            ends = []
            for _ in range(4):
                ends.append(await asyncio.open_connection(*address))
                ends[-1][1].write(hello() + frame(b"a"))
                assert await read_frame(ends[-1][0]) == b"A"
                if len(ends) == 3:  # the first one is not idle for longest any more
                    ends[0][1].write(frame(b"b"))
                    assert await read_frame(ends[0][0]) == b"B"
            assert await ends[1][0].read() == b""
            for at in (0, 2, 3):
                ends[at][1].write(frame(b"c"))
                assert await read_frame(ends[at][0]) == b"C"
            for _, writer in ends:
                writer.close()

    run(test)


@pytest.mark.parametrize(
    ("soft", "hard", "is_refused", "expected"),
    [
        (464, 464, False, (300, 100)),
        (464, 10**6, False, (4000, 1000)),
        (464, 10**6, True, (300, 100)),
        (10, 10, False, (6, 2)),
        (464, -1, False, (4000, 1000)),  # as many as it likes
    ],
)
def test_there_are_descriptors_for_all_who_are_let_in(
    soft: int, hard: int, is_refused: bool, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def set_limit(kind: int, limits: Any) -> None:
        if is_refused:
            raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda kind: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    limits = DEFAULT_LIMITS.within_descriptors()
    assert (limits.clients, limits.unknown) == expected


def test_where_descriptors_are_lacking_that_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with pair():
            loop = asyncio.get_running_loop()
            error = OSError(24, "Too many open files")
            for _ in range(1000):
                what = {"message": "socket.accept() out of system resource", "exception": error}
                loop.call_exception_handler(what)

    run(test)
    told = [each.getMessage() for each in caplog.records if "lets nobody in" in each.getMessage()]
    assert told == ["s1 lets nobody in for now: [Errno 24] Too many open files"]


def test_who_does_not_say_who_speaks_is_one_of_a_few(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with pair(Limits(unknown=2)) as (_, two):
            address = two.transport.links["s1"].address
            silent = [await asyncio.open_connection(*address) for _ in range(2)]
            await asyncio.sleep(0.02)
            assert await said(address, hello() + frame(b"a")) == b""
            for _, writer in silent:
                writer.close()
            await asyncio.sleep(0.02)
            reader, writer = await asyncio.open_connection(*address)
            writer.write(hello() + frame(b"a"))
            assert await read_frame(reader) == b"A"
            writer.close()

    run(test)
    assert "2 connections have not said yet who speaks" in caplog.text


def test_a_frame_that_stands_still_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raft_ref.server.network.framing.STALLED", 0.05)

    async def test() -> None:
        for size in (10, 2 * SMALL):
            budget = Budget(4 * SMALL)
            taken = Taken(budget, 2 * SMALL)
            taken.data_received(frame(bytes(size))[:-1])
            await until(lambda taken=taken: taken.error is not None)  # type: ignore[misc]
            assert str(taken.error) == f"a frame of {size} bytes takes too long"
            assert budget._free == 4 * SMALL

    run(test)


def test_large_frames_are_read_within_a_budget() -> None:
    """The others wait, and are read later; who goes away leaves its room to them."""
    size = 4 * SMALL

    async def test() -> None:
        budget = Budget(2 * (size + 4))
        large = [Taken(budget, size) for _ in range(5)]
        for each in large:
            each.data_received(frame(bytes(size))[:100])
        assert [each.way.is_reading_now for each in large] == [True, True, False, False, False]
        small = Taken(budget, size)
        small.data_received(frame(b"small"))
        assert small.found == [b"small"]
        assert budget._free == 0
        large[2].connection_lost(None)  # it waited
        large[1].connection_lost(None)  # it was read
        assert large[3].way.is_reading_now
        for at in (0, 3, 4):
            assert large[at].way.is_reading_now
            large[at].data_received(frame(bytes(size))[100:])
            assert large[at].found == [bytes(size)]
        assert budget._free == 2 * (size + 4)

    run(test)


def test_requests_that_wait_for_answers_are_so_many_and_no_more() -> None:
    """The others wait in the socket of the client."""
    asked: list[Asked] = []
    way = Way()
    client = Incoming(
        lambda client, payload: asked.append(client.asks(payload)),
        *(lambda *_: None,) * 3,
    )
    client.connection_made(way)
    client.data_received(frame(b"x") * (MOST_ASKED + 1))
    assert len(asked) == MOST_ASKED
    assert not way.is_reading_now
    assert not client.is_idle
    client.tell = lambda payload: None  # type: ignore[method-assign]
    asked[0].answer(b"")
    assert len(asked) == MOST_ASKED + 1
    for each in asked[1:]:
        each.answer(b"")
    assert client.is_idle
    assert way.is_reading_now


def test_of_those_who_wait_for_room_the_smallest_is_next() -> None:
    """And none is passed by one of its size: who stalls with much keeps few waiting."""
    budget, order = Budget(100), list[int]()
    assert budget.take(90, lambda: None)
    for number, size in enumerate((80, 20, 20, 30)):
        assert not budget.take(size, lambda number=number: order.append(number))  # type: ignore[misc]
    budget.give(90)
    assert order == [1, 2, 3]
    budget.give(70)
    assert order == [1, 2, 3, 0]


def test_who_waits_for_long_is_told_that_it_is_not_forgotten() -> None:
    asked, told = list[Asked](), list[bytes]()
    client = Incoming(
        lambda client, payload: asked.append(client.asks(payload)),
        *(lambda *_: None,) * 3,
    )
    client.connection_made(Way())
    client.tell = told.append  # type: ignore[assignment]
    client.look()
    client.data_received(frame(b"x") * 2)
    for answers, expected in ((0, 0), (0, 1), (1, 1), (0, 2), (1, 2), (0, 2)):
        for _ in range(answers):
            asked.pop().answer(b"done")
        client.look()
        assert told.count(BUSY) == expected
    client.hold()
    client.look()
    client.look()
    assert told.count(BUSY) == 3


def test_a_client_waits_on_for_who_says_that_it_is_at_it() -> None:
    """And only for so long."""

    async def test() -> None:
        connection = _Connection("s1")
        connection.connection_made(Way())
        connection.take(BUSY)  # nobody waits
        waits = connection.reply_to(0, 100.0)
        first = connection._alarm_clock
        connection.take(BUSY)
        second = connection._alarm_clock
        assert first.cancelled()
        assert not second.cancelled()
        assert second.when() >= first.when()
        connection._until = first.when() - 100.0
        connection.take(BUSY)
        assert connection._alarm_clock is second
        connection.take(msgspec.msgpack.encode((0, ("done", (), None))))
        assert (await waits).status is Status.DONE
        connection.take(BUSY)

    run(test)


def test_a_large_request_keeps_its_room_until_it_is_answered_or_forgotten() -> None:
    async def test() -> None:
        budget, asked = Budget(2 * SMALL), list[Asked]()
        clients = []
        for _ in range(3):
            clients.append(
                Incoming(
                    lambda client, payload: asked.append(client.asks(payload)),
                    *(lambda *_: None,) * 3,
                )
            )
            clients[-1].connection_made(Way())
            clients[-1].tell = lambda payload: None  # type: ignore[method-assign]
            clients[-1].budget = budget
            for part in (frame(bytes(SMALL + 1))[:100], frame(bytes(SMALL + 1))[100:]):
                clients[-1].data_received(part)
        for at, end in enumerate((Asked.forget, lambda one: one.answer(b""), Asked.forget)):
            assert len(asked) == at + 1
            assert budget._free == 2 * SMALL - (SMALL + 5)
            end(asked[at])
        assert budget._free == 2 * SMALL
        assert [each.is_idle for each in clients] == [False, True, False]

    run(test)
