"""An exhaustive check: every state within the bounds, breadth first."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from raft_ref.explorer import (
    Checkpoints,
    Counterexample,
    EngineError,
    EngineName,
    Progress,
    Report,
    Verdict,
    search,
)
from raft_ref.explorer.engines.checkpoint import digest
from raft_ref.spec.link import INVARIANTS
from raft_ref.spec.requests import RequestError
from raft_ref.verify.cluster import Cluster, ClusterRequest, Symmetry, build


@dataclass(frozen=True, slots=True)
class ExhaustiveReport:
    """What became of it: `search` has the explorer's own report.

    `checkpoints` says where what was found is kept, if it is.
    """

    cluster: Cluster
    search: Report
    checkpoints: Checkpoints | None

    @property
    def verdict(self) -> Verdict:
        """How the search ended."""
        return self.search.verdict

    @property
    def counterexample(self) -> Counterexample | None:
        """A shortest one, if a property is violated."""
        return self.search.counterexample

    @property
    def seconds(self) -> float:
        """Time taken, in all runs that went on with each other's checkpoints."""
        return self.search.seconds


@dataclass(frozen=True, slots=True)
class ExhaustiveCheck:
    """Explore a cluster within its bounds.

    `engine`, `threads` and `memory` are as in `explorer.search`; so are `checkpoints`, but for what
    they are about, which is found here.
    """

    cluster: ClusterRequest = field(default_factory=ClusterRequest)
    symmetry: Symmetry = None
    engine: EngineName = "auto"
    threads: int | None = None
    memory: int | None = None
    checkpoints: Checkpoints | None = None

    def run(
        self, on_progress: Callable[[Progress], None] = lambda progress: None
    ) -> ExhaustiveReport:
        """Search, and report. Raises `CheckpointError` too."""
        cluster = build(self.cluster)
        symmetry = cluster.renamed(self.symmetry)
        checkpoints = self._checkpoints(cluster)
        try:
            report = search(
                cluster.system,
                cluster.properties,
                symmetry,
                on_progress,
                engine=self.engine,
                threads=self.threads,
                memory=self.memory,
                checkpoints=checkpoints,
            )
        except EngineError as error:
            raise RequestError(f"engine native: {error}") from error
        except ValueError as error:
            raise RequestError(f"por: {error}") from error
        return ExhaustiveReport(cluster, report, checkpoints)

    def _checkpoints(self, cluster: Cluster) -> Checkpoints | None:
        if self.checkpoints is None:
            return None
        module = self.cluster.properties.spec or INVARIANTS
        about = {
            "what is explored": cluster.description,
            "values": cluster.values,
            "the module of properties": digest(module.read_text("utf-8")),
        }
        return replace(self.checkpoints, about={**self.checkpoints.about, **about})
