"""Whom a running server lets in, what it takes from them, and what it refuses."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from raft_ref import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotRequest,
    RequestVoteRequest,
    Snapshot,
)
from raft_ref.server import (
    IN_PRODUCTION,
    SERVED,
    Address,
    Change,
    ChangeKind,
    Client,
    DiskStorage,
    FailedError,
    KeyValueMachine,
    Members,
    Membership,
    Reply,
    Result,
    Server,
    Status,
)
from raft_ref.server.codec import Envelope, encode
from raft_ref.server.network.framing import frame, read_frame
from raft_ref.server.network.greeting import MOST_UNKNOWN
from raft_ref.server.network.hello import VERSION, Answer, Farewell, Hello
from raft_ref.server.session import Request
from raft_ref.server.store import NoOp, encoded

SERVERS = ("s1", "s2", "s3")
OTHERS = Members(frozenset(SERVERS), learners=frozenset({"s4"}), addresses=(("s4", "host:1"),))


@asynccontextmanager
async def running(folder: Path, features: Any = SERVED) -> AsyncIterator[tuple[Server, Address]]:
    """Return a server s1 whose peers are not there."""
    addresses = {name: Address(str(folder / f"{name}.sock"), 0) for name in SERVERS}
    storage = DiskStorage.of(folder / "s1", "s1", SERVERS, begins=True)
    server = Server("s1", addresses, storage, features=features)
    task = asyncio.ensure_future(server.run(addresses["s1"]))
    while not Path(addresses["s1"].host).exists():
        await asyncio.sleep(0.005)
    yield server, addresses["s1"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Speaker:
    """Somebody who connects, and speaks for a server or (None) for a client."""

    def __init__(
        self, source: str | None, disk: str = "its own", address: str = "", **more: Any
    ) -> None:
        self._hello = Hello(VERSION, source, source and "s1", "x", address, disk=disk, **more)

    async def says(self, where: Address, *payloads: bytes) -> Farewell | str | None:
        """Say something, and return how it is refused, if it is."""
        self.reader, self.writer = await where.connect(None)
        for payload in (msgspec.msgpack.encode(self._hello), *payloads):
            self.writer.write(frame(payload))
        try:
            async with asyncio.timeout(0.1):
                farewell = await self.hears()
                return farewell or await self.hears()
        except TimeoutError:
            return "(welcome)"

    async def hears(self) -> Farewell | None:
        """Return how it is refused from now on, if it is."""
        payload = await read_frame(self.reader)
        return None if payload is None else msgspec.msgpack.decode(payload, type=Answer).farewell


def test_a_member_is_known_by_its_disk_and_others_are_let_in(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as (server, where):
            ours = {"cluster": server.cluster}
            # Who does not say of which cluster it is takes no place from who does.
            assert await Speaker("s2", "stranger's").says(where) == "(welcome)"
            assert await Speaker("s2", "first", **ours).says(where) == "(welcome)"
            assert await Speaker("s2", "first", **ours).says(where) == "(welcome)"
            assert await Speaker("s2", "second", **ours).says(where) is Farewell.ANOTHER_DISK
            for disk in ("first", "second"):
                assert await Speaker("s4", disk).says(where) == "(welcome)"

    asyncio.run(test())


def heartbeat(*values: Any) -> bytes:
    """Return what a leader s4 of term 1 sends to a server that is empty."""
    entries = tuple(Entry(1, cast(Any, value)) for value in values)
    message = AppendEntriesRequest("s4", "s1", 1, 0, 0, entries, len(entries))
    return encode(Envelope(message))


def test_one_that_becomes_a_member_is_known_by_the_disk_that_it_had(tmp_path: Path) -> None:
    """It may be the leader that brings the entry by which it was added."""

    async def test() -> None:
        async with running(tmp_path) as (server, where):
            assert await Speaker("s4", "first").says(where, heartbeat(OTHERS)) == "(welcome)"
            assert server.replica.members == OTHERS
            assert await Speaker("s4", "second").says(where) is Farewell.ANOTHER_DISK

    asyncio.run(test())


def test_who_is_of_another_cluster_or_began_with_others(tmp_path: Path) -> None:
    """It may be added by mistake, and have in the same terms other entries."""

    async def test() -> None:
        async with running(tmp_path) as (server, where):
            ours = Speaker("s4", cluster=server.cluster)
            assert await ours.says(where, heartbeat(OTHERS)) == "(welcome)"
            theirs = Speaker("s4", cluster="another")
            assert await theirs.says(where, heartbeat()) is Farewell.ANOTHER_CLUSTER
            assert await Speaker("s4").says(where, heartbeat(OTHERS)) == "(welcome)"
            assert server.replica.members == OTHERS
            for founders in (SERVERS[:2], ("s1", "s2", "s4")):
                other = Speaker("s2", founders=founders)
                assert await other.says(where) is Farewell.OTHER_FOUNDERS

    asyncio.run(test())


def test_a_copy_of_a_disk_is_another_server(tmp_path: Path) -> None:
    """Where both run, and where one goes on with what the other has left behind."""

    async def test() -> None:
        async with running(tmp_path) as (server, where):

            def run_of(times: int, run: str) -> Speaker:
                return Speaker("s2", "disk", cluster=server.cluster, times=times, run=run)

            first = run_of(2, "a")
            assert await first.says(where) == "(welcome)"
            assert await run_of(2, "a").says(where) == "(welcome)"
            assert await run_of(2, "b").says(where) is Farewell.TWICE
            assert await run_of(1, "a").says(where) is Farewell.OLDER_DISK
            assert await run_of(3, "c").says(where) == "(welcome)"
            assert await first.hears() is Farewell.OLDER_DISK

    asyncio.run(test())


def test_a_disk_that_was_set_back_as_a_whole_is_an_older_one(tmp_path: Path) -> None:
    """Nothing on it tells; others do, who were told what it held."""

    async def test() -> None:
        async with running(tmp_path) as (server, where):

            def back_at(*reached: int) -> Speaker:
                return Speaker("s2", "disk", cluster=server.cluster, times=1, reached=reached)

            answer = encode(Envelope(AppendEntriesResponse("s2", "s1", 3, True, 0)))
            refused = encode(Envelope(AppendEntriesResponse("s2", "s1", 3, False, 0)))
            assert await back_at(2, 9).says(where, answer, refused) == "(welcome)"
            server._greeter.attest("s2", 3, 5)
            for reached in ((2, 9), (3, 4)):
                assert await back_at(*reached).says(where) is Farewell.OLDER_DISK
            for reached in ((3, 5), (4, 2)):
                assert await back_at(*reached).says(where) == "(welcome)"
            assert server._greeter.hello.reached == (3, 0)

    asyncio.run(test())


def test_who_becomes_a_member_has_got_farther_than_it_said_as_it_came(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as (server, where):
            new = Speaker("s4", "disk", cluster=server.cluster, times=1, reached=(0, 0))
            await new.says(where)
            server._greeter.attest("s4", 3, 5)
            assert await server._greeter.recognise({"s4"}) == []

    asyncio.run(test())


def test_what_a_peer_says_in_messages_is_what_it_had_saved(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as (server, _):
            for term, success, index in ((3, True, 0), (3, False, 0), (1, True, 0)):
                message = AppendEntriesResponse("s2", "s1", term, success, index)
                server._receive(Envelope(message), server.replica, 0.0)
            asks = AppendEntriesRequest("s3", "s1", 4, 0, 0, (), 0)
            server._receive(Envelope(asks), server.replica, 0.0)
            assert server._greeter._attested == {"s2": (3, 0), "s3": (4, 0)}

    asyncio.run(test())


def test_the_first_server_tells_each_disk_once_which_cluster_this_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as (_, where):
            new = Speaker("s2", "first", founders=SERVERS)
            assert await new.says(where) == "(welcome)"
            again = Speaker("s2", "second", founders=SERVERS)
            assert await again.says(where) is Farewell.ANOTHER_DISK

    asyncio.run(test())


def test_who_does_not_know_its_cluster_takes_no_part(tmp_path: Path) -> None:
    """And is told by the first of its servers alone, who knows whom it has told."""
    addresses = {name: Address(str(tmp_path / f"{name}.sock"), 0) for name in SERVERS}
    storage = DiskStorage.of(tmp_path / "s2", "s2", SERVERS, begins=True)
    server = Server("s2", addresses, storage)

    async def test() -> None:
        task = asyncio.ensure_future(server.run(addresses["s2"]))
        while not Path(addresses["s2"].host).exists():
            await asyncio.sleep(0.005)
        speaker = Speaker("s3", founders=SERVERS, cluster="known")
        speaker._hello = msgspec.structs.replace(speaker._hello, dest="s2")
        assert await speaker.says(addresses["s2"]) is Farewell.NOT_YET
        for peer, is_told in (("s3", False), ("s1", True)):
            answer = Answer(cluster="known", founders=SERVERS, disk=f"of {peer}", times=1)
            assert await server._hear(peer, answer) == is_told
            assert server.cluster == ("known" if is_told else "")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(test())
    assert server.replica.state.current_term == 0


def test_who_joins_votes_only_with_a_log(tmp_path: Path) -> None:
    """It may have lost another one, and have voted."""
    storage = DiskStorage.of(tmp_path / "s4", "s4", ("s1", "s4"), begins=True, joins=True)
    where = {name: Address(str(tmp_path / f"{name}.sock"), 0) for name in ("s1", "s4")}
    server = Server("s4", where, storage)
    request = RequestVoteRequest("s1", "s4", 5, 3, 3)
    server._deliver(Envelope(request))
    assert server._events == []
    message = AppendEntriesRequest("s1", "s4", 1, 0, 0, (Entry(1, encoded(NoOp())),), 0)
    server.replica.receive(Envelope(message), 0.0)
    server._deliver(Envelope(request))
    assert len(server._events) == 1
    storage.close()


def test_who_was_removed_is_told_so(tmp_path: Path) -> None:
    gone = Members(frozenset({"s1", "s3"}), removed=frozenset({"s2"}))

    async def test() -> None:
        async with running(tmp_path) as (_, where):
            removed = Speaker("s2")
            assert await removed.says(where) == "(welcome)"
            assert await Speaker("s4").says(where, heartbeat(gone)) == "(welcome)"
            # On the connection that it has, and on a new one.
            assert await removed.hears() is Farewell.REMOVED
            assert await Speaker("s2").says(where) is Farewell.REMOVED

    asyncio.run(test())


async def told(change: Change, replies: list[Reply | None], folder: Path) -> FailedError:
    """Ask servers for a change that answer so, one after the other; None: by no answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_frame(reader)
        while (payload := await read_frame(reader)) is not None and (reply := replies.pop(0)):
            number = msgspec.msgpack.decode(payload, type=Request).number
            writer.write(frame(msgspec.msgpack.encode((number, reply))))
        writer.close()

    where = Address(str(folder / "any.sock"), 0)
    async with await asyncio.start_unix_server(serve, where.host):
        client = Client([where])
        with pytest.raises(FailedError) as failed:
            await client.do(Membership(change), 5.0)
        await client.close()
    return failed.value


