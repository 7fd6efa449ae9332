"""Random small searches, and what each finds by any engine.

`mpirun -n N python -m tests.support.configurations FILE` searches those that were pickled to FILE
with so many ranks, and writes beside it what was found.
"""

import pickle
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from raft_ref.bugs import BUGS
from raft_ref.explorer import Report, search
from raft_ref.explorer.engines.together.ranks import world
from raft_ref.features import MAX_READS, MAX_ROUNDS, Feature
from raft_ref.features.bugs import FEATURE_BUGS, READ_BUGS
from raft_ref.spec.link import PROGRESS, REFINEMENT
from raft_ref.verify import ClusterRequest, GivenSizes, PropertyRequest
from raft_ref.verify.cluster import build
from raft_ref.zoo import EXPLORED
from tests.support.reports import content


@dataclass(frozen=True)
class Configuration:
    """What is searched, and what is renamed."""

    request: ClusterRequest
    symmetry: tuple[Any, ...]

    def searched(self, **how: Any) -> Report:
        """Search it; each time a cluster of its own, as no engine shares one with another."""
        made = build(self.request)
        return search(made.system, made.properties, made.renamed(self.symmetry), **how)


_ON = (
    frozenset[Feature](),
    frozenset({Feature.PRE_VOTE}),
    frozenset({Feature.CHECK_QUORUM, Feature.LEADERSHIP_TRANSFER}),
    frozenset({Feature.READ_INDEX}),
    frozenset({Feature.READ_INDEX, Feature.LEASES}),
)


@st.composite
def configurations(draw: st.DrawFn, deepest: int = 14) -> Configuration:
    """Draw a cluster, of a bug or with features or neither, its bounds and its properties."""
    features = draw(st.sampled_from(_ON))
    bugs = [None] if features else [None, *BUGS, *FEATURE_BUGS, *READ_BUGS]
    bug = draw(st.sampled_from(bugs))
    sizes = GivenSizes(
        servers=draw(st.sampled_from([2, 2, 3])),
        values=draw(st.integers(0, 2)),
        max_term=draw(st.integers(1, 2)),
        max_log_length=draw(st.integers(0, 1)),
        max_snapshot_index=draw(st.integers(0, 1)),
        max_messages=draw(st.sampled_from([1, 2, 2, 30])),
        max_restarts=draw(st.integers(0, 1)),
        max_drops=draw(st.integers(0, 1)),
        max_duplicates=draw(st.integers(0, 1)),
    )
    # The plain engine searches all of them: what branches is not searched so deep.
    far = 5 if sizes.max_messages == 30 else 8 if bug not in BUGS and (features or bug) else 14
    has_reads = Feature.READ_INDEX in features or bug in READ_BUGS
    # A bug is asked for what it breaks, which may be the refinement.
    is_refined = draw(st.booleans()) or (bug is not None and EXPLORED[bug].breaks == REFINEMENT)
    request = ClusterRequest(
        bug=bug,
        features=features,
        sizes=sizes,
        bounds={MAX_READS: 1, MAX_ROUNDS: 1} if has_reads else {},
        depth=min(far, deepest, draw(st.sampled_from([1, 4, 9, 14]))),
        network=draw(st.sampled_from(["set", "fifo"])),
        # Of progress nothing can be asked within a depth.
        properties=PropertyRequest(refine=is_refined, excepted=(PROGRESS,)),
    )
    renamed = [(), ("servers",), ("values",), ("servers", "values")]
    return Configuration(request, draw(st.sampled_from(renamed)))


def main() -> None:
    """Search what is in a file, all ranks together."""
    path = Path(sys.argv[1])
    ranks = world()
    reports = [
        content(each.searched(engine="native", threads=1, ranks=ranks))
        for each in pickle.loads(path.read_bytes())
    ]
    if ranks is None or ranks.rank == 0:
        path.with_suffix(".found").write_bytes(pickle.dumps(reports))


if __name__ == "__main__":
    main()
