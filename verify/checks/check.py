"""The face that all kinds of check have: a request is run, and answers with a report.

Requests are values: they can be made one after the other, changed with `dataclasses.replace`, and
run in any order. What all reports have in common is what a verdict on several of them needs: the
worst of their verdicts, the counterexample of the first that has one, the sum of their seconds.
"""

from collections.abc import Callable
from typing import Any, Protocol

from raft_ref.explorer import Verdict
from raft_ref.traces import Trace
from raft_ref.verify.cluster import Cluster, ClusterRequest


class CheckReport(Protocol):
    """What every kind of check says in the end; each says more of its own."""

    @property
    def verdict(self) -> Verdict:
        """How the check ended; never rounded up."""

    @property
    def cluster(self) -> Cluster:
        """What was checked: the system within its bounds, and its properties."""

    @property
    def seconds(self) -> float:
        """Time taken."""

    def trace(self, source: str = "") -> Trace | None:
        """Return the counterexample as a trace, if there is one, from `source`."""


class Check(Protocol):
    """A request. `run` calls `on_progress` now and then with what the kind says of its progress.

    It raises `RequestError` where the request makes no sense, `SpecError` where a module of
    properties does not, and `ActorError` where a node breaks its protocol. An interrupt (Ctrl-C)
    ends it early, and the report says so.
    """

    @property
    def cluster(self) -> ClusterRequest:
        """What is to be checked."""

    def run(self, on_progress: Callable[[Any], None] = ...) -> CheckReport:
        """Do what is asked for."""


def trace_of(report: CheckReport, source: str = "") -> Trace | None:
    """Return the counterexample of a report as a trace, if it has one.

    `source` says where the trace comes from, a command for instance.
    """
    return report.trace(source)
