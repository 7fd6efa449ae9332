"""A trace as it stands in a file: perhaps compressed (gzip), perhaps as an editor saved it.

The rule: what is no part of the text (a compression, the mark of its byte order) is left out here,
so that nobody who reads a trace meets it. The ends of lines are kept: a JSON string may hold what
others take for one.
"""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from raft_ref.traces.format.trace import TraceError

_GZIP = b"\x1f\x8b"
_MARK = "utf-8-sig"


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open the text of a trace, to be read as a stream.

    Raises `OSError` where the file cannot be read, `TraceError` (`file: reason`) where its
    compression is damaged, `UnicodeDecodeError` for what is not UTF-8.
    """
    with opened_bytes(path) as file, io.TextIOWrapper(file, _MARK, newline="\n") as text:
        yield text


@contextmanager
def opened_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open the bytes of a trace, the mark of their order included; raises as `opened`."""
    with path.open("rb") as file:
        is_compressed = file.read(2) == _GZIP
        file.seek(0)
        if not is_compressed:
            yield file
            return
        try:
            with gzip.open(file) as whole:
                yield whole  # type: ignore[misc]  # it reads bytes, whatever typeshed calls it
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            reason = str(error).rstrip(".").lower()
            raise TraceError(f"{path}: damaged gzip file ({reason})") from None


@contextmanager
def opened_to_seek(path: Path) -> Iterator[IO[bytes]]:
    """Open the bytes of a trace to be read in any order: uncompressed, if need be, to the side."""
    with opened_bytes(path) as file:
        if not isinstance(file, gzip.GzipFile):
            yield file
            return
        with tempfile.TemporaryFile() as aside:
            shutil.copyfileobj(file, aside)
            aside.seek(0)
            yield aside


def size_of(path: Path) -> int:
    """Return of how many bytes the text of a trace is, about; 0 where there is no such file."""
    if not path.is_file():
        return 0
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) != _GZIP or size < 4:
            return size
        # What was compressed last says at its end how long it is.
        file.seek(size - 4)
        return int.from_bytes(file.read(4), "little")
