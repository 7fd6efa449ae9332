"""A check of the proof: every step is one of the proof's, its conjuncts hold wherever one comes.

It needs z3, the solver of the proof, which is an extra.
"""

import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from raft_ref import Node
from raft_ref.explorer import Counterexample, System, Verdict
from raft_ref.features import MAX_READS, MAX_ROUNDS, REFINING, ExtendedNode, Feature
from raft_ref.spec.link.features.membership_relation import MembershipSimulationRelation
from raft_ref.spec.link.features.reads_relation import ReadsSimulationRelation
from raft_ref.spec.link.features.simulation_relation import HidingSimulationRelation
from raft_ref.spec.link.proof_search import ConjunctsReport as Explored
from raft_ref.spec.link.proof_search import ConjunctsSearch
from raft_ref.spec.link.simulation_relation import SimulationRelation
from raft_ref.spec.requests import RequestError
from raft_ref.traces import Trace
from raft_ref.verify.cluster import Cluster, ClusterRequest, build

BOUNDS: Mapping[str, int] = {
    "servers": 2,
    "max_log_length": 2,
    "max_drops": 0,
    "max_duplicates": 0,
}
"""Where they differ from other searches: the proof remembers how a state was reached."""

BOUNDS_OF_CHANGES: Mapping[str, int] = {
    **BOUNDS,
    "voters": 2,
    "max_changes": 1,
    "max_messages": 1,
    "max_snapshot_index": 0,
}
"""The same where the membership changes: all actions of the proof are taken within them."""


@dataclass(frozen=True, slots=True)
class ConjunctsReport:
    """What became of it: `explored` says what was met, `is_interrupted` whether that was all."""

    cluster: Cluster
    explored: Explored
    seconds: float
    is_interrupted: bool

    @property
    def verdict(self) -> Verdict:
        """How the search ended."""
        if self.explored.counterexample is not None:
            return Verdict.VIOLATED
        return Verdict.INCOMPLETE if self.is_interrupted else Verdict.HOLDS_WITHIN_BOUNDS

    @property
    def counterexample(self) -> Counterexample | None:
        """A way to where a conjunct is false, or a step is none of the proof's."""
        return self.explored.counterexample

    def trace(self, source: str = "") -> Trace | None:
        """Return the counterexample as a trace; `source` says where it comes from."""
        return self.cluster.trace_of(self.counterexample, source)


@dataclass(frozen=True, slots=True)
class ConjunctsCheck:
    """Explore a cluster of `raft_ref.Node` beside the proof's protocol.

    What features add is hidden, but for reads by ReadIndex without leases and changes of
    membership, which have proofs of their own.

    Where no bounds are given, they are those of `BOUNDS`, or of `BOUNDS_OF_CHANGES`. What is
    checked is the proof, and no other property can be asked for.
    """

    cluster: ClusterRequest = field(default_factory=ClusterRequest)

    def run(self, on_progress: Callable[[Explored], None] = lambda found: None) -> ConjunctsReport:
        """Explore, and report."""
        self._demand_nothing_else()
        properties = replace(self.cluster.properties, refine=False)
        request = replace(self.cluster, properties=properties)
        bounds = BOUNDS_OF_CHANGES if Feature.MEMBERSHIP in request.features else BOUNDS
        cluster = build(request, bounds if request.bug is None else None)
        system = cluster.system
        if not isinstance(system.guard.actor, Node):
            raise RequestError(f"conjuncts: {request.name or request.bug} is no raft_ref.Node")
        _demand_a_proof(cluster.features)
        relation = _relation(system, cluster.values or ["v1"])
        search = ConjunctsSearch(_without_history(system), relation)
        started, is_interrupted = time.monotonic(), False
        try:
            search.run(on_progress)
        except KeyboardInterrupt:
            is_interrupted = True
        seconds = time.monotonic() - started
        return ConjunctsReport(cluster, search.found, seconds, is_interrupted)

    def _demand_nothing_else(self) -> None:
        cluster, properties = self.cluster, self.cluster.properties
        for name, is_asked in (
            ("bisimulation", properties.bisimulation),
            ("por", cluster.reduced),
            ("depth", cluster.depth),
            ("spec", properties.spec),
            ("progress", properties.progress),
            ("invariant", properties.invariants),
            ("refine", properties.refine),
        ):
            if is_asked:
                raise RequestError(f"{name}: not with --conjuncts")


def _demand_a_proof(features: Set[Feature]) -> None:
    """Raise RequestError where nothing is proved of these together."""
    if features <= REFINING:
        return
    if Feature.APPLIED_MEMBERSHIP in features:
        raise RequestError("conjuncts: nothing is proved of configurations used as applied")
    if Feature.READ_INDEX in features:
        raise RequestError("conjuncts: nothing is proved of reads while the membership changes")


def _relation(system: System, values: Sequence[str]) -> SimulationRelation:
    """Return what follows a system's servers: beside the proof of reads, if that knows them.

    Of leases it does not: with these, what is for reads is hidden.
    """
    actor, limits = system.guard.actor, system.bounds.measures
    given = system.servers, values, limits["max_term"], limits["max_log_length"]
    if not isinstance(actor, ExtendedNode):
        return SimulationRelation(*given)
    if Feature.MEMBERSHIP in actor.features:
        has_joint = Feature.JOINT_CONSENSUS in actor.features
        return MembershipSimulationRelation(*given, voters=actor.voters, has_joint=has_joint)
    if Feature.READ_INDEX not in actor.features or Feature.LEASES in actor.features:
        return HidingSimulationRelation(*given)
    return ReadsSimulationRelation(
        *given, max_reads=limits[MAX_READS], max_rounds=limits[MAX_ROUNDS]
    )


def _without_history(system: System) -> System:
    """Return the system without `committed`, which the proof's ghosts stand for."""
    return System(system.guard.actor, system.servers, system.bounds, system.network_kind)
