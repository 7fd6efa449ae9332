"""Records of bytes in a file, each chained to all before it, and what is known to be synced.

A folder has two files. `raft.journal` is a head, and records: a length, a digest, the content. The
digest is of the content and of the digest before, so that a record that is damaged, missing or of
another time breaks the chain, and a chain that is whole is what was written, in order. Behind the
last record are zeros: to overwrite them is faster to sync than to make the file longer.
`raft.mark` says up to where the journal was synced, and by which digest it is known there.

The rules:
 - A record is appended and synced, then the mark is written, then the caller goes on. So the mark
   is never beyond what is synced, and nobody has been promised anything that it does not cover.
 - Where the chain breaks behind the mark, a write was torn that nobody has relied on, and the file
   is cut there. Where it breaks before the mark, or ends there, something is lost that was synced,
   and the folder is refused ("Protocol-aware recovery", FAST'18).
 - The journal is written anew under another name, synced, and renamed; its head has a number more,
   so that an older journal is known by the mark. The mark may be older than the journal: it is
   synced once in a second at most, as a second sync of each write would take as long as the first.
   A loss of power may take that second of marks (a crash of the process takes nothing), and a
   journal that is damaged by the same loss of power, at its very end, would pass for torn.
"""

import contextlib
import fcntl
import os
import secrets
import struct
import time
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from raft_ref.server.storage import StorageError

JOURNAL, MARK, NEXT = "raft.journal", "raft.mark", "raft.new"

LOST = (
    "what this server has promised is lost with it: remove the server from its cluster (raft-ref "
    "member remove), and let it join under a new name with an empty folder"
)
"""What is to be done where a disk is damaged."""

_MAGIC = b"raft-ref journal 4\n"
_HEAD = struct.Struct(f">{len(_MAGIC)}sQQ16s")  # number, where what it began with ends, a salt
_RECORD = struct.Struct(">I16s")
_MARK = struct.Struct(
    ">QQ16s"
)  # number of the journal, position, digest there; then its own digest
_SECTOR = 512  # the bytes of the file of the mark: the first of them are written, and at once

STEP = 2**20
"""Bytes by which the file grows."""

MARK_EVERY = 1.0
"""Seconds after which a mark is synced."""


class _Mark(NamedTuple):
    number: int
    position: int
    digest: bytes


def _digest(*parts: bytes) -> bytes:
    state = blake2b(digest_size=16)
    for part in parts:
        state.update(part)
    return state.digest()


def _chained(before: bytes, content: bytes) -> bytes:
    return _digest(before, struct.pack(">I", len(content)), content)


