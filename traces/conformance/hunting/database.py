"""Schedules that were found before, in a folder: they are followed first the next time.

As the database of Hypothesis (MacIver and others, JOSS 4(43), 2019) it is for one test, here for
one adapter as it is started. The rule: what no longer fails is told, and removed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raft_ref.traces.conformance import schedule
from raft_ref.traces.conformance.schedule import Schedule

FOLDER = Path(".raft-ref")
"""Where it is if nobody says otherwise."""


@dataclass
class Replayed:
    """A schedule of the folder that was followed first, and whether it still fails."""

    path: Path
    fails: bool


class Database:
    """The schedules that were found with one adapter.

    Arguments: the folder of all; the command that starts the adapter.
    """

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        digest = hashlib.sha256("\0".join(command).encode()).hexdigest()
        self.folder = folder / digest[:12]

    def entries(self) -> list[Path]:
        """Return the files of schedules, in the order of their names."""
        return sorted(self.folder.glob("*.ndjson"))

    def path(self, kind: str) -> Path:
        """Return where the schedule of a kind is, if there is one."""
        name = re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-")[:60]
        return self.folder / f"{name}-{hashlib.sha256(kind.encode()).hexdigest()[:6]}.ndjson"

    def keep(self, kind: str, found: Schedule, source: str) -> Path:
        """Write a schedule of a kind, the one of its kind; return where."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(kind)
        schedule.write(found, path, source)
        return path

    @staticmethod
    def remove(path: Path) -> None:
        """Remove a schedule that no longer fails."""
        path.unlink(missing_ok=True)
