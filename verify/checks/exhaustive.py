"""An exhaustive check: every state within the bounds, breadth first."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from raft_ref.explorer import (
    Checkpoints,
    Counterexample,
    Disk,
    EngineError,
    EngineName,
    Progress,
    Renamed,
    Report,
    TellsApartError,
    Verdict,
    search,
)
from raft_ref.explorer.engines.checkpoint import digest
from raft_ref.explorer.engines.together.ranks import Ranks
from raft_ref.features import Feature
from raft_ref.spec.link import INVARIANTS
from raft_ref.spec.requests import RequestError
from raft_ref.traces import Trace
from raft_ref.verify.calibration import Calibration, Searched, calibrated
from raft_ref.verify.cluster import Cluster, ClusterRequest, Symmetry, build
from raft_ref.verify.cluster.properties import PropertyRequest
from raft_ref.verify.vacuity import unreached
from raft_ref.zoo import EXPLORED


@dataclass(frozen=True, slots=True)
class ExhaustiveReport:
    """What became of it: `search` has the explorer's own report.

    `checkpoints` says where what was found is kept, if it is; `unreached` what was not reached or
    taken, and was not allowed to be; `note` what was done otherwise than asked, in a line;
    `asked` which properties were, `is_down` whether some server is. `known` is the property that a
    known bug is known to break, if all were asked of it. Where another one falls before that,
    `earlier` is the search that met it, and the rest is of a search for the known one alone; it is
    of the first search where the known one was not met.
    """

    cluster: Cluster
    search: Report
    checkpoints: Checkpoints | None
    unreached: tuple[str, ...] = ()
    note: str = ""
    asked: PropertyRequest = field(default_factory=PropertyRequest)
    is_down: bool = False
    known: str | None = None
    earlier: Report | None = None

    @property
    def verdict(self) -> Verdict:
        """How the search ended."""
        holds = self.search.verdict is Verdict.HOLDS_WITHIN_BOUNDS
        return Verdict.HOLDS_VACUOUSLY if holds and self.unreached else self.search.verdict

    @property
    def witness(self) -> str | None:
        """The name of what a way was wanted to, if that was asked."""
        return self.asked.witness

    @property
    def calibration(self) -> Calibration | None:
        """Which known bugs would have shown; None where this was not searched as a whole."""
        is_whole = self.search.verdict is Verdict.HOLDS_WITHIN_BOUNDS
        is_raft = self.cluster.is_raft and self.witness is None and not self.is_down
        if not is_whole or not is_raft or "depth" in self.search.bounds or self.asked.excepted:
            return None
        sizes = {
            "servers": len(self.cluster.system.servers),
            "values": len(self.cluster.values),
            **self.search.bounds,
        }
        properties = frozenset(prop.name for prop in self.cluster.properties)
        on = self.cluster.features
        if Feature.MEMBERSHIP in on:
            sizes["voters"] = len(self.cluster.voters)
        return calibrated([Searched(sizes, properties, self.asked.progress, on)], on)

    @property
    def counterexample(self) -> Counterexample | None:
        """A shortest one, if a property is violated."""
        return self.search.counterexample

    @property
    def seconds(self) -> float:
        """Time taken, in all runs that went on with each other's checkpoints."""
        return self.search.seconds

    def trace(self, source: str = "") -> Trace | None:
        """Return the counterexample as a trace; `source` says where it comes from."""
        return self.cluster.trace_of(self.counterexample, source)


