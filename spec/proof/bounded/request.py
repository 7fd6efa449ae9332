"""The request to look for a violation within so many steps, and the report that answers it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from raft_ref.spec.files import RAFT
from raft_ref.spec.proof.bounded.local_steps import PROPERTIES, Bounds, LocalSteps
from raft_ref.spec.proof.bounded.unrolling import Found, Unrolled
from raft_ref.spec.requests import RequestError, Sizes

SIZES = replace(Sizes(), max_drops=0, max_duplicates=0)


class BoundedVerdict(StrEnum):
    """How a search ended; what holds does so for the steps that were asked for."""

    HOLDS = "HOLDS"
    VIOLATED = "VIOLATED"
    INCOMPLETE = "INCOMPLETE"


class Depth(NamedTuple):
    """How far a search has come: it looks at so many steps, of at most so many.

    `ways` counts the ways through actions so far.
    """

    steps: int
    most: int
    ways: int


@dataclass(frozen=True)
class BoundedReport:
    """What was found down to `found.depth` steps."""

    sizes: Sizes
    found: Found
    seconds: float
    is_interrupted: bool = False

    @property
    def verdict(self) -> BoundedVerdict:
        """Whether a property can be false; incomplete where the search was stopped before."""
        if self.found.violated is not None:
            return BoundedVerdict.VIOLATED
        return BoundedVerdict.INCOMPLETE if self.is_interrupted else BoundedVerdict.HOLDS


@dataclass(frozen=True)
class BoundedRequest:
    """Look for a property that is false within so many steps of a small cluster.

    `spec` is Raft.tla, or another in its place. Raises `RequestError` for fewer than 0 steps.
    """

    steps: int
    sizes: Sizes = SIZES
    spec: Path = RAFT

    def __post_init__(self) -> None:
        """Refuse what cannot be counted."""
        if self.steps < 0:
            raise RequestError("bounded: expected 0 steps or more")

    def run(self, on_progress: Callable[[Depth], None] = lambda depth: None) -> BoundedReport:
        """Look, until it is done or on Ctrl-C. Raises `SpecError` for a spec that makes no sense.

        `on_progress` is called with each depth.
        """
        sizes = self.sizes
        limits = sizes.as_dict()
        bounds = Bounds(**{name: limits[name] for name in Bounds._fields})
        search = Unrolled(LocalSteps(sizes.servers, sizes.values, bounds, self.spec), PROPERTIES)
        started, reached = time.monotonic(), Found(0, 0)

        def on_depth(depth: int, ways: int) -> None:
            nonlocal reached
            reached = Found(max(depth - 1, 0), ways)
            on_progress(Depth(depth, self.steps, ways))

        try:
            found, is_interrupted = search.run(self.steps, on_depth), False
        except KeyboardInterrupt:
            found, is_interrupted = reached, True
        return BoundedReport(sizes, found, time.monotonic() - started, is_interrupted)
