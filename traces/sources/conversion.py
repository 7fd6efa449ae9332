"""The request to convert a trace between NDJSON and ITF, which are known by the files' names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raft_ref.traces.format.ndjson import read, write
from raft_ref.traces.format.trace import Trace, TraceError
from raft_ref.traces.sources.itf import read_itf, write_itf

ITF = ".itf.json"
"""How the names of files in ITF end."""


def is_itf(path: Path) -> bool:
    """Return whether a file is in ITF, compressed or not."""
    return path.name.removesuffix(".gz").endswith(ITF)


def read_any(path: Path) -> Trace:
    """Return a trace, in whatever format it is. Raises `TraceError`."""
    return read_itf(path) if is_itf(path) else read(path)


def write_any(trace: Trace, path: Path) -> None:
    """Write a trace in the format that a file's name asks for.

    Raises `OSError`, and `TraceError` where the format does not have what the trace tells.
    """
    if not is_itf(path):
        write(trace, path)
    elif trace.features:
        named = ", ".join(trace.features)
        raise TraceError(f"ITF has Raft.tla's variables alone, not {named}")
    else:
        write_itf(trace, path)


@dataclass(frozen=True)
class ConversionRequest:
    """Convert a trace to ITF, or from it. Raises `TraceError` unless one of the two is in it."""

    source: Path
    target: Path

    def __post_init__(self) -> None:
        """Refuse what is no conversion."""
        if self.is_from_itf == self.target.name.endswith(ITF):
            raise TraceError(f"one of the two must end with {ITF}, the other not")

    @property
    def is_from_itf(self) -> bool:
        """Whether it is converted from ITF; else it is to it."""
        return is_itf(self.source)

    def run(self) -> None:
        """Convert it. Raises `TraceError` for what cannot be read, or shown, and `OSError`."""
        trace = read_any(self.source)
        try:
            write_any(trace, self.target)
        except TraceError as error:
            raise TraceError(f"{self.source}: {error}") from None
