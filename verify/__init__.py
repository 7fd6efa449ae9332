"""A cluster of nodes, and what can be asked of it: node, explorer, spec and traces joined.

In: a request, a frozen dataclass that says all that the answer depends on. Out: a report, from its
method `run`; nothing is printed. What a request gets wrong is a `RequestError`.

    report = ExhaustiveCheck(ClusterRequest(bug="vote-not-persisted")).run()
    trace = trace_of(report)

`cluster` builds what is explored, with its properties; `checks` are exhaustive, by random walks, or
of the proof's conjuncts, and the `ladder` is many of them, where nobody says how far; `vacuity` and
`calibration` say what their verdicts are worth. `bug_search` finds known bugs again, and `gallery`
shows them; `comparison` holds the node against Raft.tla (in `model_files`) and TLC, whose results
are alike (`checkers`); `spec_check` checks a specification, `conjecture` a formula in the words of
the proof; `exploring` walks through a cluster step by step. `state_graphs` and `automaton` draw
what a cluster can reach; `trace_properties` is what the spec says of a trace, and `replay` what its
own node does.
"""

import importlib
from typing import TYPE_CHECKING, Any

from raft_ref.spec.requests import RequestError
from raft_ref.verify.automaton import automaton, role_changes, unseen
from raft_ref.verify.checkers import CheckerResult, differences
from raft_ref.verify.checks.all_violations import AllViolationsCheck, AllViolationsReport
from raft_ref.verify.checks.check import Check, CheckReport, trace_of
from raft_ref.verify.checks.exhaustive import ExhaustiveCheck, ExhaustiveReport
from raft_ref.verify.checks.liveness import LivenessCheck, LivenessReport
from raft_ref.verify.checks.merging import MergedReport, MergeRequest
from raft_ref.verify.checks.walks import RandomCheck, RandomReport
from raft_ref.verify.cluster import (
    DEFAULTS,
    Cluster,
    ClusterRequest,
    GivenSizes,
    Symmetry,
    build,
)
from raft_ref.verify.cluster.properties import PropertyRequest
from raft_ref.verify.comparison import (
    Comparison,
    ComparisonProgress,
    ComparisonReport,
    StatesApart,
)
from raft_ref.verify.ladder.ladder import LadderCheck, LadderProgress, LadderReport, RungReport
from raft_ref.verify.replay import NotTakenError, annotated, asked_annotations
from raft_ref.verify.spec_check import SpecCheck, SpecReport
from raft_ref.verify.state_graphs import GraphRequest
from raft_ref.verify.trace_properties import annotations

if TYPE_CHECKING:
    from raft_ref.verify.bug_search import (
        ZOO,
        BugReport,
        find,
    )
    from raft_ref.verify.checks.conjuncts import ConjunctsCheck as ConjunctsCheck
    from raft_ref.verify.checks.conjuncts import ConjunctsReport as ConjunctsReport

__all__ = [
    "DEFAULTS",
    "ZOO",
    "AllViolationsCheck",
    "AllViolationsReport",
    "BugReport",
    "Check",
    "CheckReport",
    "CheckerResult",
    "Cluster",
    "ClusterRequest",
    "Comparison",
    "ComparisonProgress",
    "ComparisonReport",
    "ExhaustiveCheck",
    "ExhaustiveReport",
    "GivenSizes",
    "GraphRequest",
    "LadderCheck",
    "LadderProgress",
    "LadderReport",
    "LivenessCheck",
    "LivenessReport",
    "MergeRequest",
    "MergedReport",
    "NotTakenError",
    "PropertyRequest",
    "RandomCheck",
    "RandomReport",
    "RequestError",
    "RungReport",
    "SpecCheck",
    "SpecReport",
    "StatesApart",
    "Symmetry",
    "annotated",
    "annotations",
    "asked_annotations",
    "automaton",
    "build",
    "differences",
    "find",
    "role_changes",
    "trace_of",
    "unseen",
]


_LATE = {
    "ConjunctsCheck": "checks.conjuncts",  # needs z3, an extra
    "ConjunctsReport": "checks.conjuncts",
    "ZOO": "bug_search",  # needs the server and its simulation, which take their time to import
    "BugReport": "bug_search",
    "find": "bug_search",
}
"""What is imported when it is first asked for, and from where.

What needs z3 is not in `__all__`, so that all of that can be imported without.
"""


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATE[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__]
