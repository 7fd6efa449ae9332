"""Changes of membership, searched to the end, beside what TLC took for a model of that size.

    python -m tests.benchmarks.membership [--smaller]

Searches two models of one family with the native engine on two cores, all properties on, without
symmetry, and demands the counts that they are known to have:

- a smaller one, which real TLC checks in the same run as well (two workers, the same properties;
  its time is that of its process): the ratio is that of two checkers on one model and one machine;
- one that is at least as large as the largest that is published of a Raft with reconfiguration:
  the ratio is to the time that is published, of another model, on another machine with more cores.
"""

import argparse
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from raft_ref.explorer import Verdict
from raft_ref.features import Feature
from raft_ref.spec.tlc.run import run_tlc
from raft_ref.verify import ExhaustiveCheck, GivenSizes
from raft_ref.verify.cluster import ClusterRequest, build
from raft_ref.verify.model_files import ModelFiles
from tests.benchmarks.measurement import Measurement

THREADS = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A model, and the distinct states and transitions that it is known to have.

    `unreached` is what the search need not reach, of what its bounds allow.
    """

    sizes: GivenSizes
    distinct_states: int
    transitions: int
    unreached: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Published:
    """A search that somebody else made, as they tell it."""

    source: str
    distinct_states: int
    generated_states: int
    seconds: float

    @property
    def rate(self) -> float:
        """Distinct states a second."""
        return self.distinct_states / self.seconds


CCF = Published(
    "CCF's consensus with reconfiguration, TLC (github.com/microsoft/CCF/pull/5973, 8 March 2024)",
    216_000_000,
    965_000_000,
    2.4 * 3600,
)

_FAMILY = GivenSizes(
    servers=3,
    voters=2,
    max_term=2,
    max_snapshot_index=0,
    max_restarts=0,
    max_drops=0,
    max_duplicates=0,
)
SMALLER = Row(
    replace(_FAMILY, max_log_length=2, max_messages=2, max_changes=1),
    60_109,
    171_284,
    # These need a third entry, or a second change.
    frozenset({"SometimesConflictTruncated", "SometimesChangeUndone", "PromoteLearner"}),
)
LARGER = Row(
    replace(
        _FAMILY,
        max_log_length=3,
        max_messages=3,
        max_changes=2,
        max_drops=2,
    ),
    331_596_735,
    1_859_933_543,
)


def command(row: Row) -> str:
    """Return the command that makes one search."""
    words = {"max_log_length": "max-log", "max_snapshot_index": "max-snapshot"}
    options = [
        f"--{words.get(name, name.replace('_', '-'))} {size}"
        for name, size in row.sizes.given().items()
    ]
    options += [f"--allow-unreached {name}" for name in sorted(row.unreached)]
    return f"raft-ref check --with membership --no-symmetry {' '.join(options)}"


def ours(row: Row) -> Measurement:
    """Search with the native engine, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        measured = pool.submit(_searched, row).result()
    demand_equal_counts(row, "native", measured)
    return measured


def _searched(row: Row) -> Measurement:
    asked = ExhaustiveCheck(
        _request(row), symmetry=False, engine="native", threads=THREADS, allowed=row.unreached
    )
    report = asked.run()
    found = report.search
    if report.verdict is not Verdict.HOLDS_WITHIN_BOUNDS:
        raise AssertionError(f"{row.sizes}: {report.verdict}; not reached: {report.unreached}")
    memory = getrusage(RUSAGE_SELF).ru_maxrss * 1024
    return Measurement(found.distinct_states, found.transitions, found.depth, found.seconds, memory)


def tlc(row: Row) -> Measurement:
    """Check the model of the spec with real TLC."""
    with tempfile.TemporaryDirectory() as folder:
        files = ModelFiles(Path(folder), None, has_features=True)
        files.write(build(_request(row)), ())
        found = run_tlc(files.model, files.config, workers=THREADS)
    if found.distinct_states is None or found.generated_states is None:
        raise AssertionError(f"TLC: {row.sizes}:\n{found.output}")
    measured = Measurement(
        found.distinct_states, found.generated_states - 1, found.depth, found.seconds
    )
    demand_equal_counts(row, "TLC", measured)
    return measured


def _request(row: Row) -> ClusterRequest:
    return ClusterRequest(sizes=row.sizes, features=frozenset({Feature.MEMBERSHIP}))


def demand_equal_counts(row: Row, name: str, measured: Measurement) -> None:
    """Raise AssertionError where a search has not counted what the model is known to have."""
    expected, found = ((each.distinct_states, each.transitions) for each in (row, measured))
    if found != expected:
        raise AssertionError(f"{name}: {row.sizes}: counted {found}, expected {expected}")


def lines(row: Row, native: Measurement, peer: Measurement | Published, name: str) -> Iterator[str]:
    """Yield what is told of one model: our search, the peer's, and the ratio of their rates."""
    yield command(row)
    yield _line("native engine, two threads", native.distinct_states, row.transitions, native)
    generated = peer.generated_states if isinstance(peer, Published) else row.transitions
    yield _line(name, peer.distinct_states, generated, peer)
    yield f"  x {native.rate / peer.rate:,.0f} in distinct states a second"
    if native.memory is not None:
        yield f"  {native.memory / row.distinct_states:,.0f} bytes a state"


def _line(name: str, distinct: int, steps: int, told: Measurement | Published) -> str:
    return (
        f"  {name}: {distinct:,} distinct states, {steps:,} steps, "
        f"{told.seconds:,.0f} s, {told.rate:,.0f}/s"
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--smaller", action="store_true", help="the smaller model alone: a minute")
    options = parser.parse_args()
    peers = "TLC, two workers, the same model"
    print("\n".join(lines(SMALLER, ours(SMALLER), tlc(SMALLER), peers)), flush=True)
    if not options.smaller:
        print("\n".join(lines(LARGER, ours(LARGER), CCF, CCF.source)))


if __name__ == "__main__":
    main()
