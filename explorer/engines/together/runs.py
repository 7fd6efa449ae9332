"""What the ranks of earlier runs have left, in folders of their own.

A rank's folder is ``run-R-rank-I-of-N``, on a disk that the others may see or not. Its manifest has
what the rank kept last, and what it kept the time before: when all are killed, some may have kept a
point that others have not, and what counts is the last one that all have. A run that goes on with
another one takes over all of it before that is removed.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raft_ref.explorer._core import read
from raft_ref.explorer.engines.checkpoint import CheckpointError, Extent, Folder, is_checkpoint
from raft_ref.explorer.engines.native_checkpoint import QUESTIONS
from raft_ref.explorer.engines.together.places import Place, places
from raft_ref.explorer.engines.together.ranks import Ranks

_POINT = re.compile(r"point-(\d+)\.bin")

Points = Mapping[int, Mapping[str, Extent]]
"""The files of what was kept, by the number of the point."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a rank of an earlier run has kept: its journal, and its files where they can be read."""

    rank: int
    seconds: float
    words: Sequence[int]
    path: Path | None
    files: Mapping[str, Extent]


class Runs:
    """The earlier runs in a folder, as all ranks see them together."""

    def __init__(self, folder: Path, ranks: Ranks) -> None:
        self._folder = folder
        self._ranks = ranks
        self._locks: list[int] = []
        seen = ranks.share(sorted(places(folder)))
        self._all = sorted({place for some in seen for place in some})
        # A rank takes what the one of its number has left, if it sees that.
        self._mine = [
            place
            for place in self._all
            if ranks.rank == _taker(place, [place in some for some in seen])
        ]
        number = max((place.run for place in self._all), default=0) + 1
        self.path = folder / Place(number, ranks.rank, ranks.size).name

    def begin(self) -> None:
        """Have a folder, which is no search's in one process. Raises CheckpointError, OSError."""
        if is_checkpoint(self._folder):
            raise CheckpointError(
                f"{self._folder}: one process has searched there, and one alone goes on with it"
            )
        self._folder.mkdir(exist_ok=True)

    def points(self, setting: Mapping[str, Any]) -> dict[Place, tuple[Points, float]]:
        """Return what there is in those folders that this rank takes. Raises CheckpointError."""
        found: dict[Place, tuple[Points, float]] = {}
        for place in self._mine:
            path = self._folder / place.name
            if not is_checkpoint(path):
                continue
            self._lock(path)
            kept = Folder(path, setting)
            kept.load()
            found[place] = (_by_point(kept), kept.seconds)
        return found

    def _lock(self, path: Path) -> None:
        self._locks.append(os.open(path, os.O_RDONLY))
        try:
            fcntl.flock(self._locks[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckpointError(f"{path}: another run keeps its checkpoints there") from None

    def last(
        self, every: Sequence[Mapping[Place, tuple[Points, float]]]
    ) -> tuple[list[Place], int] | None:
        """Return of the last run that is whole the folders, by rank, and its last point.

        `every` is what `points` returns, of all ranks. A run that was killed as it kept something
        for the first time has no point that all have, and nothing is lost with it. Raises
        CheckpointError where a folder is not there.
        """
        points = {place: set(each[0]) for found in every for place, each in found.items()}
        missing = ""
        for run in sorted({place.run for place in self._all}, reverse=True):
            size = next(place.ranks for place in self._all if place.run == run)
            every_rank = [Place(run, rank, size) for rank in range(size)]
            common = set.intersection(*(points.get(place, set()) for place in every_rank))
            if common:
                return every_rank, max(common)
            is_begun = any(points.get(place) for place in every_rank)
            absent = [place.name for place in every_rank if place not in points]
            if is_begun and absent and not missing:
                missing = absent[0]
        if missing:
            raise CheckpointError(f"{self._folder}: {missing} is missing")
        return None

    def kept(
        self, place: Place, point: int, found: Mapping[Place, tuple[Points, float]]
    ) -> Kept | None:
        """Return what a rank has kept, if this one takes it. Raises CheckpointError."""
        if place not in found:
            return None
        points, seconds = found[place]
        path, files = self._folder / place.name, points[point]
        words = read(str(path / QUESTIONS), files[QUESTIONS])
        rest = {name: extent for name, extent in files.items() if name != QUESTIONS}
        return Kept(place.rank, seconds, words, path, rest)

    def remove(self) -> None:
        """Remove what is taken over, or was never whole."""
        for place in self._mine:
            shutil.rmtree(self._folder / place.name, ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Let others have the folders."""
        while self._locks:
            os.close(self._locks.pop())


def _taker(place: Place, sees: Sequence[bool]) -> int:
    """Return which rank takes a folder, of those that see it."""
    if place.rank < len(sees) and sees[place.rank]:
        return place.rank
    able = [rank for rank, is_able in enumerate(sees) if is_able]
    return able[place.rank % len(able)]


def _by_point(folder: Folder) -> dict[int, Mapping[str, Extent]]:
    found: dict[int, Mapping[str, Extent]] = {}
    for files in (folder.before, folder.files):
        for name in files:
            if (point := _POINT.fullmatch(name)) is not None:
                found[int(point[1])] = files
    return found
