"""The store, its sessions, and how commands, messages and states become bytes and come back."""

import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raft_ref import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Node,
    RequestVoteRequest,
    RequestVoteResponse,
    Snapshot,
    State,
)
from raft_ref.features import (
    ExtendedNode,
    Feature,
    ForcedRequestVoteRequest,
    PreVoteRequest,
    PreVoteResponse,
    Promise,
    TimeoutNowRequest,
)
from raft_ref.server.codec import CodecError, Envelope, decode, encode
from raft_ref.server.members import Members, of_text
from raft_ref.server.simulation.cluster import saved
from raft_ref.server.storage import Save, SqliteStorage, StorageError, difference
from raft_ref.server.store import (
    EXPIRED,
    STALE,
    Command,
    CompareAndSet,
    Delete,
    KeyValueMachine,
    NoOp,
    Put,
    Register,
    Result,
    Store,
    check_command,
    encoded,
)


def do(store: Store, *commands: Command) -> list[Result]:
    return [store.apply(encoded(command)) for command in commands]


# ---- The store


def test_what_commands_do() -> None:
    store = Store()
    assert do(
        store,
        Register(),
        Put(1, 1, "x", "a"),
        CompareAndSet(1, 2, "x", "a", "b"),
        CompareAndSet(1, 3, "x", "a", "c"),
        CompareAndSet(1, 4, "y", None, "new"),
        Delete(1, 5, "x"),
        Delete(1, 6, "x"),
        CompareAndSet(1, 7, "y", "new", None),
        NoOp(),
    ) == [
        Result(client=1),
        Result(),
        Result(True, "a"),
        Result(False, "b"),
        Result(True, None),
        Result(True, "b"),
        Result(False, None),
        Result(True, "new"),
        Result(),
    ]
    assert (store.get("x"), store.get("y")) == (None, None)


def test_a_command_that_comes_again_is_answered_and_not_done_again() -> None:
    store = Store()
    swap = CompareAndSet(1, 1, "x", None, "a")
    assert do(store, Register(), swap, swap) == [Result(client=1), Result(True), Result(True)]
    assert do(store, Put(1, 2, "x", "b"), swap) == [Result(), STALE]
    assert do(store, Put(7, 1, "x", "c")) == [EXPIRED]
    assert store.get("x") == "b"


def test_the_session_that_was_not_used_for_longest_expires() -> None:
    store = Store(max_sessions=2)
    do(store, Register(), Register(), Put(1, 1, "x", "a"), Register())
    assert do(store, Put(2, 1, "x", "b"), Put(1, 2, "x", "c"), Put(3, 1, "x", "d")) == [
        EXPIRED,
        Result(),
        Result(),
    ]


commands = st.one_of(
    st.just(NoOp()),
    st.just(Register()),
    st.builds(Put, st.integers(1, 3), st.integers(1, 4), st.sampled_from("xy"), st.text()),
    st.builds(Delete, st.integers(1, 3), st.integers(1, 4), st.sampled_from("xy")),
)


@given(st.lists(commands), st.lists(commands))
def test_a_snapshot_holds_all(before: list[Command], after: list[Command]) -> None:
    machine = KeyValueMachine(max_sessions=2)
    entries = [Entry(1, encoded(command)) for command in [*before, *after]]
    parts = machine.apply(machine.apply("", entries[: len(before)]), entries[len(before) :])
    assert parts == machine.apply("", entries)
    store = Store(max_sessions=2)
    do(store, *before, *after)
    assert store.as_text() == parts


@pytest.mark.parametrize("text", ["", "{}", '["Put",1]', '["Steal"]', "null", '["Put",1,1,1,1]'])
def test_what_is_no_command(text: str) -> None:
    with pytest.raises(ValueError, match="no command: "):
        check_command(text)


# ---- Messages

names = st.sampled_from(["s1", "s2"])
numbers = st.integers(0, 2**40)
entry_lists = st.lists(st.builds(Entry, numbers, st.text())).map(tuple)
messages: st.SearchStrategy[Any] = st.one_of(
    st.builds(RequestVoteRequest, names, names, numbers, numbers, numbers),
    st.builds(RequestVoteResponse, names, names, numbers, st.booleans()),
    st.builds(AppendEntriesRequest, names, names, numbers, numbers, numbers, entry_lists, numbers),
    st.builds(AppendEntriesResponse, names, names, numbers, st.booleans(), numbers),
    st.builds(
        InstallSnapshotRequest,
        names,
        names,
        numbers,
        st.builds(Snapshot, numbers, numbers, st.text()),
    ),
    st.builds(InstallSnapshotResponse, names, names, numbers, numbers),
    st.builds(PreVoteRequest, names, names, numbers, numbers, numbers),
    st.builds(PreVoteResponse, names, names, numbers, st.booleans()),
    st.builds(TimeoutNowRequest, names, names, numbers),
    st.builds(ForcedRequestVoteRequest, names, names, numbers, numbers, numbers),
)


