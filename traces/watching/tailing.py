"""A file that somebody writes: what is new in it, and what becomes of it.

The rules: a line is one when its end is written. A file may appear later, or be moved away and
written anew under its name (rotation): then the old one is read to its end. Where it is cut instead
(truncation), what was not read by then is lost.
"""

from __future__ import annotations

import os
import select
import sys
from codecs import BOM_UTF8
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from raft_ref.traces.format.trace import TraceError

STDIN = Path("-")
AT_ONCE = 1 << 16
"""How many bytes are read at a time."""
LONGEST = 64 * 1024 * 1024
"""The most bytes that a line may have."""
_GZIP = b"\x1f\x8b"


class Tail:
    """The lines that are written to a file.

    Arguments: the file; what is told what becomes of it, and whether lines may be lost by that.
    """

    def __init__(self, path: Path, tell: Callable[[str, bool], None]) -> None:
        self.path = path
        self.number = 0
        """How many lines of the file were read."""
        self.is_ended = False
        """Whether nothing more can come."""
        self._tell = tell
        self._file: IO[bytes] | None = None
        self._rest = b""
        self._end: int | None = None
        self._is_missed = False

    def new(self) -> list[tuple[int, bytes]]:
        """Return some of the lines that are new, each with its number in the file."""
        if self._file is None and not self._opened():
            return []
        assert self._file is not None
        size = AT_ONCE if self._end is None else min(AT_ONCE, self._end - self._file.tell())
        if data := self._file.read(max(size, 0)):
            return self._lines(data)
        if self._end is None:
            self._looks_again(self._file)
        else:
            self.is_ended = True
        return []

    def ends(self) -> None:
        """Read no further than what is written by now."""
        if self._file is None and not self._opened():
            self.is_ended = True
        else:
            assert self._file is not None
            self._end = os.fstat(self._file.fileno()).st_size

    @property
    def has_begun_a_line(self) -> bool:
        """Whether there is a line without its end."""
        return bool(self._rest)

    def _opened(self) -> bool:
        try:
            self._file = self.path.open("rb", buffering=0)
        except FileNotFoundError:
            if not self._is_missed:
                self._tell(f"{self.path} is not there yet", False)
            self._is_missed = True
            return False
        self.number, self._rest = 0, b""
        return True

    def _lines(self, data: bytes) -> list[tuple[int, bytes]]:
        if self.number == 0 and not self._rest:
            if data.startswith(_GZIP):
                raise TraceError(f"{self.path}: is compressed; raft-ref validate reads it")
            data = data.removeprefix(BOM_UTF8)
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST:
            raise TraceError(f"{self.path}:{self.number + 1}: a line of more than {LONGEST} bytes")
        found = []
        for each in whole:
            self.number += 1
            found.append((self.number, each))
        return found

    def _looks_again(self, file: IO[bytes]) -> None:
        """Look whether the file is still the one of its name, and as long as it was."""
        held = os.fstat(file.fileno())
        if held.st_size < file.tell():
            self._tell(f"{self.path} was truncated: what was not read by then is lost", True)
            file.seek(0)
            self.number, self._rest = 0, b""
            return
        with suppress(FileNotFoundError):
            named = self.path.stat()
            if (named.st_dev, named.st_ino) != (held.st_dev, held.st_ino):
                cut = " (the last line of the old one has no end)" if self._rest else ""
                self._tell(f"{self.path} was rotated: on with the new one{cut}", bool(cut))
                file.close()
                self._file = None
                self._opened()


class Input(Tail):
    """The lines that come from standard input."""

    def __init__(self, tell: Callable[[str, bool], None]) -> None:
        super().__init__(STDIN, tell)
        self._number = sys.stdin.fileno()

    def new(self) -> list[tuple[int, bytes]]:
        """Return some of the lines that are new."""
        if self.is_ended or not select.select([self._number], [], [], 0)[0]:
            self.is_ended |= self._end is not None
            return []
        if data := os.read(self._number, AT_ONCE):
            return self._lines(data)
        self.is_ended = True
        # What ends with the input is a line.
        rest, self._rest = self._rest, b""
        return [(self.number + 1, rest)] if rest else []

    def ends(self) -> None:
        """Read no further than what can be read at once."""
        self._end = 0
