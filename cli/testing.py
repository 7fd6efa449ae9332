"""`raft-ref conform` from a test of one's own, in the same process: one function, a seed, a report.

    from raft_ref.cli.testing import conform

    def test_it_conforms() -> None:
        conform(MyCluster, seed=1, runs=100)

What answers is a whole cluster (traces/ADAPTER.md); `raft-ref new adapter --lang python` writes
one that needs the methods of a server alone. A debugger stops in it, and its coverage is measured.
"""

from collections.abc import Callable, Collection

from raft_ref.cli.reports.conformance import as_text
from raft_ref.traces.conformance import (
    Answering,
    Conformance,
    ConformanceReport,
    HuntRequest,
    Likely,
)
from raft_ref.traces.conformance.driving import RUNS, STEPS, Network
from raft_ref.traces.profiles import profile_of


class NotConformingError(AssertionError):
    """What stands against an implementation, or is open, as prose; with the `report`."""

    def __init__(self, report: ConformanceReport) -> None:
        super().__init__("\n".join(as_text(report)))
        self.report = report


def conform(
    make: Callable[[], Answering],
    *,
    seed: int | None = None,
    runs: int = RUNS,
    steps: int = STEPS,
    servers: int = 3,
    network: Network = "set",
    without: Collection[str] = (),
    known: Collection[str] = (),
) -> ConformanceReport:
    """Hunt through schedules drawn by chance, and return the report of what conforms.

    Arguments: what makes a cluster that answers requests; the seed (None: a new one, which is told
    with what is found); how many schedules, of how many steps each, of how many servers; whether
    messages come in any order or, with "fifo", as over connections; steps that are not asked for;
    kinds that stand against nobody, as a report prints them. Raises `NotConformingError` for any
    other verdict, `RequestError` for numbers that cannot be, `AdapterError` for an answer that
    makes no sense.
    """
    request = HuntRequest(
        make,
        profile_of("raft-ref"),
        tuple(f"s{number + 1}" for number in range(servers)),
        network,
        seed,
        runs,
        steps,
        likely=Likely(frozenset(without)),
        known=frozenset(known),
    )
    report = request.run()
    if report.outcome is not Conformance.CONFORMS:
        raise NotConformingError(report)
    return report
