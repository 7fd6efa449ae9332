"""Which known bugs would have shown in some searches, so that what holds says how much it says.

Each known bug of a node has witnesses: a property and the smallest bounds within which it shows,
its own (`raft_ref.bugs.Bug`) and others (witnesses.json, which a search found). Within larger
bounds of as many servers it shows too, since every behaviour of the smaller ones is there. So a bug
shows in a search whose bounds are not below a witness's, and which asks for its property. One
without such a witness may show nevertheless: it is not known to.

With features on, what counts are the known bugs of these; and of each, searches with those features
on that it takes, and no others, since more may keep it from showing within the same bounds.
"""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from raft_ref.bugs import BUGS, Bug
from raft_ref.features import Feature
from raft_ref.features.bugs import FEATURE_BUGS, MEMBERSHIP_BUGS, READ_BUGS
from raft_ref.spec.link import PROGRESS
from raft_ref.verify.cluster import BUG_DEFAULTS

WITNESSES: Final = Path(__file__).with_name("witnesses.json")
"""More bounds within which known bugs show, by name: what they break there, and all sizes."""


_OF_FEATURES: Final[Mapping[str, Bug]] = {**FEATURE_BUGS, **READ_BUGS, **MEMBERSHIP_BUGS}


@dataclass(frozen=True, slots=True)
class Witness:
    """A property, and bounds within which a bug breaks it; `goal` is that of progress."""

    breaks: str
    sizes: Mapping[str, int]
    goal: str | None = None


@cache
def witnesses() -> Mapping[str, Sequence[Witness]]:
    """Return all that is known of where each bug of a node, or of its features, shows."""
    more = json.loads(WITNESSES.read_text(encoding="utf-8"))
    return {
        name: [_own(bug), *(Witness(row["breaks"], row["sizes"]) for row in more.get(name, ()))]
        for name, bug in {**BUGS, **_OF_FEATURES}.items()
    }


def _own(bug: Bug) -> Witness:
    goal = bug.goal if bug.breaks == PROGRESS else None
    return Witness(bug.breaks, {**BUG_DEFAULTS, **bug.bounds}, goal)


@dataclass(frozen=True, slots=True)
class Searched:
    """A search that was whole: its sizes, the names of its properties, its goal, its features."""

    sizes: Mapping[str, int]
    properties: frozenset[str]
    goal: str | None = None
    features: frozenset[Feature] = frozenset()

    def shows(self, witness: Witness) -> bool:
        """Whether a bug shows in it as the witness says."""
        is_asked = witness.breaks in self.properties and witness.goal in (None, self.goal)
        as_many = all(
            self.sizes.get(name) == witness.sizes.get(name) for name in ("servers", "voters")
        )
        larger = (self.sizes.get(name, 0) >= size for name, size in witness.sizes.items())
        return is_asked and as_many and all(larger)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The known bugs of a node that show in some searches, and those that are not known to."""

    shown: tuple[str, ...]
    others: tuple[str, ...]


def calibrated(searches: Iterable[Searched], features: Set[Feature] = frozenset()) -> Calibration:
    """Return what some searches together are known to show, where these features are on."""
    there, known = [*searches], witnesses()
    taken = {name: frozenset(bug.node.on) for name, bug in _OF_FEATURES.items()}
    asked = [name for name, on in taken.items() if on <= features] if features else [*BUGS]
    shown = tuple(
        name
        for name in asked
        if any(
            each.features == taken.get(name, frozenset()) and each.shows(witness)
            for each in there
            for witness in known[name]
        )
    )
    return Calibration(shown, tuple(name for name in asked if name not in shown))
