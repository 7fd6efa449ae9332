"""What is on a real disk is what was saved, or the server refuses it by name."""

import os
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref import Entry, Node, Snapshot, State
from raft_ref.features import ExtendedNode, Feature, Promise
from raft_ref.server.disk import journal
from raft_ref.server.disk.storage import DiskStorage
from raft_ref.server.simulation.cluster import saved
from raft_ref.server.storage import Encounter, Save, StorageError, difference
from raft_ref.server.store import KeyValueMachine
from tests.raft_ref.server.test_store import MEMBERS

NODE = Node(("s1", "s2", "s3"), machine=KeyValueMachine())
FIRST = NODE.initial("s1")
names = st.sampled_from(["s1", "s2"])


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sync nothing, which takes long, and let journals be short."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda file: None)
    monkeypatch.setattr(journal, "STEP", 2**12)


def disk_in(folder: Path, me: str = "s1", *, begins: bool = True) -> DiskStorage:
    return DiskStorage.of(folder, me, NODE.servers, begins=begins)


def load(folder: Path, me: str = "s1") -> State:
    storage = disk_in(folder, me, begins=False)
    try:
        return storage.load(FIRST)
    finally:
        storage.close()


def log(*terms: int) -> tuple[Entry, ...]:
    return tuple(Entry(term, f"{index}@{term}") for index, term in enumerate(terms, start=1))


def durable(state: State) -> Any:
    return state.current_term, state.voted_for, state.snapshot, state.log


# ---- What is saved is what is loaded


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


