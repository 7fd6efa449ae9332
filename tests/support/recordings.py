"""Recorded traces, as lines that tests break, and what is said of them."""

import json
from pathlib import Path
from typing import Any

from raft_ref.traces import Trace, write
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Verdict

Line = dict[str, Any]


def lines_in(path: Path) -> list[Line]:
    """Return the lines of a trace."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def lines_of(trace: Trace, folder: Path) -> list[Line]:
    """Write a trace into a folder, and return its lines."""
    path = folder / "whole.ndjson"
    write(trace, path)
    return lines_in(path)


def verdict_on(lines: list[Line], folder: Path, profile: str = "raft-ref") -> Verdict:
    """Write lines into a folder, and return what `validate` says of them."""
    path = folder / "trace.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return validate(path, PROFILES[profile])
