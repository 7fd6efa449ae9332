"""All that is violated: a check again and again, each time without what was found before.

Each violation is as short as the check finds it alone; the check that finds no other says what the
rest of the properties is worth.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from raft_ref.explorer import Verdict
from raft_ref.traces import Trace
from raft_ref.verify.checks.check import CheckReport
from raft_ref.verify.cluster import Cluster


@dataclass(frozen=True, slots=True)
class AllViolationsReport:
    """What became of it: `violations`, the shortest first, and the check of what is left.

    `rest` found nothing more, or was stopped before it could.
    """

    violations: Sequence[CheckReport]
    rest: CheckReport

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        return Verdict.VIOLATED if self.violations else self.rest.verdict

    @property
    def is_whole(self) -> bool:
        """Whether nothing more is violated within what was searched."""
        return self.rest.verdict is not Verdict.INCOMPLETE

    @property
    def cluster(self) -> Cluster:
        """What was checked, with the properties that are left."""
        return self.rest.cluster

    @property
    def seconds(self) -> float:
        """Time taken by all."""
        return sum(each.seconds for each in (*self.violations, self.rest))

    def traces(self, source: str = "") -> dict[str, Trace]:
        """Return the counterexamples, each by the name of its property."""
        found = [trace for each in self.violations if (trace := each.trace(source)) is not None]
        return {trace.violation.property: trace for trace in found if trace.violation is not None}

    def trace(self, source: str = "") -> Trace | None:
        """Return the shortest counterexample, if there is one."""
        return next(iter(self.traces(source).values()), None)


@dataclass(frozen=True, slots=True)
class AllViolationsCheck:
    """Repeat a check without the properties that it finds violated, until it finds no more.

    `check` is an exhaustive one, one of the ladder, or walks: a request with a `cluster`.
    """

    check: Any

    def run(
        self, on_progress: Callable[[Any], None] = lambda progress: None
    ) -> AllViolationsReport:
        """Check, and report. Raises what the check raises."""
        found: dict[str, CheckReport] = {}
        while True:
            report: CheckReport = self._without(found).run(on_progress)
            name = _violated(report)
            if name is None or name in found:
                break
            found[name] = report
        return AllViolationsReport(sorted(found.values(), key=_length), report)

    def _without(self, names: Collection[str]) -> Any:
        cluster = self.check.cluster
        asked = cluster.properties
        asked = replace(asked, excepted=(*asked.excepted, *names))
        return replace(self.check, cluster=replace(cluster, properties=asked))


def _violated(report: CheckReport) -> str | None:
    trace = report.trace()
    return None if trace is None or trace.violation is None else trace.violation.property


def _length(report: CheckReport) -> int:
    trace = report.trace()
    return 0 if trace is None else len(trace.steps)
