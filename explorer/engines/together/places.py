"""The names of the folders in which ranks have their states."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"run-(\d+)-rank-(\d+)-of-(\d+)")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Which rank of which run a folder belongs to."""

    run: int
    rank: int
    ranks: int

    @property
    def name(self) -> str:
        """The name of the folder."""
        return f"run-{self.run}-rank-{self.rank}-of-{self.ranks}"


def has_runs(folder: Path) -> bool:
    """Return whether several processes have searched in a folder."""
    return any(places(folder))


def places(folder: Path) -> Iterator[Place]:
    """Yield those that there are."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if (found := _NAME.fullmatch(path.name)) is not None:
            yield Place(*map(int, found.groups()))
