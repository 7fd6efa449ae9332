"""Lines of one run, perhaps in a file for each server, put in the order of their clocks.

A Lamport clock is a number, a vector clock an object with a number for each server (Lamport, 1978;
Fidge, 1988). What happened before has a smaller number, or a smaller sum: so the order of either is
one in which it may all have happened.
"""

from __future__ import annotations

from array import array
from codecs import BOM_UTF8
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from raft_ref.traces.format.ndjson import parse_line
from raft_ref.traces.format.opening import opened_to_seek
from raft_ref.traces.format.trace import JsonObject, TraceError


def merge(paths: Sequence[Path], into: Path) -> int:
    """Write the lines of these files into one, by their clocks; return how many there are.

    A first line without a clock is a header; that of the first file is written. Where clocks do not
    tell, the order of the files counts, and in a file that of its lines. Raises `TraceError`
    (`file:line: reason`) for a line without a clock and for a clock of a server that goes back,
    `OSError` for what cannot be read or written.
    """
    if any(path.exists() and into.exists() and path.samefile(into) for path in paths):
        raise TraceError(f"{into}: is one of the files that are merged")
    header = b""
    times, files, offsets = array("q"), array("q"), array("q")
    with ExitStack() as stack:
        opened = [stack.enter_context(opened_to_seek(path)) for path in paths]
        for number, (path, file) in enumerate(zip(paths, opened, strict=True)):
            found = _look(path, file, times, offsets)
            files.extend([number] * (len(times) - len(files)))
            header = header or found
        order = sorted(range(len(times)), key=times.__getitem__)
        with into.open("wb") as out:
            out.write(header)
            for place in order:
                file = opened[files[place]]
                file.seek(offsets[place])
                out.write(_line(file.readline()))
    return len(order)


def _look(path: Path, file: IO[bytes], times: array[int], offsets: array[int]) -> bytes:
    """Note when each line happened, and where it stands; return the header."""
    header, offset, last = b"", 0, dict[Any, int]()
    for number, line in enumerate(file, start=1):
        if line.strip():
            try:
                value = parse_line(line.removeprefix(BOM_UTF8).decode("utf-8"))
                if "clock" not in value and not last and not header:
                    header = _line(line)
                else:
                    time = time_of(value)
                    server = str(value.get("server"))
                    if time < last.get(server, time):
                        raise TraceError(f"the clock of {server} goes back")
                    last[server] = time
                    times.append(time)
                    offsets.append(offset)
            except UnicodeDecodeError:
                raise TraceError(f"{path}:{number}: not UTF-8 text") from None
            except TraceError as error:
                raise TraceError(f"{path}:{number}: {error}") from None
        offset += len(line)
    return header


def _line(line: bytes) -> bytes:
    return line.removeprefix(BOM_UTF8).rstrip(b"\r\n") + b"\n"


def time_of(line: JsonObject) -> int:
    """Return when a line happened, by its clock. Raises `TraceError` where it has none."""
    clock = line.get("clock")
    numbers: list[Any] = [*clock.values()] if type(clock) is dict else [clock]
    if not numbers or not all(type(each) is int and 0 <= each < 1 << 40 for each in numbers):
        raise TraceError('"clock" must be a number, or an object with a number for each server')
    return sum(numbers)