@settings(max_examples=40)
@given(st.lists(states(), min_size=1, max_size=4))
def test_what_is_saved_is_what_is_loaded(sequence: list[State]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        storage = disk_in(folder)
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
            assert durable(storage.load(FIRST)) == durable(in_memory) == durable(state)
            before = state
        storage.close()
        assert durable(load(folder)) == durable(before)


WITH_READS = ExtendedNode(("s1", "s2", "s3"), features=[Feature.READ_INDEX, Feature.LEASES])


@pytest.mark.parametrize("promise", [None, Promise("s2", 3, 7)])
def test_what_is_durable_of_reads(promise: Promise | None, tmp_path: Path) -> None:
    first: Any = WITH_READS.initial("s1")
    state = replace(first, read_number=70, promise=promise)
    storage = disk_in(tmp_path)
    what = difference(first, state)
    assert what is not None
    assert difference(state, state) is None
    storage.save(what)
    assert saved(first, what) == state
    # A save of something else, or by a server without reads, leaves that as it is.
    storage.save(Save(3, "s2", None, 1, log(1)))
    storage.close()
    storage = disk_in(tmp_path)
    assert storage.load(first) == replace(state, current_term=3, voted_for="s2", log=log(1))
    assert storage.load(FIRST) == replace(FIRST, current_term=3, voted_for="s2", log=log(1))
    storage.close()


def test_members_on_the_disk_are_as_they_were(tmp_path: Path) -> None:
    entries = (Entry(1, "command"), Entry(2, cast(Any, MEMBERS)))
    storage = disk_in(tmp_path)
    storage.save(Save(2, "s1", None, 1, entries))
    storage.close()
    assert load(tmp_path).log == entries


def test_a_journal_that_has_grown_long_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raft_ref.server.disk.storage._MOST", 1000)
    storage = disk_in(tmp_path)
    for term in range(1, 200):
        storage.save(Save(term, "s2", None, 1, ()))
    storage.close()
    assert load(tmp_path).current_term == 199
    assert (tmp_path / "raft.journal").stat().st_size <= journal.STEP


def test_a_save_is_synced_before_the_mark_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a journal is, before it takes the place of another."""
    done: list[str] = []

    def noted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: int, *rest: Any) -> Any:
            where = Path(os.readlink(f"/proc/self/fd/{file}")).name if isinstance(file, int) else ""
            done.append(f"{name} {where}".strip())
            return real(file, *rest)

        return call

    storage = disk_in(tmp_path)
    storage.save(Save(1, "s2", None, 1, log(1)))
    for name in ("pwrite", "fdatasync", "fsync", "rename"):
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    storage.save(Save(1, "s2", None, 2, log(1, 1)[1:]))
    assert done == ["pwrite raft.journal", "fdatasync raft.journal", "pwrite raft.mark"]
    done.clear()
    storage.save(Save(1, "s2", Snapshot(1, 1, "data"), 3, ()))
    assert [each for each, _ in groupby(done)] == [  # it is written in parts
        *("pwrite raft.new", "fsync raft.new", "rename", f"fsync {tmp_path.name}"),
        *("pwrite raft.mark", "fdatasync raft.mark"),
    ]
    storage.close()


# ---- Whose it is


def test_a_server_is_known_by_its_disk(tmp_path: Path) -> None:
    """Whoever speaks for one with another disk, or an older state of it, is another one."""
    one, two = disk_in(tmp_path / "s1", "s1"), disk_in(tmp_path / "s2", "s2")
    assert one.disk != two.disk
    assert (one.times, bool(one.cluster), two.cluster) == (1, True, "")
    two.belong(one.cluster)
    assert one.meet("s3", "first", 4) is Encounter.SAME
    one.save(Save(1, "s1", Snapshot(1, 1, "data"), 2, ()))  # the journal is written anew
    disk, cluster = one.disk, one.cluster
    for each in (one, two):
        each.close()
    one, two = disk_in(tmp_path / "s1", "s1"), disk_in(tmp_path / "s2", "s2")
    assert (one.disk, one.cluster, two.cluster, one.times) == (disk, cluster, cluster, 2)
    assert one.meet("s3", "second", 5) is Encounter.ANOTHER_DISK
    assert one.meet("s3", "first", 3) is Encounter.OLDER_DISK
    assert one.meet("s3", "first", 4) is Encounter.SAME
    assert one.meet("s3", "first", 5) is Encounter.SAME
    assert one.meet("s3", "first", 4) is Encounter.OLDER_DISK
    for each in (one, two):
        each.close()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_first_start_is_asked_for(is_there: bool, tmp_path: Path) -> None:
    folder = tmp_path / "typo"
    if is_there:
        folder.mkdir()
    with pytest.raises(StorageError, match="no server was started here before: if this is the"):
        disk_in(folder, begins=False)
    assert folder.exists() == is_there
    disk_in(folder).close()
    disk_in(folder).close()  # says nothing the second time
    disk_in(folder, begins=False).close()


def test_the_disk_of_another_server(tmp_path: Path) -> None:
    disk_in(tmp_path / "s1").close()
    with pytest.raises(StorageError, match="belongs to s1 of the cluster s1,s2,s3, not to s2 of"):
        load(tmp_path / "s1", "s2")
    with pytest.raises(StorageError, match="of the cluster s1,s2,s3, not to s1 that joined"):
        DiskStorage.of(tmp_path / "s1", "s1", NODE.servers, begins=True, joins=True)
    joined = DiskStorage.of(tmp_path / "s4", "s4", ("s1", "s4"), begins=True, joins=True)
    assert (joined.founders, joined.cluster) == ((), "")
    with pytest.raises(StorageError, match="another process uses it"):
        load(tmp_path / "s4", "s4")
    joined.close()
    DiskStorage.of(tmp_path / "s4", "s4", ("s2", "s4"), begins=False).close()


def test_the_disk_of_an_earlier_version(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "raft.sqlite").close()
    (tmp_path / "raft.sqlite").touch()
    with pytest.raises(StorageError, match=r"raft\.sqlite: is of an earlier version"):
        disk_in(tmp_path)


# ---- Damage

JOURNAL, MARK = "raft.journal", "raft.mark"


def changes(count: int, size: int, snapshot: int) -> Iterator[State]:
    """Yield the states of a server whose log grows by entries of some size, with a snapshot."""
    state = replace(FIRST, current_term=1, voted_for="s2")
    yield state
    for index in range(1, count + 1):
        if index == snapshot:
            entries = state.log[index // 2 :]
            state = replace(state, snapshot=Snapshot(index // 2, 1, "s" * size), log=entries)
            yield state
        state = replace(state, log=(*state.log, Entry(1, f"{index}" + "v" * size)))
        yield state
    yield replace(state, current_term=2, voted_for="s3")


def images(folder: Path, count: int, size: int, snapshot: int) -> Iterator[tuple[Path, State]]:
    """Yield folders as they are after a kill and after a clean stop, and what was saved there."""
    storage, state = disk_in(folder / "killed"), FIRST
    for after in changes(count, size, snapshot):
        storage.save(cast(Save, difference(state, after)))
        state = after
    for name in ("image", "stopped"):
        shutil.copytree(folder / "killed", folder / name)
    storage.close()
    assert durable(load(folder / "stopped")) == durable(state)
    yield folder / "image", state
    yield folder / "stopped", state


def outcome(image: Path, damage: dict[str, bytes | None], state: State) -> str:
    """Return what becomes of a folder with other content of some files."""
    folder = image.with_name("damaged")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in (JOURNAL, MARK):
        content = damage.get(name, (image / name).read_bytes())
        if content is not None:
            (folder / name).write_bytes(content)
    try:
        found = load(folder)
    except StorageError as error:
        text = str(error)
        assert "\n" not in text
        assert text.startswith(str(folder))
        is_told = "remove the server from its cluster" in text or "belongs to" in text
        assert is_told, text
        return "refused"
    assert durable(found) == durable(state), damage.keys()
    return "harmless"


def flipped(content: bytes, at: int, bit: int) -> bytes:
    changed = bytearray(content)
    changed[at] ^= 1 << bit
    return bytes(changed)


def used(image: Path, name: str = JOURNAL) -> int:
    """Return the bytes of a file that are not zeros to be overwritten."""
    return len((image / name).read_bytes().rstrip(b"\0"))


def damages(image: Path, chance: random.Random, samples: int) -> Iterator[dict[str, bytes | None]]:
    """Yield flips, zeroed blocks and cuts at random places, and lost files."""
    for name in (JOURNAL, MARK):
        content = (image / name).read_bytes()
        end = used(image, name)
        yield {name: None}
        yield {name: b""}
        for _ in range(samples):
            at, length = chance.randrange(end), chance.choice([16, 512, 4096])
            yield {name: flipped(content, at, chance.randrange(8))}
            yield {name: content[:at]}
            begin = at // length * length
            zeroed = content[:begin] + bytes(length) + content[begin + length :]
            if zeroed[: len(content)] != content:
                yield {name: zeroed[: len(content)]}


def test_damage_is_harmless_or_told(tmp_path: Path) -> None:
    chance = random.Random(1)
    for image, state in images(tmp_path, 12, 40, snapshot=8):
        found = Counter(outcome(image, each, state) for each in damages(image, chance, 8))
        # Nothing of the journal can be missed, and its mark is needed to know.
        assert found.keys() == {"refused"}
        whole = (image / JOURNAL).read_bytes()
        for at in (used(image), used(image) + 5, len(whole) - 1):
            if at < len(whole):  # zeros behind the end: nobody has relied on them
                assert outcome(image, {JOURNAL: flipped(whole, at, 3)}, state) == "harmless"
                assert outcome(image, {JOURNAL: whole[:at]}, state) == "harmless"


@pytest.mark.long
def test_each_byte_of_a_small_store(tmp_path: Path) -> None:
    """After a kill and after a clean stop; cuts at each byte as well."""
    for image, state in images(tmp_path, 5, 10, snapshot=4):
        for name in (JOURNAL, MARK):
            content = (image / name).read_bytes()
            for at in range(used(image, name)):
                changed: dict[str, bytes | None] = {name: flipped(content, at, at % 8)}
                assert outcome(image, changed, state) == "refused", (name, at)
                assert outcome(image, {name: content[:at]}, state) == "refused", (name, at)


@pytest.mark.long
def test_samples_of_a_large_store(tmp_path: Path) -> None:
    chance = random.Random(2)
    for image, state in images(tmp_path, 1000, 2000, snapshot=700):
        found = Counter(outcome(image, each, state) for each in damages(image, chance, 60))
        assert found.keys() == {"refused"}


def moments(folder: Path) -> list[tuple[State, dict[str, bytes]]]:
    """Return the files of a disk after each of some saves, with what was saved by then."""
    storage, found = disk_in(folder), []
    state = FIRST
    for index in range(1, 9):
        before = state
        state = replace(state, current_term=index, log=(*state.log, Entry(index, f"value {index}")))
        if index == 5:
            state = replace(state, snapshot=Snapshot(3, 3, "three"), log=state.log[3:])
        what = difference(before, state)
        assert what is not None
        storage.save(what)
        found.append((state, {name: (folder / name).read_bytes() for name in (JOURNAL, MARK)}))
    storage.close()
    return found


def test_an_older_journal_is_told_and_an_older_mark_is_not_missed(tmp_path: Path) -> None:
    """A stale file beside one of now; what the mark does not cover is covered by the chain."""
    found = moments(tmp_path / "disk")
    state, files = found[-1]
    image = tmp_path / "image"
    image.mkdir()
    for name, content in files.items():
        (image / name).write_bytes(content)
    for number, (_, older) in enumerate(found[:-1], start=1):
        assert outcome(image, {JOURNAL: older[JOURNAL]}, state) == "refused"
        assert outcome(image, {MARK: older[MARK]}, state) == "harmless", number
    other = moments(tmp_path / "other")[-1][1]
    assert outcome(image, {JOURNAL: other[JOURNAL]}, state) == "refused"


def test_a_write_that_was_torn_is_not_damage(tmp_path: Path) -> None:
    """Whatever of the last write reached the disk, before anybody relied on it, it is loaded."""
    found = moments(tmp_path / "disk")
    for (before, older), (after, newer) in pairwise(found):
        if len(older[JOURNAL].rstrip(b"\0")) > len(newer[JOURNAL].rstrip(b"\0")):
            continue  # written anew, under another name
        begin, end = (len(each[JOURNAL].rstrip(b"\0")) for each in (older, newer))
        seen = set()
        for length in range(begin, end + 1, 9):
            for rest in (b"", bytes(50), b"\xa5" * 50):
                folder = tmp_path / "torn"
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                (folder / JOURNAL).write_bytes(newer[JOURNAL][:length] + rest)
                (folder / MARK).write_bytes(older[MARK])
                state = load(folder)
                assert durable(state) in (durable(before), durable(after))
                assert durable(load(folder)) == durable(state)
                seen.add(durable(state))
        assert durable(before) in seen


def test_wherever_a_process_dies_its_disk_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the journal is made, and while it is written anew: each call may be the last one."""

    class DiedError(BaseException):
        pass

    calls = [0, 0]  # those that were made, and which is the last

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            calls[0] += 1
            if calls[0] == calls[1]:
                raise DiedError
            return real(*arguments)

        return call

    for name in ("rename", "fsync", "fdatasync", "pwrite", "ftruncate"):
        monkeypatch.setattr(os, name, dying(getattr(os, name)))
    seen = set()
    for last in range(1, 60):
        calls[:] = 0, last
        folder, acknowledged = tmp_path / str(last), FIRST
        storage = None
        try:
            storage = disk_in(folder)
            for state, what in STEPS:
                storage.save(what)
                acknowledged = state
        except DiedError:
            pass
        calls[1] = 0
        if storage is not None:
            storage.close()
        again = disk_in(folder)  # `begins` is said again, as who starts servers may do
        found = again.load(FIRST)
        again.close()
        allowed = [acknowledged, *(state for state, _ in STEPS)]
        at = max(index for index, each in enumerate(allowed) if each == acknowledged)
        assert durable(found) in [durable(each) for each in allowed[max(0, at - 1) : at + 2]]
        assert found.last_index >= acknowledged.last_index
        seen.add(found.last_index)
    assert seen == {0, 1, 2}


ONE = replace(FIRST, current_term=1, voted_for="s1", log=log(1))
TWO = replace(ONE, snapshot=Snapshot(1, 1, "data"), log=log(1, 1)[1:])
STEPS = [(ONE, cast(Save, difference(FIRST, ONE))), (TWO, cast(Save, difference(ONE, TWO)))]
