"""Whatever is said to a server or a client, in any role: it goes on, and says one line at most."""

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast, get_args

import msgspec
import pytest

from raft_ref import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    RequestVoteRequest,
    Snapshot,
)
from raft_ref.features import Feature, FeatureMessage, ForcedRequestVoteRequest
from raft_ref.messages import Message
from raft_ref.server import (
    SERVED,
    Address,
    Client,
    DiskStorage,
    FailedError,
    KeyValueMachine,
    Kind,
    Members,
    Operation,
    Server,
    StoreNode,
)
from raft_ref.server.codec import CodecError, Envelope, decode, encode
from raft_ref.server.disk import journal
from raft_ref.server.network.admission import MOST_TERMS, check_message
from raft_ref.server.network.framing import frame
from raft_ref.server.network.hello import VERSION, Answer, Farewell, Hello
from raft_ref.server.replicas.reading import ReadingReplica
from raft_ref.server.session import Request
from raft_ref.server.store import Put, Register, encoded
from raft_ref.state import Role, State

SERVERS = ("s1", "s2", "s3")
READING = SERVED | {Feature.READ_INDEX, Feature.LEASES}
CLASSES: tuple[type[Any], ...] = (
    *get_args(Message),
    *get_args(FeatureMessage),
    ForcedRequestVoteRequest,
)
HUGE = (2**31, 2**32, 2**53, 2**62, 2**62 + 1, 2**63 - 1, 2**63, 2**64 - 1)
TEXTS = (
    *("", "zzz", "[]", '["NoOp"]', '["Register"]', '["Put",1,1,"k","v"]'),
    *('["Put",1,2,"k","a\\u0000b"]', '["Put",1,1,"k","\\ud800"]', '["Put",1,-1,"k","v"]'),
    '["Delete",1,3,"k"]',
    '["Put",' + "9" * 400 + ',1,"k","v"]',
    '["Put",1,18446744073709551616,"k","v"]',
)  # fmt: skip
STORES = (
    "",
    "garbage",
    "[]",
    '[{"a":"b"},{},1]',
    '[{"a":"b"},{"1":[' + "9" * 30 + ",[true,null]]},1]",
)
MEMBERS = (
    Members(frozenset(SERVERS), learners=frozenset({"s4"}), addresses=(("s4", "host:1"),)),
    Members(frozenset({"s1", "s2"}), removed=frozenset({"s3"})),
    Members(frozenset({"a b"})),
    Members(frozenset({"s1"}), addresses=(("s1", "nowhere"),)),
)