def test_a_change_that_is_refused_may_have_been_made_by_who_was_asked_before(
    tmp_path: Path,
) -> None:
    change, elsewhere = Change(ChangeKind.PROMOTE, "s4"), Reply(Status.NOT_LEADER)
    refused = Reply(Status.DONE, Result(succeeded=False, refused="s4 has not caught up"))
    assert asyncio.run(told(change, [elsewhere, refused], tmp_path)).is_definite
    for lost in (None, Reply(Status.UNKNOWN)):
        assert not asyncio.run(told(change, [lost, refused], tmp_path)).is_definite


def test_strangers_are_a_few_at_most(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as (_, where):
            for number in range(MOST_UNKNOWN):
                assert await Speaker(f"x{number}").says(where) == "(welcome)"
            assert await Speaker("one-more").says(where) is Farewell.STRANGER
            assert await Speaker("x0").says(where) == "(welcome)"
            assert await Speaker("s3").says(where) == "(welcome)"

    asyncio.run(test())


ELSEWHERE = Members(frozenset({"s1"}), addresses=(("s1", "nowhere"),))


@pytest.mark.parametrize(
    ("speaker", "payload", "reason"),
    [
        (Speaker("s4", address="nowhere"), b"", "nowhere: expected host:port"),
        (Speaker("s4"), heartbeat(ELSEWHERE), "nowhere: expected host:port"),
        (
            Speaker(None),
            msgspec.msgpack.encode(
                Request(1, None, membership=(Change(ChangeKind.ADD, "s4", "nowhere"),))
            ),
            "nowhere: expected host:port",
        ),
        (
            Speaker(None),
            msgspec.msgpack.encode(
                Request(1, None, membership=(Change(ChangeKind.ADD, "s 4", "host:1"),))
            ),
            "'s 4' is no name of a server",
        ),
        (
            Speaker(None),
            msgspec.msgpack.encode(Request(1, '["Members",["s1"],[],{},[]]')),
            "no command: ",
        ),
    ],
)
def test_what_is_no_address_changes_nothing(
    speaker: Speaker, payload: bytes, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with running(tmp_path) as (server, where):
            await speaker.says(where, *([payload] if payload else []))
            assert server.replica.state.last_index == 0

    asyncio.run(test())
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert any("closed the connection of" in line and reason in line for line in told)


@pytest.mark.parametrize("kind", ["entry", "snapshot"])
def test_a_server_without_membership_takes_no_members_in(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    message: Any = AppendEntriesRequest("s2", "s1", 1, 0, 0, (Entry(1, cast(Any, OTHERS)),), 1)
    if kind == "snapshot":
        data = KeyValueMachine().apply("", message.entries)
        message = InstallSnapshotRequest("s2", "s1", 1, Snapshot(1, 1, data))

    async def test() -> None:
        async with running(tmp_path, IN_PRODUCTION) as (server, where):
            await Speaker("s2").says(where, encode(Envelope(message)))
            assert server.replica.state.last_index == 0
            assert await Speaker("s4").says(where) is Farewell.STRANGER

    asyncio.run(test())
    assert "and this server runs without membership" in caplog.text
