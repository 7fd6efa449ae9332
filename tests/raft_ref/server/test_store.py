"""The store, its sessions, and how commands, messages and states become bytes and come back."""

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
    RequestVoteRequest,
    RequestVoteResponse,
    Snapshot,
)
from raft_ref.features import (
    ForcedRequestVoteRequest,
    PreVoteRequest,
    PreVoteResponse,
    TimeoutNowRequest,
)
from raft_ref.server.codec import CodecError, Envelope, decode, encode
from raft_ref.server.members import Members, of_text
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


# ---- Members

MEMBERS = Members(
    voters=frozenset({"s1", "s3"}),
    learners=frozenset({"s4"}),
    addresses=(("s1", "host:1"), ("s4", "unix:/a b")),
    removed=frozenset({"s2"}),
)


def test_members_on_the_wire_are_as_they_were() -> None:
    entries = (Entry(1, "command"), Entry(2, cast(Any, MEMBERS)))
    message = AppendEntriesRequest("s1", "s2", 2, 0, 0, entries, 1)
    assert decode(encode(Envelope(message))).message == message


@pytest.mark.parametrize("text", ['["Members",', '["Members",1,2,3,4]', '["Members",[],[]]'])
def test_what_are_no_members(text: str) -> None:
    with pytest.raises(ValueError, match="no members: "):
        of_text(text)
    message = AppendEntriesRequest("s1", "s2", 1, 0, 0, (Entry(1, text),), 1)
    with pytest.raises(CodecError, match="no AppendEntriesRequest: no members: "):
        decode(encode(Envelope(message)))


def test_a_snapshot_holds_the_members() -> None:
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
