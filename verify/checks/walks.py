"""A check by random walks: far beyond what can be exhausted, and no proof of anything."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from raft_ref.explorer import (
    Counterexample,
    Kind,
    Shard,
    Verdict,
    WalkLimits,
    WalkProgress,
    WalkReport,
    random_search,
)
from raft_ref.explorer.engines.choice import EngineError
from raft_ref.explorer.walks.chance import SEEDS
from raft_ref.features import MAX_CHANGES, MAX_READS, MAX_ROUNDS
from raft_ref.spec.requests import RequestError
from raft_ref.traces import Trace
from raft_ref.verify.cluster import Cluster, ClusterRequest, build

BEYOND: Mapping[str, int] = {
    "values": 2,
    "max_term": 10,
    "max_log_length": 8,
    "max_snapshot_index": 8,
    "max_messages": 16,
    "max_restarts": 20,
    "max_drops": 20,
    "max_duplicates": 20,
    MAX_READS: 8,
    MAX_ROUNDS: 8,
    MAX_CHANGES: 4,
}
"""The bounds of random walks: far beyond an exhaustive search, and finite, lest a walk spends
itself on one thing, such as elections or ever longer logs."""

RUNS = 100
STEPS = 200


@dataclass(frozen=True, slots=True)
class RandomReport:
    """What became of it: `walks` has the explorer's own report.

    `replay` is the request that takes the walk of a violation, and no other; None without one.
    """

    cluster: Cluster
    walks: WalkReport
    replay: "RandomCheck | None"

    @property
    def verdict(self) -> Verdict:
        """VIOLATED or INCOMPLETE: walks cannot show that anything holds."""
        return self.walks.report.verdict

    @property
    def counterexample(self) -> Counterexample | None:
        """A walk, shrunk until no single step can be left out."""
        return self.walks.report.counterexample

    @property
    def seconds(self) -> float:
        """Time taken."""
        return self.walks.report.seconds

    def trace(self, source: str = "") -> Trace | None:
        """Return the counterexample as a trace; `source` says where it comes from."""
        return self.cluster.trace_of(self.counterexample, source)


@dataclass(frozen=True, slots=True)
class RandomCheck:
    """Take walks through a cluster, whose bounds are those of `BEYOND` where none are given.

    The same `seed` gives the same walks, and walk n is the first of ``seed + n - 1``; None is a new
    one. `runs` is how many walks, `steps` how many steps each; `limits` say who walks. A shard
    needs a seed.
    """

    cluster: ClusterRequest = field(default_factory=ClusterRequest)
    seed: int | None = None
    runs: int = RUNS
    steps: int = STEPS
    limits: WalkLimits = field(default_factory=WalkLimits)

    def __post_init__(self) -> None:
        for name, number, least in (
            ("seed", self.seed, 0), ("runs", self.runs, 1), ("steps", self.steps, 1)
        ):  # fmt: skip
            if number is not None and number < least:
                raise RequestError(f"{name} {number}: expected {least} or more")
        if self.seed is not None and self.seed + self.runs > SEEDS:
            raise RequestError(f"seed {self.seed}: expected less than 2^64 to the last walk")
        if self.seed is None and self.limits.shard.count > 1:
            raise RequestError("shard: the shards of a search have one seed; give it with --seed")
        if self.cluster.depth is not None:
            raise RequestError("depth: with --random, --steps says how long a walk is")
        if self.cluster.reduced:
            raise RequestError("por: a walk takes one step at a time; leave it out with --random")
        if self.cluster.properties.bisimulation:
            raise RequestError(
                "bisimulation: takes all steps out of a state, and --random takes one"
            )

    def run(
        self, on_progress: Callable[[WalkProgress], None] = lambda progress: None
    ) -> RandomReport:
        """Walk, and report."""
        cluster = build(self.cluster, BEYOND)
        if any(prop.kind is Kind.PROGRESS for prop in cluster.properties):
            raise RequestError(
                "random: progress is of all that may follow a state; a walk is one way"
            )
        # Short enough to be typed again.
        seed = random.SystemRandom().randrange(10**6) if self.seed is None else self.seed
        system, properties = cluster.system, cluster.properties
        try:
            walks = random_search(
                system, properties, seed, self.runs, self.steps, on_progress, self.limits
            )
        except EngineError as error:
            raise RequestError(f"engine native: {error}") from error
        found, replay = walks.found, None
        if found is not None:
            alone = replace(self.limits, shard=Shard())
            replay = replace(self, seed=found.seed, runs=1, limits=alone)
        return RandomReport(cluster, walks, replay)
