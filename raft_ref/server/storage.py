"""What a server keeps on disk: term, vote, snapshot and log, always all of one moment.

The rule: `save` returns once what it was given would outlive a loss of power, or raises; whoever
calls it sends nothing that depends on it before (figure 2).

Storage is SQLite's: its journal makes each save one atomic step, checksums it and syncs it. What it
does not check, the content of the pages, has checksums here.
"""

import secrets
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from raft_ref.features import Promise, ReadingState
from raft_ref.messages import Entry, ServerId, Snapshot
from raft_ref.server.members import as_text, of_text
from raft_ref.state import State

FORMAT = 3
"""The version of the tables; to be raised with every change of what they mean."""

_WITHOUT_READS, _WITHOUT_DISKS = 1, 2
"""The versions that have all of these tables but the one of reads, and the one of disks."""


class StorageError(Exception):
    """What is on disk cannot be read or written; the message says which file and why, in a line."""


class Reading(NamedTuple):
    """What of reads is durable: no number up to this is used again; to whom the vote is promised.

    Until when it is, no clock can say that starts anew: a restart begins with all of the time.
    """

    read_number: int
    promise: Promise | None


class Save(NamedTuple):
    """What has changed of a server's durable state since it was last saved.

    The log after it: what was there before index `first`, and then `entries`; what `snapshot`
    stands for goes.
    """

    current_term: int
    voted_for: ServerId | None
    snapshot: Snapshot | None  # None: the same as before
    first: int
    entries: tuple[Entry, ...]
    reading: Reading | None = None  # None: the same as before, or there is none


def difference(before: State, after: State) -> Save | None:
    """Return what must be saved for a step from one state to another; None for nothing."""
    snapshot = None if after.snapshot == before.snapshot else after.snapshot
    first = _first_new(before, after)
    same_vote = (before.current_term, before.voted_for) == (after.current_term, after.voted_for)
    same_log = snapshot is None and first > max(before.last_index, after.last_index)
    reading = _reading(after)
    if reading == _reading(before):
        reading = None
    if same_vote and same_log and reading is None:
        return None
    entries = after.entries(first, after.last_index)
    return Save(after.current_term, after.voted_for, snapshot, first, entries, reading)


def _reading(state: State) -> Reading | None:
    if not isinstance(state, ReadingState):
        return None
    return Reading(state.read_number, state.promise)


def _first_new(before: State, after: State) -> int:
    """Return the index after the last entry that both logs have."""
    if before.log is after.log:
        return after.last_index + 1
    compacted = max(before.compacted, after.compacted)
    index = min(before.last_index, after.last_index)
    # Two logs that have an entry of the same term at an index are the same up to it (5.3).
    while index > compacted and before.term_at(index) != after.term_at(index):
        index -= 1
    return max(index, after.compacted) + 1


class Storage(Protocol):
    """Where a server's durable state is kept."""

    def load(self, first: State) -> State:
        """Return `first` with what was last saved in it, all volatile variables as they are."""

    def save(self, what: Save) -> None:
        """Keep the changes. Raises StorageError; what was saved before is then still there."""

    @property
    def disk(self) -> str:
        """What this disk is known by: no other has it."""

    def meet(self, peer: ServerId, disk: str) -> bool:
        """Tell whether a peer has the disk that it had when it was first met. Raises StorageError.

        One that has lost it has lost its vote, and must not come back as if it had not.
        """

    def close(self) -> None:
        """Let another process have it."""


_TABLES = """
CREATE TABLE server (format INTEGER, me TEXT, servers TEXT);
CREATE TABLE vote (current_term INTEGER, voted_for TEXT, checksum INTEGER);
CREATE TABLE snapshot (
    last_included_index INTEGER, last_included_term INTEGER, data TEXT, checksum INTEGER
);
CREATE TABLE log (position INTEGER PRIMARY KEY, term INTEGER, value TEXT, checksum INTEGER);
"""
_TABLE_OF_READS = """
CREATE TABLE reading (
    read_number INTEGER, leader TEXT, term INTEGER, round INTEGER, checksum INTEGER
)
"""
_TABLE_OF_DISKS = "CREATE TABLE disks (server TEXT PRIMARY KEY, disk TEXT, checksum INTEGER)"


