"""Messages over real sockets: framing, peers that come and go, strangers, TLS."""

import asyncio
import contextlib
import logging
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from raft_ref import RequestVoteResponse
from raft_ref.server.client import _Connection
from raft_ref.server.codec import Envelope, encode
from raft_ref.server.network.addresses import Address, parse_address
from raft_ref.server.network.framing import SMALL, Budget, FrameError, Frames, frame, read_frame
from raft_ref.server.network.hello import VERSION, Answer, Farewell, Greeting, Hello
from raft_ref.server.network.incoming import BUSY, MOST_ASKED, Asked, Incoming
from raft_ref.server.network.links import DEFAULT_LIMITS, Limits, Link
from raft_ref.server.network.sockets import SocketTransport
from raft_ref.server.network.tls import Certificate, TlsError, speaks_for
from raft_ref.server.replicas.replica import Status

LOOPBACK = Address("127.0.0.1", 0)


# ---- Frames


async def read_all(data: bytes, most: int = 100) -> list[bytes]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while (payload := await read_frame(reader, most)) is not None:
        found.append(payload)
    return found


class Way(asyncio.Transport):
    """A way on which nothing goes."""

    is_reading_now = True

    def pause_reading(self) -> None:
        self.is_reading_now = False

    def resume_reading(self) -> None:
        self.is_reading_now = True

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


class Taken(Frames):
    """Frames that are kept, and why there are no more of them."""

    def __init__(self, budget: Budget | None = None, most: int = 100) -> None:
        super().__init__()
        self.found: list[bytes] = []
        self.error: Exception | None = None
        self.budget, self.most = budget, most
        self.way = Way()
        self.connection_made(self.way)

    def take(self, payload: bytes) -> None:
        self.found.append(payload)
        if payload == b"wait":
            self.hold()

    def refuse(self, error: Exception) -> None:
        self.error = error


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


# ---- Peers


class End:
    """A server that keeps what it hears."""

    def __init__(
        self,
        me: str,
        addresses: dict[str, Address],
        limits: Limits = DEFAULT_LIMITS,
        features: str = "none",
        greet: Greeting | None = None,
    ) -> None:
        self.me = me
        self.heard: list[Envelope] = []
        self.told: list[tuple[str, Farewell]] = []
        self._known = frozenset(addresses) - {me}
        self._news = asyncio.Event()
        own = str(addresses[me]) if me in addresses else ""
        self.hello = Hello(VERSION, me, None, features, own, disk=f"of {me}")
        self.transport = SocketTransport(
            addresses,
            lambda: self.hello,
            greet or self._greet,
            self._deliver,
            self.answer,
            limits,
            hear=self._hear,
        )

    async def _greet(self, hello: Hello) -> Answer:
        return Answer() if hello.source in self._known else Answer(Farewell.STRANGER)

    async def _hear(self, peer: str, answer: Answer) -> bool:
        if answer.farewell is not None:
            self.told.append((peer, answer.farewell))
        return answer.farewell is None

    def _deliver(self, envelope: Envelope) -> None:
        self.heard.append(envelope)
        self._news.set()

    def answer(self, asked: Asked) -> None:
        if asked.payload == b"nonsense":
            raise ValueError("nonsense is no request")
        seconds = 0.05 if asked.payload == b"slow" else 0
        asyncio.get_running_loop().call_later(seconds, asked.answer, asked.payload.upper())

    async def hears(self, count: int) -> list[Envelope]:
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        return self.heard


def message(source: str, dest: str, number: int = 0) -> Envelope:
    return Envelope(RequestVoteResponse(source, dest, number, vote_granted=True), number)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def until_connected(link: Link) -> None:
    await until(lambda: link.is_connected)


def free_ports(count: int) -> list[Address]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    addresses = [Address(*each.getsockname()) for each in sockets]
    for each in sockets:
        each.close()
    return addresses


@contextlib.asynccontextmanager
async def pair(limits: Limits = DEFAULT_LIMITS) -> AsyncIterator[tuple[End, End]]:
    addresses = dict(zip(("s1", "s2"), free_ports(2), strict=True))
    ends = [End(me, addresses, limits) for me in addresses]
    for end in ends:
        await end.transport.start(addresses[end.me])
    try:
        await until(
            lambda: all(link.is_connected for end in ends for link in end.transport.links.values())
        )
        yield ends[0], ends[1]
    finally:
        for end in ends:
            await end.transport.close()


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


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


