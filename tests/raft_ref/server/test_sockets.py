"""Messages over real sockets: peers that come and go, strangers, servers with other features."""

import asyncio
import logging

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raft_ref import RequestVoteResponse
from raft_ref.server.codec import Envelope, encode
from raft_ref.server.network.addresses import Address
from raft_ref.server.network.framing import frame
from raft_ref.server.network.hello import VERSION, Answer, Farewell, Hello
from raft_ref.server.network.links import Limits, Link
from tests.support.sockets import (
    LOOPBACK,
    End,
    free_ports,
    hello,
    message,
    pair,
    run,
    said,
    until,
    until_connected,
)

# ---- Peers


def test_messages_arrive_in_order_both_ways() -> None:
    async def test() -> None:
        async with pair() as (one, two):
            there = [message("s1", "s2", number) for number in range(1000)]
            back = [message("s2", "s1", number) for number in range(1000)]
            for this, that in zip(there, back, strict=True):
                one.transport.send(this)
                two.transport.send(that)
            assert await two.hears(1000) == there
            assert await one.hears(1000) == back

    run(test)


def test_a_peer_that_comes_back_is_connected_again() -> None:
    async def test() -> None:
        async with pair() as (one, two):
            [link] = one.transport.links.values()
            await two.transport.close()
            await until(lambda: not link.is_connected)
            one.transport.send(message("s1", "s2"))
            assert link.lost == 1
            again = End("s2", {"s2": link.address})
            await again.transport.start(link.address)
            # s1 is no peer of this one: the cluster that it knows has no other server
            await until(lambda: one.told[:1] == [("s2", Farewell.STRANGER)])
            await until(lambda: not link.is_connected)
            assert again.heard == []
            await again.transport.close()

    run(test)


def test_a_peer_that_does_not_read_costs_a_queue_and_no_more() -> None:
    async def test() -> None:
        taken = asyncio.Event()

        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(frame(msgspec.msgpack.encode(Answer())))
            await taken.wait()
            writer.close()

        server = await asyncio.start_server(deaf, *LOOPBACK, limit=1)
        address = Address(*server.sockets[0].getsockname())
        link = Link(address, lambda: Hello(VERSION, "s1", "s2"), limits=Limits(queue=1_000_000))
        task = asyncio.ensure_future(link.run())
        await until_connected(link)
        for _ in range(400):
            link.send(bytes(100_000))
            await asyncio.sleep(0)
        assert link.lost > 200
        taken.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()

    run(test)


def test_of_a_peer_that_says_more_than_is_taken_up_no_more_is_read() -> None:
    async def test() -> None:
        async with pair(Limits(queue=2000)) as (one, two):
            listener = two.transport._listener
            for number in range(300):
                one.transport.send(message("s1", "s2", number))
                await asyncio.sleep(0)
            await until(lambda: bool(listener._held))
            heard = len(two.heard)
            assert 2000 < listener._untaken["s1"] < 3000
            assert heard < 300 - one.transport.links["s2"].lost
            while len(two.heard) + one.transport.links["s2"].lost < 300:
                assert len(listener._held) <= 1
                two.transport.taken()
                await asyncio.sleep(0)
            numbers = [each.round for each in two.heard]
            assert numbers == sorted(numbers)

    run(test)


# ---- Peers that come, and are sent away


def test_a_peer_that_is_spoken_with_no_more_is_told_why() -> None:
    async def test() -> None:
        async with pair() as (one, two):
            two.transport.send(message("s2", "s1"))
            await one.hears(1)
            one.transport.dismiss("s2", Answer(Farewell.REMOVED))
            await until(lambda: two.told == [("s1", Farewell.REMOVED)])
            assert one.transport.links == {}
            one.transport.send(message("s1", "s2"))  # is lost
            assert two.heard == []

    run(test)


def test_who_is_not_let_in_is_told_why_and_says_who_it_is() -> None:
    async def test() -> None:
        addresses = dict(zip(("s1", "s2"), free_ports(2), strict=True))
        greeted: list[Hello] = []

        async def greet(hello: Hello) -> Answer:
            greeted.append(hello)
            return Answer(Farewell.ANOTHER_DISK)

        one, two = End("s1", {}, greet=greet), End("s2", addresses)
        await one.transport.start(addresses["s1"])
        await two.transport.start(addresses["s2"])
        await until(lambda: two.told[:1] == [("s1", Farewell.ANOTHER_DISK)])
        where = str(addresses["s2"])
        assert greeted[0] == Hello(VERSION, "s2", "s1", "none", where, disk="of s2")
        await asyncio.sleep(0.6)
        assert len(greeted) <= 6  # it asks again, later each time
        assert one.heard == []
        for each in (one, two):
            await each.transport.close()

    run(test)


