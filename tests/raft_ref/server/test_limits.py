"""No limit that one side does not know: large snapshots, batches, commands, too much at once."""

import asyncio
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from raft_ref import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotRequest,
    Node,
    RequestVoteResponse,
    Snapshot,
)
from raft_ref.server import (
    Address,
    Client,
    FailedError,
    KeyValueMachine,
    Kind,
    Operation,
    Replica,
    Simulation,
    Status,
    Timing,
)
from raft_ref.server.codec import Envelope, decode, encode
from raft_ref.server.network.incoming import Asked
from raft_ref.server.network.pieces import AGAIN_AFTER, PIECE, WINDOW, Carrier, Piece, PieceAnswer
from raft_ref.server.process import MOST_AT_ONCE
from raft_ref.server.session import Request
from raft_ref.server.simulation.client import SimulatedClient
from raft_ref.server.store import MAX_COMMAND, Put, Register, Result, Store, encoded, size_of
from tests.raft_ref.server.test_greeting import running

# ---- Snapshots in pieces


class Way:
    """Two servers, of which s1 brings s2 a snapshot; what is on its way can be lost."""

    def __init__(self) -> None:
        self.on_its_way: list[Any] = []
        self.carriers = {name: Carrier(self._send) for name in ("s1", "s2")}
        self.arrived: list[Any] = []
        self.most = 0

    def _send(self, message: Any, number: int) -> None:
        assert decode(encode(Envelope(message, number))) == Envelope(message, number)
        self.on_its_way.append(message)
        self.most = max(self.most, sum(isinstance(each, Piece) for each in self.on_its_way))

    def deliver(self, now: float, most: int = 1000) -> None:
        for _ in range(most):
            if not self.on_its_way:
                return
            match self.on_its_way.pop(0):
                case Piece() as piece:
                    whole = self.carriers["s2"].take(piece)
                    self.arrived += [] if whole is None else [whole]
                case PieceAnswer() as answer:
                    self.carriers["s1"].hear(answer, now)
                case other:
                    self.arrived.append(other)

    def pieces(self) -> int:
        return sum(isinstance(each, Piece) for each in self.on_its_way)