@dataclass(frozen=True, slots=True)
class ExhaustiveCheck:
    """Explore a cluster within its bounds.

    `engine`, `threads` and `memory` are as in `explorer.search`; so are `checkpoints` and `disk`,
    but for what they are about, which is found here. `allowed` need not be reached, by name.
    """

    cluster: ClusterRequest = field(default_factory=ClusterRequest)
    symmetry: Symmetry = None
    engine: EngineName = "auto"
    threads: int | None = None
    memory: int | None = None
    checkpoints: Checkpoints | None = None
    allowed: frozenset[str] = frozenset()
    disk: Disk | None = None
    ranks: Ranks | None = None

    def run(
        self, on_progress: Callable[[Progress], None] = lambda progress: None
    ) -> ExhaustiveReport:
        """Search, and report. Raises `CheckpointError` too."""
        report = self._one(on_progress)
        known = _known(self.cluster)
        report = replace(report, known=known)
        found = report.counterexample
        is_other = known is not None and found is not None and found.prop.name != known
        if known is None or not is_other or self.checkpoints is not None or self.disk is not None:
            return report
        properties = replace(self.cluster.properties, beside_bug=False, excepted=())
        alone = replace(self, cluster=replace(self.cluster, properties=properties))
        later = alone._one(on_progress)
        if later.counterexample is None:
            return replace(report, note=_not_met(known, later.search))
        return replace(later, known=known, earlier=report.search)

    def _one(self, on_progress: Callable[[Progress], None]) -> ExhaustiveReport:
        """Make one search."""
        cluster, report, checkpoints, note = self._explored(on_progress)
        # With servers down much cannot be reached, and of a witness nothing else is wanted.
        is_demanded = self.cluster.properties.witness is None and not self.cluster.down
        missing = unreached([report], self.allowed) if is_demanded else ()
        asked = self.cluster.properties
        return ExhaustiveReport(
            cluster, report, checkpoints, missing, note, asked, self.cluster.down > 0
        )

    def _explored(
        self, on_progress: Callable[[Progress], None]
    ) -> tuple[Cluster, Report, Checkpoints | None, str]:
        cluster = build(self.cluster)
        symmetry = cluster.renamed(self.symmetry)
        checkpoints = self._checkpoints(cluster)
        try:
            return (
                cluster,
                self._searched(cluster, symmetry, checkpoints, on_progress),
                checkpoints,
                "",
            )
        except TellsApartError as error:
            # Nobody asked for symmetry, and what it would save is not worth an error.
            if self.symmetry is not None:
                raise
            if checkpoints is not None or self.disk is not None:
                why, how = str(error).partition(",")[0], "disk" if self.disk else "checkpoint"
                raise RequestError(f"{how}: {why}; --no-symmetry goes on") from error
            if self.cluster.keeps_order:
                other = replace(self, cluster=replace(self.cluster, keeps_order=False))
                return other._explored(on_progress)
            note = f"without symmetry: {str(error).partition(',')[0]}"
            cluster = build(self.cluster)
            return cluster, self._searched(cluster, (), None, on_progress), None, note

    def _searched(
        self,
        cluster: Cluster,
        symmetry: tuple[Renamed, ...],
        checkpoints: Checkpoints | None,
        on_progress: Callable[[Progress], None],
    ) -> Report:
        try:
            return search(
                cluster.system,
                cluster.properties,
                symmetry,
                on_progress,
                engine=self.engine,
                threads=self.threads,
                memory=self.memory,
                checkpoints=checkpoints,
                disk=self._disk(cluster),
                ranks=self.ranks,
            )
        except EngineError as error:
            raise RequestError(f"engine native: {error}") from error
        except ValueError as error:
            raise RequestError(f"por: {error}") from error

    def _checkpoints(self, cluster: Cluster) -> Checkpoints | None:
        if self.checkpoints is None:
            return None
        return replace(self.checkpoints, about={**self.checkpoints.about, **self._about(cluster)})

    def _disk(self, cluster: Cluster) -> Disk | None:
        if self.disk is None:
            return None
        return replace(self.disk, about={**self.disk.about, **self._about(cluster)})

    def _about(self, cluster: Cluster) -> dict[str, Any]:
        """Return what the search depends on and its system and properties do not tell."""
        module = self.cluster.properties.spec or INVARIANTS
        return {
            "what is explored": cluster.description,
            "values": cluster.values,
            "the module of properties": digest(module.read_text("utf-8")),
        }


def _known(cluster: ClusterRequest) -> str | None:
    """Return what a bug is known to break, where all properties are asked of it."""
    asked = cluster.properties
    is_narrowed = asked.invariants or asked.witness or asked.spec or asked.bisimulation
    if cluster.bug is None or not asked.beside_bug or is_narrowed or asked.refine:
        return None
    known = EXPLORED[cluster.bug].breaks
    return None if known in asked.excepted else known


def _not_met(known: str, search: Report) -> str:
    """Return what is told where a bug is known to break what was not met."""
    if search.verdict is Verdict.INCOMPLETE:
        return f"{known}, which this bug is known to break: stopped by {search.stopped_by}"
    return f"{known}, which this bug is known to break, holds within these bounds"
