"""The request for scenarios: which clusters are explored for what is to be covered.

And the report: the scenarios of all of them, and what none of them meets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, get_args

from raft_ref import Message, Node, Role
from raft_ref.explorer import Bounds, System
from raft_ref.features import MAX_READS, ExtendedNode, Feature, FeatureMessage
from raft_ref.spec.link.features.history import ReadsRecorded
from raft_ref.spec.requests import Sizes
from raft_ref.traces.conformance.adapter import voters_at_first
from raft_ref.traces.conformance.branches import Branch
from raft_ref.traces.conformance.scenarios import (
    Cover,
    Item,
    Receives,
    Scenarios,
    Way,
    scenarios,
)
from raft_ref.traces.format.features import MESSAGES
from raft_ref.traces.format.features import known as known_of
from raft_ref.traces.format.ndjson import write
from raft_ref.traces.format.trace import Trace

_TWO = Sizes(servers=2, max_log_length=2, max_messages=2)
_NO_FAULTS = Sizes(max_restarts=0, max_drops=0, max_duplicates=0)
_THREE = Sizes(max_drops=0)
_FOUR = replace(
    _NO_FAULTS, servers=4, max_term=1, max_log_length=0, max_snapshot_index=0, max_messages=4,
    max_duplicates=1,
)  # fmt: skip
_SNAPSHOTS = replace(_NO_FAULTS, max_term=1, max_log_length=2, max_snapshot_index=2)
_LOGS = replace(_NO_FAULTS, max_log_length=2)
_TERMS = replace(_NO_FAULTS, max_term=3, max_snapshot_index=0)
_SMALL = Sizes(servers=2, max_term=1, max_messages=1)

CLUSTERS: Mapping[Cover, tuple[Sizes, ...]] = {
    Cover.ACTIONS: (_TWO, _THREE),
    Cover.BRANCHES: (_TWO, _THREE, _FOUR),
    Cover.PATHS: (_TWO, _THREE, _FOUR, _SNAPSHOTS, _LOGS, _TERMS),
    Cover.TRANSITIONS: (_SMALL,),
}
"""Which clusters are explored one after the other, where no sizes are given."""

_PAIR = replace(_NO_FAULTS, servers=2, max_snapshot_index=0, max_messages=1)
_LOGLESS = replace(_PAIR, max_log_length=0, max_messages=2)
_TRIO = replace(_LOGLESS, servers=3, max_term=1)
_FAULTS = replace(_PAIR, max_term=1, max_snapshot_index=1, max_restarts=1, max_duplicates=1)

WITH_FEATURES: Mapping[Cover, tuple[Sizes, ...]] = {
    Cover.ACTIONS: (_PAIR, _LOGLESS, _FAULTS),
    Cover.BRANCHES: (_PAIR, _LOGLESS, _FAULTS),
    Cover.PATHS: (_PAIR, _LOGLESS, _FAULTS, _TRIO),
    Cover.TRANSITIONS: (replace(_PAIR, max_term=1),),
}
"""The same of nodes with features, of which there are more states."""

_READERS = replace(_PAIR, max_term=1, max_log_length=1)

WITH_READS: Mapping[Cover, tuple[Sizes, ...]] = {
    Cover.ACTIONS: (_READERS,),
    Cover.BRANCHES: (_READERS, replace(_PAIR, max_log_length=1)),
    Cover.PATHS: (_READERS, replace(_PAIR, max_log_length=1)),
    Cover.TRANSITIONS: (replace(_READERS, max_log_length=0),),
}
"""The same of nodes with reads and leases alone: together with the others there are too many."""
_MEMBERS = replace(
    _NO_FAULTS, servers=3, max_term=1, max_log_length=2, max_snapshot_index=1, max_messages=2,
)  # fmt: skip
_ALONE = replace(_MEMBERS, servers=2, max_term=2, max_messages=1, max_restarts=1)

WITH_CHANGES: Mapping[Cover, tuple[Sizes, ...]] = {
    Cover.ACTIONS: (_ALONE, _MEMBERS),
    Cover.BRANCHES: (_ALONE, _MEMBERS),
    Cover.PATHS: (_ALONE, _MEMBERS),
    Cover.TRANSITIONS: (replace(_ALONE, max_term=1, max_log_length=1),),
}
"""The same where the membership changes, in a cluster that begins with all servers but one."""
_READS = frozenset({Feature.READ_INDEX, Feature.LEASES})
_MOST_OF_READS = 1
"""How many reads there are in all, and rounds of heartbeats in a term."""


@dataclass(frozen=True)
class ScenariosReport:
    """The scenarios of each cluster, and what is possible and was not met."""

    found: tuple[Scenarios, ...]
    missing: tuple[str, ...]

    @property
    def ways(self) -> list[Way]:
        """The behaviours of all clusters."""
        return [way for each in self.found for way in each.ways]

    @property
    def states(self) -> int:
        """How many states were explored."""
        return sum(each.states for each in self.found)

    @property
    def transitions(self) -> int:
        """How many transitions were explored."""
        return sum(each.transitions for each in self.found)

    @property
    def covered(self) -> Counter[str]:
        """How much of each kind is covered."""
        return sum((each.covered for each in self.found), Counter[str]())

    def traces(self, source: str = "") -> Iterator[Trace]:
        """Yield each scenario as a trace."""
        for each in self.found:
            yield from each.traces(source)

    def write(self, folder: Path, source: str = "") -> None:
        """Write each scenario to a file of its own. Raises `OSError` where that fails."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, trace in enumerate(self.traces(source), start=1):
            write(trace, folder / f"{number:04}.ndjson")