@given(messages, numbers)
def test_a_message_comes_back_as_it_was(message: Any, number: int) -> None:
    found = decode(encode(Envelope(message, number)))
    assert (found, type(found.message)) == (Envelope(message, number), type(message))


def is_refused_or_comes_back(data: bytes) -> bool:
    try:
        envelope = decode(data)
    except CodecError as error:
        return "\n" not in str(error)
    return decode(encode(envelope)) == envelope


@given(st.binary(max_size=80))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    assert is_refused_or_comes_back(data)


@given(messages, st.data())
def test_a_message_with_a_bit_flipped_is_another_or_refused(
    message: Any, data: st.DataObject
) -> None:
    content = bytearray(encode(Envelope(message)))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert is_refused_or_comes_back(bytes(content))


# ---- The disk

NODE = Node(("s1", "s2", "s3"), machine=KeyValueMachine())
FIRST = NODE.initial("s1")


def log(*terms: int) -> tuple[Entry, ...]:
    return tuple(Entry(term, f"{index}@{term}") for index, term in enumerate(terms, start=1))


@st.composite
def states(draw: st.DrawFn) -> State:
    """Return a state whose log is one of a few that agree as logs of Raft do."""
    terms = draw(st.sampled_from([(1, 1, 1, 1), (1, 1, 2, 2), (1, 3, 3), (1, 1, 2, 4), ()]))
    length = draw(st.integers(0, len(terms)))
    compacted = draw(st.integers(0, length))
    entries = log(*terms[:length])
    last = terms[compacted - 1] if compacted else 0
    snapshot = Snapshot(compacted, last, str(terms[:compacted]))
    return replace(
        FIRST,
        current_term=draw(st.integers(0, 5)),
        voted_for=draw(st.none() | names),
        snapshot=snapshot if compacted else FIRST.snapshot,
        log=entries[compacted:],
    )


def durable(state: State) -> Any:
    return state.current_term, state.voted_for, state.snapshot, state.log


@given(st.lists(states(), min_size=1, max_size=4))
def test_what_is_saved_is_what_is_loaded(sequence: list[State]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        storage = SqliteStorage(Path(folder), "s1", NODE.servers)
        in_memory, before = FIRST, FIRST
        for state in sequence:
            # A snapshot never gives way to an older one.
            if state.compacted < before.compacted:
                continue
            what = difference(before, state)
            assert (what is None) == (durable(before) == durable(state))
            if what is not None:
                storage.save(what)
                in_memory = saved(in_memory, what)
            assert durable(storage.load(FIRST)) == durable(state)
            assert durable(in_memory) == durable(state)
            before = state
        storage.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    storage = SqliteStorage(tmp_path, "s1", NODE.servers)
    storage.save(Save(3, "s2", Snapshot(1, 1, "data"), 2, log(1, 2, 3)[1:]))
    storage.close()
    return tmp_path


def load(folder: Path, me: str = "s1") -> State:
    storage = SqliteStorage(folder, me, NODE.servers)
    try:
        return storage.load(FIRST)
    finally:
        storage.close()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE vote SET current_term = 2", "damaged: a row of vote has another checksum"),
        ("UPDATE log SET value = 'x' WHERE position = 3", "damaged: a row of log has another"),
        ("DELETE FROM log WHERE position = 2", "damaged: entry 2 of the log is missing"),
        ("UPDATE snapshot SET data = 'y'", "damaged: a row of snapshot has another checksum"),
        ("UPDATE server SET format = 7", "has format 7, expected 3"),
        ("DELETE FROM server", "damaged: it does not say whose it is"),
    ],
)
def test_a_disk_that_is_not_as_it_was_left(change: str, reason: str, folder: Path) -> None:
    assert load(folder).last_index == 3
    database = sqlite3.connect(folder / "raft.sqlite")
    database.execute(change)
    database.commit()
    database.close()
    with pytest.raises(StorageError, match=reason) as error:
        load(folder)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "raft.sqlite").write_bytes(b"nonsense" * 1000)
    with pytest.raises(StorageError, match=r"raft\.sqlite: file is not a database"):
        load(tmp_path)


WITH_READS = ExtendedNode(("s1", "s2", "s3"), features=[Feature.READ_INDEX, Feature.LEASES])


@pytest.mark.parametrize("promise", [None, Promise("s2", 3, 7)])
def test_what_is_durable_of_reads(promise: Promise | None, tmp_path: Path) -> None:
    first: Any = WITH_READS.initial("s1")
    state = replace(first, read_number=70, promise=promise)
    storage = SqliteStorage(tmp_path, "s1", NODE.servers)
    for before, after in ((first, state), (state, state)):
        what = difference(before, after)
        assert (what is None) is (before is after)
        if what is not None:
            storage.save(what)
            assert saved(first, what) == state
    assert storage.load(first) == state
    # A save of something else, or by a server without reads, leaves that as it is.
    storage.save(Save(3, "s2", None, 1, log(1)))
    assert storage.load(first) == replace(state, current_term=3, voted_for="s2", log=log(1))
    assert storage.load(FIRST) == replace(FIRST, current_term=3, voted_for="s2", log=log(1))
    storage.close()