class SqliteStorage:
    """A server's durable state in one SQLite file.

    Arguments: the folder (made if it is not there); whose state it is; the servers that its cluster
    began with (none, if it joined one).
    Raises StorageError where the file is another server's, another version's or damaged, and where
    another process uses it.
    """

    def __init__(self, folder: Path, me: ServerId, servers: tuple[ServerId, ...]) -> None:
        self.path = folder / "raft.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder}: {error.strerror}") from None
        try:
            self._database = sqlite3.connect(
                self.path, timeout=0.5, isolation_level=None, check_same_thread=False
            )
            self._open(me, servers)
        except sqlite3.Error as error:
            raise self._error(error) from None

    def _open(self, me: ServerId, servers: tuple[ServerId, ...]) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")  # the journal is synced with every transaction
        run("BEGIN IMMEDIATE")
        names = ",".join(servers)
        if not run("SELECT name FROM sqlite_master").fetchall():
            for statement in _TABLES.split(";")[:-1]:
                run(statement)
            run("INSERT INTO server VALUES (?, ?, ?)", (_WITHOUT_READS, me, names))
        if run("SELECT format FROM server").fetchall() == [(_WITHOUT_READS,)]:
            run(_TABLE_OF_READS)
            run("UPDATE server SET format = ?", (_WITHOUT_DISKS,))
        if run("SELECT format FROM server").fetchall() == [(_WITHOUT_DISKS,)]:
            run(_TABLE_OF_DISKS)
            run("INSERT INTO disks VALUES (?, ?, ?)", _with_checksum(me, secrets.token_hex(8)))
            run("UPDATE server SET format = ?", (FORMAT,))
        run("COMMIT")
        rows = run("SELECT * FROM server").fetchall()
        if len(rows) != 1:
            raise StorageError(f"{self.path}: damaged: it does not say whose it is")
        version, owner, cluster = rows[0]
        if version != FORMAT:
            raise StorageError(f"{self.path}: has format {version}, expected {FORMAT}")
        if (owner, cluster) != (me, names):
            here, there = (
                f"of the cluster {of}" if of else "that joined" for of in (cluster, names)
            )
            raise StorageError(f"{self.path}: belongs to {owner} {here}, not to {me} {there}")
        self._disks: dict[ServerId, str] = dict(self._rows("disks", 2))
        if me not in self._disks:
            raise StorageError(f"{self.path}: damaged: it does not say what it is known by")
        self.disk = self._disks[me]

    def load(self, first: State) -> State:
        """Return `first` with what was last saved in it. Raises StorageError."""
        try:
            return self._loaded(first)
        except sqlite3.Error as error:
            raise self._error(error) from None

    def _loaded(self, first: State) -> State:
        durable: dict[str, Any] = {}
        for term, vote in self._rows("vote", 2):
            durable |= {"current_term": term, "voted_for": vote}
        compacted = first.compacted
        for index, term, data in self._rows("snapshot", 3):
            durable["snapshot"] = Snapshot(index, term, data)
            compacted = index
        log = []
        for position, (index, term, value) in enumerate(self._rows("log", 3), start=compacted + 1):
            if index != position:
                raise StorageError(f"{self.path}: damaged: entry {position} of the log is missing")
            log.append(Entry(term, self._value(value)))
        if isinstance(first, ReadingState):
            for number, leader, term, round_ in self._rows("reading", 4):
                promise = None if leader is None else Promise(leader, term, round_)
                durable |= {"read_number": number, "promise": promise}
        return replace(first, log=tuple(log), **durable)

    def _value(self, text: str) -> Any:
        try:
            return of_text(text)
        except ValueError as error:
            raise StorageError(f"{self.path}: damaged: {error}") from None

    def _rows(self, table: str, columns: int) -> Iterator[tuple[Any, ...]]:
        for row in self._database.execute(f"SELECT * FROM {table} ORDER BY 1"):
            content = row[:columns]
            if _checksum(content) != row[columns]:
                raise StorageError(f"{self.path}: damaged: a row of {table} has another checksum")
            yield content

    def save(self, what: Save) -> None:
        """Keep the changes, in one transaction that is synced. Raises StorageError."""
        run = self._database.execute
        try:
            run("BEGIN IMMEDIATE")
            run("DELETE FROM vote")
            run(
                "INSERT INTO vote VALUES (?, ?, ?)",
                _with_checksum(what.current_term, what.voted_for),
            )
            run("DELETE FROM log WHERE position >= ?", (what.first,))
            if what.snapshot is not None:
                self._save_snapshot(what.snapshot)
            rows = [
                _with_checksum(index, entry.term, as_text(entry.value))
                for index, entry in enumerate(what.entries, start=what.first)
            ]
            self._database.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", rows)
            if what.reading is not None:
                self._save_reading(what.reading)
            run("COMMIT")
        except sqlite3.Error as error:
            self._database.close()  # what is in doubt is settled when it is opened again
            raise self._error(error) from None

    def _save_snapshot(self, snapshot: Snapshot) -> None:
        run = self._database.execute
        index, term, data = (
            snapshot.last_included_index,
            snapshot.last_included_term,
            snapshot.data,
        )
        run("DELETE FROM snapshot")
        run("INSERT INTO snapshot VALUES (?, ?, ?, ?)", _with_checksum(index, term, data))
        run("DELETE FROM log WHERE position <= ?", (index,))

    def _save_reading(self, reading: Reading) -> None:
        promise = reading.promise
        held = (None,) * 3 if promise is None else (promise.leader, promise.term, promise.round)
        run = self._database.execute
        run("DELETE FROM reading")
        row = _with_checksum(reading.read_number, *held)
        run("INSERT INTO reading VALUES (?, ?, ?, ?, ?)", row)

    def meet(self, peer: ServerId, disk: str) -> bool:
        """Tell whether a peer has the disk that it had when it was first met. Raises StorageError.

        A copy of an older state of a disk passes for it.
        """
        if peer not in self._disks:
            try:
                run = self._database.execute
                run("INSERT INTO disks VALUES (?, ?, ?)", _with_checksum(peer, disk))
            except sqlite3.Error as error:
                raise self._error(error) from None
            self._disks[peer] = disk
        return self._disks[peer] == disk

    def close(self) -> None:
        """Let another process have it."""
        self._database.close()

    def _error(self, error: sqlite3.Error) -> StorageError:
        if "locked" in str(error):
            return StorageError(f"{self.path}: another process uses it")
        return StorageError(f"{self.path}: {error}")


def _checksum(content: tuple[object, ...]) -> int:
    return zlib.crc32(repr(content).encode())


def _with_checksum(*content: object) -> tuple[object, ...]:
    return (*content, _checksum(content))
