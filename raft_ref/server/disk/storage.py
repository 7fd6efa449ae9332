"""A server's durable state and what it is known by, as records of a journal.

The first record says whose disk it is. Each of the others says what has changed: a save of the
replica, the cluster that the server came to belong to, that it was started, and which disk a peer
has. What they make up altogether is in memory too, and is written anew where a snapshot takes the
place of a log, and where the journal has grown long for another reason.
"""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from raft_ref.features import Promise, ReadingState
from raft_ref.messages import Entry, ServerId, Snapshot
from raft_ref.server.disk.journal import Journal, is_used
from raft_ref.server.members import as_text, of_text
from raft_ref.server.storage import Encounter, Reading, Save, StorageError
from raft_ref.state import State

FORMAT = 4
"""The version of the records; to be raised with every change of what they mean."""

_MOST = 64 * 2**20
"""Bytes by which the journal may exceed twice what it began with, before it is written anew."""

_EARLIER = "raft.sqlite"
"""The file of an earlier version."""


class _Record(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What a record says."""


class Owner(_Record, frozen=True):
    """Whose disk it is, what it is known by, and with whom its cluster began (nobody: it joins)."""

    format: int
    me: ServerId
    founders: tuple[ServerId, ...]
    disk: str


class Belongs(_Record, frozen=True):
    """Which cluster the server belongs to, from now on and for good."""

    cluster: str


class Started(_Record, frozen=True):
    """How often the server was started."""

    times: int


class Met(_Record, frozen=True):
    """Which disk a peer has, and how often it had been started when it was met."""

    peer: ServerId
    disk: str
    times: int


class Saved(_Record, frozen=True):
    """A `Save`: of members and of commands the text."""

    current_term: int
    voted_for: ServerId | None
    snapshot: tuple[int, int, str] | None
    first: int
    entries: list[tuple[int, str]]
    reading: tuple[int, tuple[ServerId, int, int] | None] | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Owner | Belongs | Started | Met | Saved).decode


class DiskStorage:
    """A server's durable state in the journal of a folder.

    Arguments: the folder, which `DiskStorage.of` has made one of this server's; whose state it is;
    the servers that its cluster began with, unless it joined. Raises StorageError where the
    folder is empty, or another server's, or damaged, and where another process uses it.
    """

    def __init__(self, folder: Path, me: ServerId, peers: tuple[ServerId, ...]) -> None:
        self.folder = folder
        if not folder.is_dir() or not is_used(folder):
            raise StorageError(_why_not_begun(folder, me))
        self._journal = Journal(folder)
        self._kept = _Kept()
        self._begin = self._journal.size
        try:
            records = [self._record(content) for content in self._journal.records]
            self._journal.records.clear()
            self._take_up(records, me, peers)
            self.times += 1
            self._journal.append(_encode(Started(self.times)))
        except BaseException:
            self._journal.close()
            raise

    @classmethod
    def of(
        cls,
        folder: Path,
        me: ServerId,
        peers: Iterable[ServerId],
        *,
        begins: bool,
        joins: bool = False,
    ) -> "DiskStorage":
        """Return the disk of a server, which may have its first start, if it `begins`.

        An empty folder is then made that of a new server, of a new cluster or of one that it
        `joins`. Of a new cluster the first of its servers draws what it is known by. Raises
        StorageError.
        """
        known = tuple(sorted(peers))
        if begins and not (folder / _EARLIER).exists() and not is_used(folder):
            founders = () if joins else known
            records: list[_Record] = [Owner(FORMAT, me, founders, secrets.token_hex(8))]
            if founders[:1] == (me,):
                records.append(Belongs(secrets.token_hex(8)))
            Journal.made(folder, map(_encode, records)).close()
        made = cls(folder, me, known)
        if joins and made.founders:
            made.close()
            raise StorageError(_whose(folder, me, made.founders, f"{me} {_of(())}"))
        return made

    def _record(self, content: bytes) -> _Record:
        try:
            found: _Record = _decode(content)
        except msgspec.DecodeError as error:
            raise StorageError(f"{self.folder}: of another version: {error}") from None
        return found

    def _take_up(self, records: list[_Record], me: ServerId, peers: tuple[ServerId, ...]) -> None:
        owner, *rest = records
        if not isinstance(owner, Owner) or owner.format != FORMAT:
            raise StorageError(f"{self.folder}: of another version than {FORMAT}")
        self.disk, self.founders = owner.disk, owner.founders
        self._owner = owner
        if owner.me != me or (self.founders and self.founders != tuple(sorted(peers))):
            asked = f"{me} {_of(peers)}"
            raise StorageError(_whose(self.folder, owner.me, self.founders, asked))
        self.cluster = ""
        self.times = 0
        self._met: dict[ServerId, Met] = {}
        for record in rest:
            match record:
                case Belongs(cluster):
                    self.cluster = cluster
                case Started(times):
                    self.times = times
                case Met(peer):
                    self._met[peer] = record
                case Saved():
                    self._kept.take(_save_of(record))

    def load(self, first: State) -> State:
        """Return `first` with what was last saved in it."""
        return self._kept.put_into(first)

    def save(self, what: Save) -> None:
        """Keep the changes. Raises StorageError."""
        self._kept.take(what)
        if what.snapshot is not None or self._journal.size > 2 * self._begin + _MOST:
            self._journal.rewrite(map(_encode, self._all()))
            self._begin = self._journal.size
        else:
            self._journal.append(_encode(_saved_of(what)))

    def _all(self) -> Iterator[_Record]:
        yield self._owner
        if self.cluster:
            yield Belongs(self.cluster)
        yield Started(self.times)
        yield from self._met.values()
        yield _saved_of(self._kept.whole())

    def belong(self, cluster: str) -> None:
        """Belong to a cluster from now on. Raises StorageError."""
        if cluster != self.cluster:
            assert not self.cluster
            self._journal.append(_encode(Belongs(cluster)))
            self.cluster = cluster

    def meet(self, peer: ServerId, disk: str, times: int, *, remembers: bool = True) -> Encounter:
        """Tell whether a peer is the one that was met before, and remember it, or not.

        One with another disk is another one; one that was started less often than it had been has
        an older state of its disk. Raises StorageError.
        """
        known = self._met.get(peer)
        if known is not None and known.disk != disk:
            return Encounter.ANOTHER_DISK
        if known is not None and known.times > times:
            return Encounter.OLDER_DISK
        if remembers and (known is None or known.times < times):
            met = Met(peer, disk, times)
            self._journal.append(_encode(met))
            self._met[peer] = met
        return Encounter.SAME

    def close(self) -> None:
        """Let another process have it."""
        self._journal.close()


class _Kept:
    """What was saved, in memory."""

    def __init__(self) -> None:
        self._term = 0
        self._vote: ServerId | None = None
        self._snapshot: Snapshot | None = None
        self._log: list[Entry] = []
        self._reading: Reading | None = None

    @property
    def _compacted(self) -> int:
        return 0 if self._snapshot is None else self._snapshot.last_included_index

    def take(self, what: Save) -> None:
        """Take a save in."""
        self._term, self._vote = what.current_term, what.voted_for
        del self._log[max(0, what.first - 1 - self._compacted) :]
        if what.snapshot is not None:
            del self._log[: what.snapshot.last_included_index - self._compacted]
            self._snapshot = what.snapshot
        assert what.first == self._compacted + len(self._log) + 1
        self._log += what.entries
        self._reading = what.reading or self._reading

    def whole(self) -> Save:
        """Return all of it as one save."""
        first = self._compacted + 1
        entries = tuple(self._log)
        return Save(self._term, self._vote, self._snapshot, first, entries, self._reading)

    def put_into(self, first: State) -> State:
        """Return a state with all of it in it."""
        durable: dict[str, Any] = {"current_term": self._term, "voted_for": self._vote}
        if self._snapshot is not None:
            durable["snapshot"] = self._snapshot
        if isinstance(first, ReadingState) and self._reading is not None:
            durable |= self._reading._asdict()
        return replace(first, log=tuple(self._log), **durable)


def _saved_of(what: Save) -> Saved:
    held, snapshot, reading = what.snapshot, None, None
    if held is not None:
        assert isinstance(held.data, str)
        snapshot = held.last_included_index, held.last_included_term, held.data
    if what.reading is not None:
        promise = what.reading.promise
        asked = None if promise is None else (promise.leader, promise.term, promise.round)
        reading = what.reading.read_number, asked
    entries = [(entry.term, as_text(entry.value)) for entry in what.entries]
    return Saved(what.current_term, what.voted_for, snapshot, what.first, entries, reading)


def _save_of(record: Saved) -> Save:
    snapshot = None if record.snapshot is None else Snapshot(*record.snapshot)
    reading = None
    if record.reading is not None:
        number, promise = record.reading
        reading = Reading(number, None if promise is None else Promise(*promise))
    entries = tuple(Entry(term, of_text(text)) for term, text in record.entries)
    term, vote = record.current_term, record.voted_for
    return Save(term, vote, snapshot, record.first, entries, reading)


def _whose(folder: Path, owner: ServerId, founders: tuple[ServerId, ...], asked: str) -> str:
    return f"{folder}: belongs to {owner} {_of(founders)}, not to {asked}"


def _of(founders: tuple[ServerId, ...]) -> str:
    return f"of the cluster {','.join(sorted(founders))}" if founders else "that joined"


def _why_not_begun(folder: Path, me: ServerId) -> str:
    if (folder / _EARLIER).exists():
        return (
            f"{folder / _EARLIER}: is of an earlier version of raft-ref, whose data this one does "
            "not read"
        )
    return (
        f"{folder}: no server was started here before: if this is the first start of {me}, say "
        "--bootstrap (a new cluster) or --join; otherwise look where its data is"
    )