OLDER = {1: ("DROP TABLE reading", "DROP TABLE disks"), 2: ("DROP TABLE disks",)}


@pytest.mark.parametrize("version", OLDER)
def test_a_disk_of_an_older_version_gets_what_it_lacks(version: int, folder: Path) -> None:
    database = sqlite3.connect(folder / "raft.sqlite")
    for change in (*OLDER[version], f"UPDATE server SET format = {version}"):
        database.execute(change)
    database.commit()
    database.close()
    assert load(folder).last_index == 3
    storage = SqliteStorage(folder, "s1", NODE.servers)
    assert storage.disk
    assert storage.meet("s2", "a disk")
    storage.close()
    test_what_is_durable_of_reads(Promise("s2", 3, 7), folder / "another")


def test_a_server_is_known_by_its_disk(tmp_path: Path) -> None:
    """Whoever speaks for one with another disk is another one, also after a restart."""
    disks = set()
    for name in ("s1", "s2"):
        storage = SqliteStorage(tmp_path / name, name, NODE.servers)
        disks.add(storage.disk)
        assert storage.meet("s3", "first")
        storage.close()
    storage = SqliteStorage(tmp_path / "s1", "s1", NODE.servers)
    assert disks > {storage.disk}
    assert storage.meet("s3", "first")
    assert not storage.meet("s3", "second")
    assert storage.meet("s4", "second")
    storage.close()


def test_who_joined_has_no_cluster_of_its_own(tmp_path: Path) -> None:
    SqliteStorage(tmp_path, "s4", ()).close()
    with pytest.raises(StorageError, match="belongs to s4 that joined, not to s4 of the cluster s"):
        load(tmp_path, "s4")


MEMBERS = Members(
    voters=frozenset({"s1", "s3"}),
    learners=frozenset({"s4"}),
    addresses=(("s1", "host:1"), ("s4", "unix:/a b")),
    removed=frozenset({"s2"}),
)


def test_members_on_the_wire_and_on_the_disk_are_as_they_were(tmp_path: Path) -> None:
    entries = (Entry(1, "command"), Entry(2, cast(Any, MEMBERS)))
    message = AppendEntriesRequest("s1", "s2", 2, 0, 0, entries, 1)
    assert decode(encode(Envelope(message))).message == message
    storage = SqliteStorage(tmp_path, "s1", NODE.servers)
    storage.save(Save(2, "s1", None, 1, entries))
    assert storage.load(FIRST).log == entries
    storage.close()


@pytest.mark.parametrize("text", ['["Members",', '["Members",1,2,3,4]', '["Members",[],[]]'])
def test_what_are_no_members(text: str, folder: Path) -> None:
    with pytest.raises(ValueError, match="no members: "):
        of_text(text)
    message = AppendEntriesRequest("s1", "s2", 1, 0, 0, (Entry(1, text),), 1)
    with pytest.raises(CodecError, match="no AppendEntriesRequest: no members: "):
        decode(encode(Envelope(message)))


def test_a_snapshot_holds_the_members(tmp_path: Path) -> None:
    machine = KeyValueMachine()
    entries = [Entry(1, encoded(Register())), Entry(1, cast(Any, MEMBERS))]
    assert machine.members(machine.initial) is None
    assert machine.members(machine.apply("", entries[:1])) is None
    text = machine.apply("", entries)
    assert machine.members(text) == MEMBERS
    assert machine.members(machine.apply(text, entries[:1])) == MEMBERS
    # What an earlier version has written holds none.
    assert machine.members('[{"a":"b"},{},1]') is None
    assert Store('[{"a":"b"},{},1]').get("a") == "b"


def test_the_disk_of_another_server(folder: Path) -> None:
    with pytest.raises(StorageError, match="belongs to s1 of the cluster s1,s2,s3, not to s2"):
        load(folder, "s2")


def test_a_journal_that_is_torn_anywhere(tmp_path: Path) -> None:
    """Whatever of the last writes reached the disk: what is loaded was saved, as a whole."""
    source = tmp_path / "whole"
    storage = SqliteStorage(source, "s1", NODE.servers)
    moments = [FIRST]
    for index in range(1, 6):
        storage.save(Save(index, "s2", None, index, (Entry(index, f"value {index}"),)))
        moments.append(storage.load(FIRST))
    journal = (source / "raft.sqlite-wal").read_bytes()
    database = (source / "raft.sqlite").read_bytes()
    known = {durable(state) for state in moments}
    loaded = set()
    for length in [*range(0, len(journal), 97), len(journal)]:
        torn = tmp_path / f"torn {length}"
        torn.mkdir()
        (torn / "raft.sqlite").write_bytes(database)
        # What lies behind the tear may be anything.
        (torn / "raft.sqlite-wal").write_bytes(journal[:length] + b"\xa5" * 97)
        state = durable(load(torn))
        assert state in known, length
        loaded.add(state)
    storage.close()
    assert loaded == known