async def said(address: Address, data: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Connect, say something, and return all that is said back until the connection is closed."""
    reader, writer = await asyncio.open_connection(*address, ssl=tls)
    writer.write(data)
    found = b""
    with contextlib.suppress(OSError):
        async with asyncio.timeout(3):
            found = await reader.read()
    writer.close()
    return found


def hello(source: str | None = None, dest: str | None = None, version: int = VERSION) -> bytes:
    return frame(msgspec.msgpack.encode(Hello(version, source, dest)))


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


# ---- Clients


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


# ---- TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def certificate(
    authority: trustme.CA,
    folder: Path,
    trusts: trustme.CA | None = None,
    names: Sequence[str] = ("127.0.0.1", "localhost"),
) -> Certificate:
    folder.mkdir(exist_ok=True)
    issued = authority.issue_cert(*names)
    paths = Certificate(folder / "cert.pem", folder / "key.pem", folder / "ca.pem")
    issued.private_key_pem.write_to_path(paths.key)
    for part in issued.cert_chain_pems:
        part.write_to_path(paths.cert, append=True)
    (trusts or authority).cert_pem.write_to_path(paths.ca)
    return paths


def test_who_has_a_certificate_of_the_cluster_is_let_in_and_nobody_else(
    authority: trustme.CA, tmp_path: Path
) -> None:
    ours = certificate(authority, tmp_path / "ours")
    theirs = certificate(trustme.CA(), tmp_path / "theirs", trusts=authority)
    nothing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nothing.load_verify_locations(ours.ca)

    async def test() -> None:
        one = End("s1", {"s1": LOOPBACK})
        tls = ours.for_listening(), ours.for_connecting()
        one.transport = SocketTransport(
            {"s1": LOOPBACK},
            lambda: one.hello,
            lambda _: asyncio.sleep(0, Answer()),
            lambda *_: None,
            one.answer,
            tls=tls,
        )
        address = await one.transport.start(LOOPBACK)
        reader, writer = await asyncio.open_connection(*address, ssl=ours.for_connecting())
        writer.write(hello() + frame(b"quick"))
        assert await read_frame(reader) == b"QUICK"
        writer.close()
        for stranger in (None, nothing, theirs.for_connecting()):
            with contextlib.suppress(ssl.SSLError):
                assert await said(address, hello() + frame(b"quick"), stranger) == b""
        await one.transport.close()

    run(test)


def test_a_server_without_a_certificate_of_the_cluster_is_not_spoken_to(
    authority: trustme.CA, tmp_path: Path
) -> None:
    ours = certificate(authority, tmp_path / "ours")
    theirs = certificate(trustme.CA(), tmp_path / "theirs")

    async def test() -> None:
        heard = []

        async def false_peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(1))
            writer.close()

        server = await asyncio.start_server(false_peer, *LOOPBACK, ssl=theirs.for_listening())
        address = Address(*server.sockets[0].getsockname())
        link = Link(address, lambda: Hello(VERSION, "s1", "s2"), ours.for_connecting())
        task = asyncio.ensure_future(link.run())
        await asyncio.sleep(0.3)
        assert not link.is_connected
        assert heard in ([], [b""])
        task.cancel()
        server.close()

    run(test)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: c.cert.unlink(), "cert.pem: there is no such file"),
        (lambda c: c.ca.write_text("nonsense"), "ca.pem: not a certificate"),
        (lambda c: c.key.write_text("nonsense"), "key.pem: not a certificate and its key"),
    ],
)
def test_files_that_are_no_certificate(
    change: Callable[[Certificate], object], reason: str, authority: trustme.CA, tmp_path: Path
) -> None:
    files = certificate(authority, tmp_path)
    change(files)
    with pytest.raises(TlsError, match=reason) as error:
        files.for_listening()
    assert "\n" not in str(error.value)


def certified(*names: str) -> dict[str, Any]:
    kinds = (("IP Address" if each[0].isdigit() else "DNS", each) for each in names)
    return {"subjectAltName": tuple(kinds)}


def test_a_handshake_that_is_not_made_is_given_up(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raft_ref.server.network.listener.HELLO_TIMEOUT", 0.1)
    ours = certificate(authority, tmp_path / "ours")

    async def test() -> None:
        one = End("s1", {"s1": LOOPBACK})
        tls = ours.for_listening(), ours.for_connecting()
        one.transport = SocketTransport(
            {"s1": LOOPBACK}, lambda: one.hello, one._greet, one._deliver, one.answer, tls=tls
        )
        address = await one.transport.start(LOOPBACK)
        reader, writer = await asyncio.open_connection(*address)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        await one.transport.close()

    run(test)


@pytest.mark.parametrize(
    ("names", "name", "host", "is_its"),
    [
        (("127.0.0.1",), "s1", "127.0.0.1", True),
        (("127.0.0.1", "s1"), "s1", "127.0.0.1", True),
        (("127.0.0.1", "s1"), "s2", "127.0.0.1", False),  # it names another one
        (("s2",), "s2", "127.0.0.1", True),
        (("a.example",), "s1", "b.example", False),
        (("*.example",), "s1", "b.example", True),
        (("*.example",), "s1", "c.b.example", False),
        (("client",), "s1", "127.0.0.1", False),
        ((), "s1", "127.0.0.1", False),
    ],
)
def test_a_certificate_says_which_server_its_owner_is(
    names: tuple[str, ...], name: str, host: str, is_its: bool
) -> None:
    assert speaks_for(certified(*names), name, host, ("s1", "s2")) == is_its


def test_a_client_does_not_speak_as_a_server(
    authority: trustme.CA, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ours = certificate(authority, tmp_path / "ours")
    theirs = certificate(authority, tmp_path / "theirs", names=("client.example",))

    async def test() -> None:
        where = dict(zip(("s1", "s2"), free_ports(2), strict=True))
        one = End("s1", where)
        tls = ours.for_listening(), ours.for_connecting()
        one.transport = SocketTransport(
            where, lambda: one.hello, one._greet, one._deliver, one.answer, tls=tls
        )
        address = await one.transport.start(where["s1"])
        vote = frame(encode(message("s2", "s1")))
        for files, is_heard in ((theirs, False), (ours, True)):
            reader, writer = await asyncio.open_connection(*address, ssl=files.for_connecting())
            writer.write(hello("s2", "s1") + vote)
            if is_heard:
                await one.hears(1)
            else:
                assert await reader.read() == b""
            writer.close()
            # It is a client all the same.
            reader, writer = await asyncio.open_connection(*address, ssl=files.for_connecting())
            writer.write(hello() + frame(b"quick"))
            assert await read_frame(reader) == b"QUICK"
            writer.close()
            assert bool(one.heard) == is_heard
        await one.transport.close()

    run(test)
    assert "its certificate is not that of the server s2" in caplog.text
