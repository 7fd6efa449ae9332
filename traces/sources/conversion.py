"""The request to convert a trace between NDJSON and ITF, which are known by the files' names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raft_ref.traces.format.ndjson import read, write
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.sources.itf import read_itf, write_itf

ITF = ".itf.json"
"""How the names of files in ITF end."""


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
        return self.source.name.removesuffix(".gz").endswith(ITF)

    def run(self) -> None:
        """Convert it. Raises `TraceError` for what cannot be read, or shown, and `OSError`."""
        if self.is_from_itf:
            write(read_itf(self.source), self.target)
        else:
            trace = read(self.source)
            if trace.features:
                named = ", ".join(trace.features)
                raise TraceError(f"{self.source}: ITF has Raft.tla's variables alone, not {named}")
            write_itf(trace, self.target)
