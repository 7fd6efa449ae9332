"""What several checkers found of the same model, in the same words: explorer, embedded, TLC."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from raft_ref import explorer
from raft_ref.spec.checker.verdict import Report, Verdict
from raft_ref.spec.tlc.run import TlcResult

_COUNTS = ("distinct states", "generated states", "depth")


@dataclass(frozen=True, slots=True)
class CheckerResult:
    """What one checker found; `steps` are the states of its counterexample.

    Where something is violated, the counts depend on the order in which a checker goes on, and
    are not held against another's.
    """

    checker: str
    verdict: str
    violated: str | None
    distinct: int | None
    generated: int | None
    depth: int | None
    steps: int | None
    seconds: float

    def rows(self) -> dict[str, Any]:
        """Return what is compared, by name."""
        return {
            "verdict": self.verdict,
            "violated": self.violated,
            "distinct states": self.distinct,
            "generated states": self.generated,
            "depth": self.depth,
            "counterexample": self.steps,
        }


class Progress(Protocol):
    """How far a search has come, whoever searches."""

    @property
    def distinct_states(self) -> int:
        """States found."""

    @property
    def depth(self) -> int:
        """Levels of states."""

    @property
    def queue(self) -> int:
        """States found and not expanded yet."""

    @property
    def seconds(self) -> float:
        """Time taken."""


def of_report(report: Report) -> CheckerResult:
    """Return the result of the embedded checker."""
    behavior = report.counterexample
    is_good = report.verdict in (Verdict.HOLDS_IN_PART, Verdict.NOTHING_ASKED)
    return CheckerResult(
        "embedded",
        (Verdict.HOLDS if is_good else report.verdict).value,
        report.violated,
        report.distinct_states,
        report.generated_states,
        report.depth,
        None if behavior is None else len(behavior.steps),
        report.seconds,
    )


def of_tlc(result: TlcResult, report: Report | None = None) -> CheckerResult:
    """Return the result of real TLC.

    TLC calls part of a property by its place; where that is what `report` says is violated, it
    has the same name here.
    """
    violated = result.violated
    if report is not None and report.violated_at is not None:
        at = report.violated_at
        if violated == f"line {at.line}, col {at.column}":
            violated = report.violated
    is_bad = violated is not None
    verdict = Verdict.HOLDS if result.ok else Verdict.VIOLATED if is_bad else Verdict.ERROR
    return CheckerResult(
        "TLC",
        verdict.value,
        violated,
        result.distinct_states,
        result.generated_states,
        result.depth,
        result.steps,
        result.seconds,
    )


def of_exploration(report: explorer.Report) -> CheckerResult:
    """Return the result of the explorer, which does not count the initial state as generated."""
    found = report.counterexample
    holds = report.verdict is explorer.Verdict.HOLDS_WITHIN_BOUNDS
    return CheckerResult(
        "node",
        Verdict.HOLDS.value if holds else report.verdict.value,
        None if found is None else found.prop.name,
        report.distinct_states,
        report.transitions + 1,
        report.depth,
        None if found is None else len(found.events) + 1,
        report.seconds,
    )


def differences(results: Sequence[CheckerResult]) -> list[str]:
    """Return the names of what is not the same in all results."""
    holds = all(each.verdict == Verdict.HOLDS.value for each in results)
    return [
        name
        for name in results[0].rows()
        if (holds or name not in _COUNTS) and len({each.rows()[name] for each in results}) > 1
    ]