class Source:
    """Messages at random, most of which could be meant."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def number(self, near: int) -> int:
        if self.chance.random() < 0.1:
            return self.chance.choice(HUGE)
        return max(0, near + self.chance.choice((-2, -1, 0, 0, 0, 0, 1, 2)))

    def value(self) -> Any:
        return self.chance.choice((*TEXTS, *MEMBERS[: 1 if self.chance.random() < 0.7 else 4]))

    def message(self, state: State, dest: str = "s1") -> Any:
        cls = self.chance.choice(CLASSES)
        content: list[Any] = []
        for field in fields(cls):
            match field.name, field.type:
                case ("source" | "dest") as name, _:
                    content.append(dest if name == "dest" else self.chance.choice(("s2", "s3")))
                case name, _ if name == "term":
                    content.append(self.number(state.current_term))
                case name, _ if name.endswith("term"):
                    content.append(self.number(state.last_term))
                case _, kind if kind is int:
                    content.append(self.number(state.last_index))
                case _, kind if kind is bool:
                    content.append(self.chance.random() < 0.7)
                case _, kind if kind is Snapshot:
                    numbers = self.number(state.last_index), self.number(state.last_term)
                    content.append(Snapshot(*numbers, self.chance.choice(STORES)))
                case _:
                    count = self.chance.randrange(4)
                    content.append(
                        tuple(
                            Entry(self.number(state.last_term), self.value()) for _ in range(count)
                        )
                    )
        return cls(*content)

    def damaged(self, data: bytes) -> bytes:
        """Return bytes with a few changed, or cut."""
        changed = bytearray(data)
        for _ in range(self.chance.choice((0, 0, 1, 3))):
            if changed:
                changed[self.chance.randrange(len(changed))] = self.chance.randrange(256)
        return bytes(
            changed[: self.chance.choice((len(changed), self.chance.randrange(len(data) + 1)))]
        )


# ---- What comes to a replica


def bombard(seed: int, count: int, storage: DiskStorage) -> Counter[str]:
    """Let a replica take messages as a server does; return what became of them."""
    source = Source(seed)
    node = StoreNode(SERVERS, (), KeyValueMachine(), READING, SERVERS)
    replica = ReadingReplica(node, "s1", random.Random(seed), 0.0, storage.load(node.initial("s1")))
    now, seen = 0.0, Counter[str]()
    for number in range(count):
        now += source.chance.choice((0.0, 0.001, 0.05))
        message = source.message(replica.state)
        try:
            data = encode(Envelope(message, source.number(replica.round)))
            envelope = decode(data)
            check_message(envelope.message, replica.state, changes_members=True)
        except (CodecError, OverflowError, ValueError):
            seen["refused"] += 1
            continue
        seen[type(message).__name__] += 1
        replica.receive(envelope, now)
        if source.chance.random() < 0.2:
            replica.submit(
                number,
                source.chance.choice((encoded(Register()), encoded(Put(1, 1, "k", "v")))),
                now,
            )
            replica.read(number, "k", of_any=True)
        replica.tick(now)
        output = replica.flush(now)
        if output.save is not None:
            storage.save(output.save)
        for sent in output.messages:
            assert decode(encode(sent)) == sent
        seen[replica.state.role] += 1
        if replica.state.last_index > 50:
            replica.timing = replace(replica.timing, compact_after=10, keep=2)
    return seen


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DiskStorage:
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(journal.os, name, lambda file: None)  # type: ignore[attr-defined]
    return DiskStorage.of(tmp_path, "s1", SERVERS, begins=True)


def rounds(storage: DiskStorage, seconds: float, seeds: range, count: int) -> Counter[str]:
    seen, end = Counter[str](), time.monotonic() + seconds
    for seed in seeds:
        seen += bombard(seed, count, storage)
        if time.monotonic() > end:
            break
    return seen


def test_whatever_comes_to_a_replica_it_can_be_taken_and_saved(storage: DiskStorage) -> None:
    seen = rounds(storage, 0.2, range(100), 150)
    assert seen["refused"] > 0
    assert seen[Role.FOLLOWER] > 0


@pytest.mark.long
@pytest.mark.deep
def test_whatever_comes_to_a_replica_for_a_minute(storage: DiskStorage) -> None:
    seen = rounds(storage, 60.0, range(1000, 10**6), 2000)
    assert all(seen[cls.__name__] for cls in CLASSES)
    assert all(seen[role] for role in Role)


STATE = StoreNode(SERVERS, (), KeyValueMachine(), READING, SERVERS).initial("s1")
LEADER = replace(
    STATE,
    current_term=3,
    role=Role.LEADER,
    log=(Entry(1, '["NoOp"]'), Entry(3, '["NoOp"]')),
    commit_index=1,
)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (RequestVoteRequest("s2", "s1", 2**62, 0, 0), "its term 4611686018427387904 is far beyond"),
        (RequestVoteRequest("s2", "s1", 4 + MOST_TERMS, 0, 0), "is far beyond 3"),
        (AppendEntriesRequest("s2", "s1", 3, 0, 0, (Entry(1, "zzz"),), 0), "no command: "),
        (AppendEntriesRequest("s2", "s1", 3, 0, 0, (Entry(4, '["NoOp"]'),), 0), "an entry of term"),
        (AppendEntriesRequest("s2", "s1", 3, 0, 0, (Entry(0, '["NoOp"]'),), 0), "an entry of term"),
        (AppendEntriesRequest("s2", "s1", 3, 0, 1, (), 0), "entries after 0 of term 1"),
        (AppendEntriesRequest("s2", "s1", 3, 7, 4, (), 0), "after one of term 4 in term 3"),
        (AppendEntriesRequest("s2", "s1", 3, 0, 0, (Entry(2, '["NoOp"]'),), 0), "another entry 1"),
        (
            AppendEntriesRequest("s2", "s1", 3, 0, 0, (Entry(1, cast(Any, MEMBERS[2])),), 0),
            "'a b' is no name of a server",
        ),
        (AppendEntriesResponse("s2", "s1", 3, True, 3), "it has 3 of 2 entries"),
        (InstallSnapshotResponse("s2", "s1", 3, 10**9), "it has 1000000000 of 2 entries"),
        (InstallSnapshotRequest("s2", "s1", 3, Snapshot(9, 1, "garbage")), "no store: "),
        (InstallSnapshotRequest("s2", "s1", 3, Snapshot(9, 4, "")), "of term 4 in term 3"),
        (InstallSnapshotRequest("s2", "s1", 3, Snapshot(2**62, 3, "")), "far beyond 2"),
        (InstallSnapshotRequest("s2", "s1", 3, Snapshot(0, 0, "")), "a snapshot up to 0"),
    ],
)
def test_what_no_server_that_works_would_say(message: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_message(message, LEADER, changes_members=True)


# ---- What comes over the network


async def said(where: Address, data: bytes) -> None:
    """Say something and go, or wait for a moment."""
    with contextlib.suppress(OSError):
        reader, writer = await where.connect(None)
        writer.write(data)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.005):
                await reader.read(100)
        writer.close()


def greeting(source: Source, server: Server, speaker: str | None) -> bytes:
    """Return how somebody begins to speak: for a server of the cluster, or not quite."""
    hello = Hello(VERSION, speaker, speaker and "s1")
    if speaker is not None:
        hello = msgspec.structs.replace(
            hello, cluster=server.cluster, founders=SERVERS, disk=f"of {speaker}", times=1, run="r"
        )
    data = frame(msgspec.msgpack.encode(hello))
    return source.damaged(data) if source.chance.random() < 0.2 else data


def speech(source: Source, server: Server) -> bytes:
    """Return what somebody says: a server or a client."""
    speaker = source.chance.choice((None, "s2", "s3", "s4"))
    data = greeting(source, server, speaker)
    for _ in range(source.chance.randrange(5)):
        if speaker is None:
            command = source.chance.choice((None, *TEXTS))
            number = source.chance.choice((1, *HUGE))
            payload = msgspec.msgpack.encode(Request(number, command, "k"))
        else:
            message = source.message(server.replica.state)
            message = message.__class__(speaker, *list(_values(message))[1:])
            with contextlib.suppress(OverflowError):
                payload = encode(Envelope(message, source.chance.choice((0, 1, *HUGE))))
        data += frame(source.damaged(payload) if source.chance.random() < 0.3 else payload)
    return source.damaged(data) if source.chance.random() < 0.2 else data


def _values(message: Any) -> Any:
    return (getattr(message, field.name) for field in fields(message))


async def talk_to_a_server(seed: int, seconds: float, folder: Path) -> None:
    addresses = {name: Address(str(folder / f"{name}.sock"), 0) for name in SERVERS}
    storage = DiskStorage.of(folder / "s1", "s1", SERVERS, begins=True)
    server = Server("s1", addresses, storage, features=READING)
    task = asyncio.ensure_future(server.run(addresses["s1"]))
    while not Path(addresses["s1"].host).exists():
        await asyncio.sleep(0.005)
    source, end = Source(seed), time.monotonic() + seconds
    while time.monotonic() < end:
        assert not task.done(), task.exception()
        await asyncio.gather(*(said(addresses["s1"], speech(source, server)) for _ in range(8)))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def lines_of(caplog: pytest.LogCaptureFixture) -> Counter[str]:
    """Return how often the log has lines, by what they begin with; none tells of a traceback."""
    for record in caplog.records:
        assert record.exc_info is None, record.getMessage()
        assert record.levelno < logging.ERROR, record.getMessage()
        assert "\n" not in record.getMessage()
    return Counter(" ".join(each.getMessage().split()[:3]) for each in caplog.records)


@pytest.mark.parametrize(
    "seconds", [0.3, pytest.param(30.0, marks=[pytest.mark.long, pytest.mark.deep])]
)
def test_whatever_is_said_to_a_server(
    seconds: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(talk_to_a_server(int(seconds), seconds, tmp_path))
    assert lines_of(caplog)["closed the connection"] > 5


async def answer_at_random(seed: int, seconds: float, folder: Path) -> None:
    """Let a server and a client speak to somebody who answers anything."""
    source = Source(seed)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        farewell = source.chance.choice((None, None, Farewell.NOT_YET, Farewell.STRANGER))
        answer = Answer(farewell, cluster=source.chance.choice(("", "x")), disk="d", times=1)
        reply = msgspec.msgpack.encode(
            (source.chance.choice((1, 2, *HUGE)), ("done", (True, "v"), None))
        )
        data = frame(msgspec.msgpack.encode(answer)) if source.chance.random() < 0.5 else b""
        with contextlib.suppress(OSError, asyncio.CancelledError):
            writer.write(source.damaged(data + frame(reply)))
            await asyncio.sleep(0.002)
            writer.close()

    addresses = {name: Address(str(folder / f"{name}.sock"), 0) for name in SERVERS}
    others = [await asyncio.start_unix_server(serve, addresses[name].host) for name in ("s2", "s3")]
    storage = DiskStorage.of(folder / "s1", "s1", SERVERS, begins=True)
    server = Server("s1", addresses, storage, features=READING)
    task = asyncio.ensure_future(server.run(addresses["s1"]))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client = Client([addresses["s2"], addresses["s3"]])
        with contextlib.suppress(FailedError):
            await client.do(Operation(Kind.GET, "k"), 0.05)
        await client.close()
        assert not task.done(), task.exception()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for each in others:
        each.close()


@pytest.mark.parametrize(
    "seconds", [0.2, pytest.param(10.0, marks=[pytest.mark.long, pytest.mark.deep])]
)
def test_whatever_is_answered(
    seconds: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(answer_at_random(int(seconds), seconds, tmp_path))
    lines_of(caplog)
