"""Whom a running server lets in, what it takes from them, and what it refuses."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from raft_ref import AppendEntriesRequest, Entry, InstallSnapshotRequest, Snapshot
from raft_ref.server import (
    IN_PRODUCTION,
    SERVED,
    Address,
    Change,
    ChangeKind,
    Client,
    FailedError,
    KeyValueMachine,
    Members,
    Membership,
    Reply,
    Result,
    Server,
    SqliteStorage,
    Status,
)
from raft_ref.server.codec import Envelope, encode
from raft_ref.server.network.framing import frame, read_frame
from raft_ref.server.network.sockets import VERSION, Farewell, Hello
from raft_ref.server.process import MOST_UNKNOWN, known_by
from raft_ref.server.session import Request

SERVERS = ("s1", "s2", "s3")
OTHERS = Members(frozenset(SERVERS), learners=frozenset({"s4"}), addresses=(("s4", "host:1"),))


@asynccontextmanager
async def running(folder: Path, features: Any = SERVED) -> AsyncIterator[tuple[Server, Address]]:
    """Return a server s1 whose peers are not there."""
    addresses = {name: Address(str(folder / f"{name}.sock"), 0) for name in SERVERS}
    server = Server("s1", addresses, SqliteStorage(folder, "s1", SERVERS), features=features)
    task = asyncio.ensure_future(server.run(addresses["s1"]))
    while not Path(addresses["s1"].host).exists():
        await asyncio.sleep(0.005)
    yield server, addresses["s1"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Speaker:
    """Somebody who connects, and speaks for a server or (None) for a client."""

    def __init__(
        self, source: str | None, disk: str = "", address: str = "", cluster: str = ""
    ) -> None:
        self._hello = Hello(VERSION, source, source and "s1", "x", address, disk, cluster)

    async def says(self, where: Address, *payloads: bytes) -> bytes | None:
        """Say something, and return what is said back, if anything is in a moment."""
        self.reader, self.writer = await where.connect(None)
        for payload in (msgspec.msgpack.encode(self._hello), *payloads):
            self.writer.write(frame(payload))
        try:
            async with asyncio.timeout(0.1):
                return await read_frame(self.reader)
        except TimeoutError:
            return b"(nothing)"


def said(farewell: Farewell) -> bytes:
    return msgspec.msgpack.encode(farewell)


def test_a_member_is_known_by_its_disk_and_others_are_let_in(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as (_, where):
            assert await Speaker("s2", "first").says(where) == b"(nothing)"
            assert await Speaker("s2", "first").says(where) == b"(nothing)"
            assert await Speaker("s2", "second").says(where) == said(Farewell.ANOTHER_DISK)
            for disk in ("first", "second"):
                assert await Speaker("s4", disk).says(where) == b"(nothing)"

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
            assert await Speaker("s4", "first").says(where, heartbeat(OTHERS)) == b"(nothing)"
            assert server.replica.members == OTHERS
            assert await Speaker("s4", "second").says(where) == said(Farewell.ANOTHER_DISK)

    asyncio.run(test())


def test_who_began_with_others_is_of_another_cluster(tmp_path: Path) -> None:
    """It may be added by mistake, and have in the same terms other entries."""

    async def test() -> None:
        async with running(tmp_path) as (server, where):
            ours = Speaker("s4", cluster=known_by(reversed(SERVERS)))
            assert await ours.says(where, heartbeat(OTHERS)) == b"(nothing)"
            theirs = Speaker("s4", cluster=known_by(("s4", "s5")))
            assert await theirs.says(where, heartbeat()) == said(Farewell.ANOTHER_CLUSTER)
            assert await Speaker("s4").says(where, heartbeat(OTHERS)) == b"(nothing)"
            assert server.replica.members == OTHERS

    asyncio.run(test())


def test_who_was_removed_is_told_so(tmp_path: Path) -> None:
    gone = Members(frozenset({"s1", "s3"}), removed=frozenset({"s2"}))

    async def test() -> None:
        async with running(tmp_path) as (_, where):
            removed = Speaker("s2")
            assert await removed.says(where) == b"(nothing)"
            assert await Speaker("s4").says(where, heartbeat(gone)) == b"(nothing)"
            # On the connection that it has, and on a new one.
            assert await read_frame(removed.reader) == said(Farewell.REMOVED)
            assert await Speaker("s2").says(where) == said(Farewell.REMOVED)

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
                assert await Speaker(f"x{number}").says(where) == b"(nothing)"
            assert await Speaker("one more").says(where) == said(Farewell.STRANGER)
            assert await Speaker("x0").says(where) == b"(nothing)"
            assert await Speaker("s3").says(where) == b"(nothing)"

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
            assert await Speaker("s4").says(where) == said(Farewell.STRANGER)

    asyncio.run(test())
    assert "and this server runs without membership" in caplog.text