def snapshot(size: int, index: int = 9) -> InstallSnapshotRequest:
    return InstallSnapshotRequest("s1", "s2", 3, Snapshot(index, 2, "ä" * (size // 2)))


def test_a_small_snapshot_goes_as_it_is() -> None:
    way = Way()
    way.carriers["s1"].carry(snapshot(PIECE), 4, 0.0)
    assert way.on_its_way == [snapshot(PIECE)]


def test_a_large_snapshot_arrives_as_it_was_with_few_pieces_on_their_way() -> None:
    way, message = Way(), snapshot(20 * PIECE + 2)
    way.carriers["s1"].carry(message, 4, 0.0)
    way.deliver(0.0)
    alive, whole = way.arrived
    assert alive == AppendEntriesRequest("s1", "s2", 3, 0, 0, (), 0)
    assert whole == message
    assert way.most <= WINDOW


def test_it_goes_on_where_it_broke_and_begins_anew_with_who_lost_it() -> None:
    way, message = Way(), snapshot(12 * PIECE)
    way.carriers["s1"].carry(message, 4, 0.0)
    way.deliver(0.0, 9)  # the first pieces, and their answers
    way.on_its_way.clear()  # the connection breaks
    way.carriers["s1"].carry(message, 4, AGAIN_AFTER / 2)
    assert way.pieces() == 0
    way.on_its_way.clear()
    way.carriers["s1"].carry(message, 4, 1.5 * AGAIN_AFTER)
    [offset, *_] = [each.offset for each in way.on_its_way if isinstance(each, Piece)]
    assert offset > 0
    way.carriers["s2"] = Carrier(way._send)  # it is started again, and has nothing
    way.deliver(2.0)
    assert way.arrived[-1] == message


def test_a_newer_snapshot_waits_until_the_one_before_has_arrived() -> None:
    """A busy leader makes them faster than they arrive."""
    way = Way()
    for index in range(9, 30):
        way.carriers["s1"].carry(snapshot(12 * PIECE, index), 4, index / 100)
        way.deliver(index / 100, 2)
    way.deliver(1.0)
    whole = [each for each in way.arrived if isinstance(each, InstallSnapshotRequest)]
    assert whole[0] == snapshot(12 * PIECE, 9)


# ---- Batches

NODE = Node(("s1", "s2", "s3"), machine=KeyValueMachine())


def leader(timing: Timing) -> Replica:
    replica = Replica(NODE, "s1", random.Random(1), 0.0, timing=timing)
    replica.tick(10.0)
    vote = next(each for each in replica.flush(10.0).messages)
    for peer in ("s2", "s3"):
        answer = RequestVoteResponse(peer, "s1", vote.message.term, True)
        replica.receive(Envelope(answer), 10.0)
    replica.flush(10.0)
    return replica


def put(sequence: int, size: int) -> str:
    return encoded(Put(1, sequence, "k", "v" * size))


def test_a_message_has_so_many_bytes_unless_one_entry_has_more() -> None:
    replica = leader(Timing(max_bytes=1000))
    for sequence, size in enumerate((300, 300, 300, 300, 3000, 300)):
        replica.submit(sequence, put(sequence, size), 10.0)
    seen: list[list[int]] = []
    for _ in range(5):
        sent = [each.message for each in replica.flush(10.0).messages if each.message.dest == "s2"]
        batches = [each for each in sent if each.entries]
        for each in batches[-1:]:
            seen.append([size_of(entry.value) // 300 for entry in each.entries])
            last = each.prev_log_index + len(each.entries)
            answer = AppendEntriesResponse("s2", "s1", each.term, True, last)
            replica.receive(Envelope(answer), 10.0)
    assert [each for batch in seen for each in batch if each] == [1, 1, 1, 1, 10, 1]
    assert all(sum(batch) <= 3 or len(batch) == 1 for batch in seen)


# ---- Too much


def test_more_than_may_wait_is_answered_and_not_taken_in() -> None:
    replica = leader(Timing(max_pending=1000))
    for sequence in range(5):
        replica.submit(sequence, put(sequence, 300), 10.0)
    replies = {name: reply.status for name, reply in replica.flush(10.0).replies}
    assert replies == {3: Status.OVERLOADED, 4: Status.OVERLOADED}
    assert replica.state.last_index == 4  # with the leader's own
    # One alone is taken in, whatever it has.
    replica = leader(Timing(max_pending=1000))
    replica.submit(1, put(1, 3000), 10.0)
    assert replica.state.last_index == 2


def test_a_command_that_is_asked_for_again_is_in_the_log_once() -> None:
    replica = leader(Timing())
    for name in range(3):
        replica.submit(name, put(1, 10), 10.0)
        replica.submit(("register", name), encoded(Register()), 10.0)
    assert replica.state.last_index == 1 + 1 + 3
    for peer in ("s2", "s3"):
        answer = AppendEntriesResponse(peer, "s1", replica.state.current_term, True, 5)
        replica.receive(Envelope(answer), 10.0)
    replies = [name for name, _ in replica.flush(10.0).replies]
    assert {0, 1, 2} < set(replies)
    assert replica._leading is not None
    assert (replica._leading.size, replica._leading.commands) == (0, {})


def test_a_log_of_many_bytes_is_compacted_and_keeps_a_few() -> None:
    simulation = Simulation(
        ("s1", "s2", "s3"),
        3,
        timing=Timing(compact_bytes=10_000, keep_bytes=2_500),
    )
    client = SimulatedClient(simulation, "c", 1.0, lambda: 0.01)
    simulation.run(1.0)
    done: list[Result | None] = []
    for number in range(50):
        client.do(Operation(Kind.PUT, f"k{number % 7}", f"{number}" * 500), done.append)
        simulation.run(0.2)
    assert len(done) == 50
    for server in simulation.servers.values():
        assert server.replica is not None
        state = server.replica.state
        assert state.compacted > 0
        assert sum(size_of(entry.value) for entry in state.log) < 20_000


def test_a_command_that_is_too_large_is_refused_to_the_client(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(tmp_path) as (server, where):
            client = Client([where])
            client._session._client = 1  # it has a session
            for size, why in (
                (MAX_COMMAND, f"{MAX_COMMAND} are taken at most"),
                (2 * MAX_COMMAND + 10, "which no server takes"),
            ):
                with pytest.raises(FailedError, match=why) as error:
                    await client.do(Operation(Kind.PUT, "k", "v" * size), 10.0)
                assert error.value.is_definite
            await client.close()
            assert server.replica.state.last_index == 0

    asyncio.run(test())


def test_text_has_its_bytes_of_utf_8() -> None:
    assert [size_of(text) for text in ("abc", "äöü", "日本")] == [3, 6, 6]


def test_the_machine_goes_on_from_what_it_made_last_as_from_text() -> None:
    """What it remembers is a shortcut."""
    machine = KeyValueMachine()
    entries = [Entry(1, encoded(Register())), *(Entry(1, put(n, n)) for n in range(1, 9))]
    text = ""
    for entry in entries:
        text, before = machine.apply(text, [entry]), text
        assert text == KeyValueMachine().apply(before, [entry])
    assert machine.apply(text, []) == Store(text).as_text()
    assert machine.apply(text, entries[:1]) == KeyValueMachine().apply(text, entries[:1])


def test_a_large_text_is_made_a_little_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside all else; and it is the same text."""
    monkeypatch.setattr("raft_ref.server.store.AT_ONCE", 5000)
    machine = KeyValueMachine()
    entries = [Entry(1, encoded(Register())), *(Entry(1, key_of(n)) for n in range(1, 99))]
    text = machine.apply("", entries[:50])
    assert text == msgspec.json.encode(msgspec.json.decode(text)).decode()
    assert text == Store(text).as_text()
    assert len(list(machine.preparing(text, entries[50:]))) > 10
    whole = KeyValueMachine().apply(text, entries[50:])
    assert machine.apply(text, entries[50:]) == whole
    for _ in machine.preparing(whole, entries[:9]):  # other entries than are asked for in the end
        pass
    assert machine.apply(whole, entries[:5]) == KeyValueMachine().apply(whole, entries[:5])


def key_of(sequence: int) -> str:
    return encoded(Put(1, sequence, f"k{sequence}", "ä" * 300))


def test_a_replica_goes_on_while_it_compacts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raft_ref.server.store.AT_ONCE", 2000)
    replica = leader(Timing(compact_after=20, keep=5))
    replica.submit("register", encoded(Register()), 10.0)
    seen = set()
    for sequence in range(1, 60):
        replica.submit(sequence, key_of(sequence), 10.0)
        replica.flush(10.0)
        last = replica.state.last_index
        answer = AppendEntriesResponse("s2", "s1", replica.state.current_term, True, last)
        replica.receive(Envelope(answer), 10.0)
        assert [name for name, _ in replica.flush(10.0).replies][-1:] == [sequence]
        is_at_work = replica._compacting is not None
        assert is_at_work == (replica.due < 0)
        seen.add((is_at_work, replica.state.compacted > 0))
        assert sum(replica._sizes) == replica._size
        assert len(replica._sizes) == replica.applied - replica.state.compacted
    assert seen == {(False, False), (True, False), (True, True), (False, True)}


def test_a_command_that_was_done_is_answered_without_another_entry() -> None:
    replica = leader(Timing())
    for name, command in enumerate((encoded(Register()), put(1, 10))):
        replica.submit(name, command, 10.0)
        replica.flush(10.0)
        last = replica.state.last_index
        for peer in ("s2", "s3"):
            answer = AppendEntriesResponse(peer, "s1", replica.state.current_term, True, last)
            replica.receive(Envelope(answer), 10.0)
        replica.flush(10.0)
    for name, sequence, is_done in ((2, 1, True), (3, 0, True), (4, 2, False)):
        replica.submit(name, put(sequence, 10), 10.0)
        assert [each for each, _ in replica.flush(10.0).replies] == ([name] if is_done else [])
        assert replica.state.last_index == (last if is_done else last + 1)


class Heard(Asked):
    """A request of a client who hears the answer, unless it is gone."""

    def __init__(self, payload: bytes, is_gone: bool = False) -> None:
        self.payload, self._is_gone = payload, is_gone
        self.answers: list[Any] = []
        self.is_forgotten = False

    @property
    def is_awaited(self) -> bool:
        return not self._is_gone

    def forget(self) -> None:
        self.is_forgotten = True

    def answer(self, payload: bytes) -> None:
        self.answers.append(msgspec.msgpack.decode(payload))


def wish(number: int, is_gone: bool = False) -> Heard:
    return Heard(msgspec.msgpack.encode(Request(number, None, "k")), is_gone)


def test_where_requests_wait_for_too_long_the_next_are_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with running(tmp_path) as (server, _):
            monkeypatch.setattr(server, "_put_requests", lambda now: None)
            first, second = wish(1), wish(2)
            server._answer(first)
            server._answer(second)
            assert (first.answers, second.answers) == ([], [])
            monkeypatch.setattr("raft_ref.server.process.LONGEST_QUEUE", 0.0)
            server._answer(late := wish(3))
            assert [(number, reply[0]) for number, reply in late.answers] == [(3, "overloaded")]
            server._requests.clear()
            server._answer(later := wish(4))
            assert later.answers == []

    asyncio.run(test())


def test_so_many_requests_are_put_to_a_replica_at_once_of_those_who_wait(tmp_path: Path) -> None:
    """The others wait for what peers have to say."""

    async def test() -> None:
        async with running(tmp_path) as (server, _):
            asked = [wish(number, is_gone=number % 2 == 0) for number in range(MOST_AT_ONCE + 7)]
            for each in asked:
                server._answer(each)
            server._put_requests(0.0)
            assert len(server._requests) == 7
            server._put_requests(0.0)
            for request, reply in server.replica.flush(0.0).replies:
                request.reply(reply)  # type: ignore[attr-defined]
            assert [bool(each.answers) for each in asked] == [
                number % 2 == 1 for number in range(len(asked))
            ]
            assert all(each.is_forgotten == (not each.answers) for each in asked)

    asyncio.run(test())


def test_time_for_which_a_server_did_not_run_is_no_silence_of_the_leader() -> None:
    for away in (0.0, 5.0):
        replica = Replica(NODE, "s1", random.Random(1), 0.0)
        replica.was_away(away)
        replica.tick(1.0)
        assert (replica.state.current_term == 0) == bool(away)


def test_a_client_leaves_a_server_that_takes_nothing(tmp_path: Path) -> None:
    """What it has written waits to be sent, and it does not wait for that."""

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def test() -> None:
        where = Address(str(tmp_path / "deaf.sock"), 0)
        server = await asyncio.start_unix_server(deaf, where.host, limit=1)
        client = Client([where])
        client._session._client = 1  # it has a session
        async with asyncio.timeout(5):
            with pytest.raises(FailedError, match=r"no server answered, for 0\.1 s"):
                await client.do(Operation(Kind.PUT, "k", "v" * 2**20), 0.1)
        server.close()

    asyncio.run(test())