class Journal:
    """The journal of a folder, for one process.

    `Journal.made` begins one, `Journal(folder)` goes on with one. Both raise StorageError, which
    says which file is not as it was left; so do all that write. `records` are what it held.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._mark_path = folder / JOURNAL, folder / MARK
        self._folder = _locked(folder)
        self._file = self._mark = -1
        try:
            self.records = self._opened()
        except BaseException as error:
            self.close()
            if not isinstance(error, OSError):
                raise
            raise StorageError(f"{error.filename or self._path}: {error.strerror}") from None

    @classmethod
    def made(cls, folder: Path, records: Iterable[bytes]) -> "Journal":
        """Begin a journal with these records, in a folder that has none (see `is_used`)."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _sync_folder(folder.absolute().parent)  # or the folder could be gone with the power
            lock = _locked(folder)
            try:
                if is_used(folder):
                    raise StorageError(f"{folder}: there is a server's journal already")
                # A mark of no journal: if this ends here, nothing was promised by anybody.
                for name, content in (
                    (MARK, [_mark_bytes(_Mark(0, 0, bytes(16))).ljust(_SECTOR, b"\0")]),
                    (JOURNAL, _whole(1, records)[0]),
                ):
                    _write_whole(folder / NEXT, content)
                    os.rename(folder / NEXT, folder / name)
                    os.fsync(lock)
            finally:
                os.close(lock)
        except OSError as error:
            raise StorageError(f"{error.filename or folder}: {error.strerror}") from None
        return cls(folder)

    # Opening

    def _opened(self) -> list[bytes]:
        mark = _read_mark(self._mark_path)
        if not self._path.exists():
            raise StorageError(f"{self._path}: is missing: {LOST}")
        data = self._path.read_bytes()
        number, least = self._head(data, mark)
        if number == mark.number:
            least = max(least, mark.position)
        records, ends = [], {}
        position, digest = _HEAD.size, _digest(data[: _HEAD.size])
        for content, end, after in _chain(data, position, digest):
            records.append(content)
            position, digest = end, after
            ends[position] = digest
        if position < least:
            raise self._damaged(f"its chain breaks at byte {position}, before what was synced")
        if number == mark.number and ends.get(mark.position) != mark.digest:
            raise self._damaged("it is not the one that raft.mark speaks of")
        self._number, self._position, self._digest = number, position, digest
        self._file = os.open(self._path, os.O_RDWR)
        self._mark = os.open(self._mark_path, os.O_RDWR)
        os.ftruncate(self._file, position)  # what was torn, or zeros
        self._size = position
        os.fsync(self._file)
        self._write_mark(is_synced=True)
        return records

    def _head(self, data: bytes, mark: _Mark) -> tuple[int, int]:
        """Return the number of the journal, and where what it began with ends."""
        if len(data) < _HEAD.size:
            raise self._damaged(f"it ends at byte {len(data)}")
        magic, number, begins, _ = _HEAD.unpack_from(data)
        if magic != _MAGIC:
            raise self._damaged("it does not begin as a journal of this version does")
        if number < mark.number:
            raise self._damaged("it is older than raft.mark says")
        if number > mark.number + 1:
            raise StorageError(f"{self._mark_path}: damaged: it is older than the journal: {LOST}")
        return number, begins

    def _damaged(self, what: str) -> StorageError:
        return StorageError(f"{self._path}: damaged: {what}: {LOST}")

    # Writing

    @property
    def size(self) -> int:
        """The bytes of all records."""
        return self._position

    def append(self, content: bytes) -> None:
        """Add a record; return once it would outlive a loss of power. Raises StorageError."""
        digest = _chained(self._digest, content)
        record = _RECORD.pack(len(content), digest) + content
        end = self._position + len(record)
        try:
            if end > self._size:
                # Zeros up to where the file will be, and the record in front of them.
                self._size = -(-end // STEP) * STEP
                _write(self._file, record + bytes(self._size - end), self._position)
            else:
                _write(self._file, record, self._position)
            os.fdatasync(self._file)
            self._position, self._digest = end, digest
            self._write_mark(is_synced=time.monotonic() >= self._mark_due)
        except OSError as error:
            raise self._failed(error) from None

    def rewrite(self, records: Iterable[bytes]) -> None:
        """Let the journal hold these records and no others, at once. Raises StorageError."""
        next_path = self._path.with_name(NEXT)
        try:
            content, digest = _whole(self._number + 1, records)
            _write_whole(next_path, content)
            os.rename(next_path, self._path)
            os.fsync(self._folder)
            os.close(self._file)
            self._file = os.open(self._path, os.O_RDWR)
            self._number += 1
            self._position = self._size = sum(map(len, content))
            self._digest = digest
            self._write_mark(is_synced=True)
        except OSError as error:
            raise self._failed(error) from None

    def _write_mark(self, *, is_synced: bool) -> None:
        mark = _Mark(self._number, self._position, self._digest)
        _write(self._mark, _mark_bytes(mark), 0)
        if is_synced:
            os.fdatasync(self._mark)
            self._mark_due = time.monotonic() + MARK_EVERY

    def _failed(self, error: OSError) -> StorageError:
        """Write no more: what is on the disk after a sync that failed, nobody knows."""
        self.close()
        return StorageError(f"{self._path}: {error.strerror}")

    def close(self) -> None:
        """Let another process have it."""
        try:
            if self._mark >= 0:
                with contextlib.suppress(OSError):  # an older mark serves
                    os.fdatasync(self._mark)
        finally:
            for each in (self._file, self._mark, self._folder):
                if each >= 0:
                    os.close(each)
            self._file = self._mark = self._folder = -1


def is_used(folder: Path) -> bool:
    """Tell whether there is a journal in a folder, or something of one that was promised."""
    if not (folder / MARK).exists():
        return (folder / JOURNAL).exists()
    return (folder / JOURNAL).exists() or _read_mark(folder / MARK).number > 0


def _sync_folder(folder: Path) -> None:
    found = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(found)
    finally:
        os.close(found)


def _locked(folder: Path) -> int:
    try:
        found = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise StorageError(f"{folder}: {error.strerror}") from None
    try:
        fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(found)
        raise StorageError(f"{folder}: another process uses it") from None
    return found


def _read_mark(path: Path) -> _Mark:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise StorageError(f"{path}: is missing: {LOST}") from None
    end = _MARK.size + 16
    if _digest(data[: _MARK.size]) != data[_MARK.size : end]:
        raise StorageError(f"{path}: damaged: {LOST}")
    return _Mark(*_MARK.unpack_from(data))


def _mark_bytes(mark: _Mark) -> bytes:
    content = _MARK.pack(*mark)
    return content + _digest(content)


def _whole(number: int, records: Iterable[bytes]) -> tuple[list[bytes], bytes]:
    """Return a journal as bytes, in parts (it may be large), and its last digest."""
    contents = list(records)
    end = _HEAD.size + sum(_RECORD.size + len(content) for content in contents)
    parts = [_HEAD.pack(_MAGIC, number, end, secrets.token_bytes(16))]
    digest = _digest(parts[0])
    for content in contents:
        digest = _chained(digest, content)
        parts += [_RECORD.pack(len(content), digest), content]
    return parts, digest


def _chain(data: bytes, position: int, digest: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield the records from a position on, as far as the chain goes, with where each ends."""
    while position + _RECORD.size <= len(data):
        length, after = _RECORD.unpack_from(data, position)
        begin = position + _RECORD.size
        content = data[begin : begin + length]
        if len(content) < length or _chained(digest, content) != after:
            return
        position, digest = begin + length, after
        yield content, position, digest


def _write(file: int, data: bytes, position: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, position)
        view, position = view[written:], position + written


def _write_whole(path: Path, parts: Iterable[bytes]) -> None:
    file, position = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644), 0
    try:
        for part in parts:
            _write(file, part, position)
            position += len(part)
        os.fsync(file)
    finally:
        os.close(file)