def test_a_peer_can_be_connected_later_and_elsewhere() -> None:
    async def test() -> None:
        async def let_in(hello: Hello) -> Answer:
            return Answer()

        first, second = free_ports(2)
        one = End("s1", {"s1": LOOPBACK})
        await one.transport.start(LOOPBACK)
        for where in (first, second):
            two = End("s2", {"s2": where}, greet=let_in)
            await two.transport.start(where)
            one.transport.connect("s2", where)
            link = one.transport.links["s2"]
            one.transport.connect("s2", where)  # which changes nothing
            assert one.transport.links == {"s2": link}
            await until_connected(link)
            one.transport.send(message("s1", "s2"))
            assert await two.hears(1) == [message("s1", "s2")]
            await two.transport.close()
        one.transport.connect("s1", first)
        assert one.transport.links.keys() == {"s2"}
        await one.transport.close()

    run(test)


# ---- Strangers


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "a frame of 1195725856 bytes, more than 4096"),
        (frame(b"hello"), "neither a server nor a client of ours"),
        (frame(b""), "neither a server nor a client of ours"),
        (hello(version=1), f"it speaks version 1, not {VERSION}"),
        (hello("s9", "s1"), "'s9' is not in the cluster"),
        (hello("s1", "s1"), "'s1' is not in the cluster"),
        (hello("s2", "s3"), "it wants 's3', and this is 's1'"),
        (hello("s2", "s1") + frame(b"nonsense"), "no message begins with b'n'"),
        (hello("s2", "s1") + frame(b"\x00nonsense"), "no RequestVoteRequest: "),
        (
            hello("s2", "s1") + frame(encode(Envelope(RequestVoteResponse("s3", "s1", 1, True)))),
            "'s2' sends a message of 's3' for 's1'",
        ),
        (
            hello("s2", "s1") + b"\xff\xff\xff\xff",
            "a frame of 4294967295 bytes, more than",
        ),
        (hello("s2", "s1") + frame(b"message")[:-1], "the stream ends within a frame"),
        (hello() + frame(b"nonsense"), "nonsense is no request"),
    ],
)
def test_a_stranger_is_shown_the_door(
    data: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with pair() as (one, two):
            caplog.clear()
            _, writer = await asyncio.open_connection(*two.transport.links["s1"].address)
            writer.write(data)
            writer.write_eof()
            await until(lambda: len(caplog.records) > 0)
            assert caplog.records[0].levelno == logging.WARNING
            assert reason in caplog.text
            assert len(caplog.records) == 1
            writer.close()
            two.transport.send(message("s2", "s1"))
            assert message("s2", "s1") in await one.hears(1)

    run(test)


@given(st.binary(max_size=200))
def test_whatever_is_said_the_others_are_served(data: bytes) -> None:
    async def test() -> None:
        one = End("s1", {"s1": LOOPBACK})
        address = await one.transport.start(LOOPBACK)
        _, writer = await asyncio.open_connection(*address)
        writer.write(data)
        writer.write_eof()
        writer.close()
        assert await said(address, hello() + frame(b"nonsense")) == b""
        await one.transport.close()

    logging.disable(logging.WARNING)
    try:
        run(test)
    finally:
        logging.disable(logging.NOTSET)


# ---- Features


def test_a_peer_with_other_features_is_told_of_once_and_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test() -> None:
        addresses = dict(zip(("s1", "s2"), free_ports(2), strict=True))
        one, two = (End(me, addresses, features=of) for me, of in (("s1", "x"), ("s2", "none")))
        await one.transport.start(addresses["s1"])
        await two.transport.start(addresses["s2"])
        await until(lambda: two.transport.links["s1"].is_connected)
        two.transport.send(message("s2", "s1"))
        assert await one.hears(1) == [message("s2", "s1")]
        await two.transport.close()
        again = End("s2", addresses, features="none")
        await again.transport.start(addresses["s2"])
        await until(lambda: again.transport.links["s1"].is_connected)
        again.transport.send(message("s2", "s1"))
        await one.hears(2)
        await one.transport.close()
        await again.transport.close()

    run(test)
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert told.count(
        "s2 runs with the features none, and s1 with x: what one of them promises, it does where "
        "all servers have it"
    ) == 1  # fmt: skip


def test_peers_with_the_same_features_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with pair() as (one, two):
            one.transport.send(message("s1", "s2"))
            await two.hears(1)

    run(test)
    assert [each for each in caplog.records if each.levelno == logging.WARNING] == []
