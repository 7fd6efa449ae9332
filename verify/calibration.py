"""Which known bugs would have shown in some searches, so that what holds says how much it says.

Each known bug of a node has witnesses: a property and the smallest bounds within which it shows
(`raft_ref.bugs.Bug`). Within larger bounds of as many servers it shows too, since every behaviour
of the smaller ones is there. So a bug shows in a search whose bounds are not below a witness's, and
which asks for its property. One without such a witness may show nevertheless: it is not known to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from raft_ref.bugs import BUGS, Bug
from raft_ref.spec.link import PROGRESS
from raft_ref.verify.cluster import BUG_DEFAULTS


@dataclass(frozen=True, slots=True)
class Searched:
    """A search that was whole: its sizes, the names of its properties, and its goal, if any."""

    sizes: Mapping[str, int]
    properties: frozenset[str]
    goal: str | None = None

    def shows(self, bug: Bug) -> bool:
        """Whether the bug is known to show in it."""
        asked = bug.breaks in self.properties and (bug.breaks != PROGRESS or bug.goal == self.goal)
        needed = {**BUG_DEFAULTS, **bug.bounds}
        as_many = self.sizes["servers"] == needed["servers"]
        return (
            asked
            and as_many
            and all(self.sizes.get(name, 0) >= limit for name, limit in needed.items())
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """The known bugs of a node that show in some searches, and those that are not known to."""

    shown: tuple[str, ...]
    others: tuple[str, ...]


def calibrated(searches: Iterable[Searched]) -> Calibration:
    """Return what some searches together are known to show."""
    there = [*searches]
    shown = tuple(name for name, bug in BUGS.items() if any(each.shows(bug) for each in there))
    return Calibration(shown, tuple(name for name in BUGS if name not in shown))