@dataclass(frozen=True)
class ScenariosRequest:
    """Find scenarios that cover what the reference node can do.

    `clusters` are explored one after the other; without any, those of `CLUSTERS`, or, with any
    `features` on, of `WITH_FEATURES`, and of `WITH_READS` with reads and leases alone.
    """

    cover: Cover = Cover.PATHS
    clusters: tuple[Sizes, ...] = ()
    features: frozenset[Feature] = frozenset()

    def run(
        self, on_progress: Callable[[tuple[int, int]], None] = lambda states_and_queue: None
    ) -> ScenariosReport:
        """Explore; `on_progress` is called with how many states were found, and left to expand."""
        known: set[Item] = set()
        found = tuple(
            scenarios(system_of(sizes, features), self.cover, known, on_progress)
            for sizes, features in self._chosen()
        )
        is_named = self.cover is not Cover.TRANSITIONS
        missing = tuple(_missing(found, known, self.features)) if is_named else ()
        return ScenariosReport(found, missing)

    def _chosen(self) -> Iterator[tuple[Sizes, frozenset[Feature]]]:
        """Yield what is explored, and with which features."""
        if self.clusters:
            yield from ((sizes, self.features) for sizes in self.clusters)
            return
        reads, others = self.features & _READS, self.features - _READS
        if others or not reads:
            chosen = WITH_FEATURES if others else CLUSTERS
            if Feature.MEMBERSHIP in others:
                chosen = WITH_CHANGES
            yield from ((sizes, others) for sizes in chosen[self.cover])
        if reads:
            yield from ((sizes, reads) for sizes in WITH_READS[self.cover])


def system_of(sizes: Sizes, features: frozenset[Feature] = frozenset()) -> System:
    """Return a cluster of reference nodes of these sizes, with features."""
    names = sizes.server_names, sizes.value_names
    node: Any = Node(*names)
    if features:
        voters = voters_at_first(names[0]) if Feature.MEMBERSHIP in features else None
        node = ExtendedNode(*names, features=features, voters=voters)
    limits = sizes.as_dict()
    del limits["servers"], limits["values"]
    measures = {name: limits.pop(name, _MOST_OF_READS) for name in node.measures}
    bounds = Bounds(measures=measures, **limits)
    if Feature.READ_INDEX not in features:
        return System(node, sizes.server_names, bounds)
    most = measures[MAX_READS]
    return System(
        node, sizes.server_names, bounds, history=ReadsRecorded(sizes.server_names, most, True)
    )


def _missing(
    found: tuple[Scenarios, ...], known: set[Item], features: frozenset[Feature]
) -> Iterator[str]:
    """Yield what is possible, as far as the code shows, and was not met within the bounds."""
    on = known_of(MESSAGES, frozenset(each.value for each in features))
    added = [each for each in get_args(FeatureMessage) if each.__name__ in on]
    for role, message in product(Role, (*get_args(Message), *added)):
        if Receives(role, message.__name__) not in known:
            yield f"a {role} receives {message.__name__}"
    for branch in sorted(frozenset[Branch]().union(*(each.possible for each in found)) - known):
        yield str(branch)
