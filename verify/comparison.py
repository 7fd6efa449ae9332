"""What several checkers found of the same model, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from raft_ref import explorer
from raft_ref.spec.checker.verdict import Report, Verdict
from raft_ref.spec.tlc.run import TlcResult

_COUNTS = ("distinct states", "generated states", "depth")


@dataclass(frozen=True, slots=True)
class Figures:
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
        """Return the figures by name."""
        return {
            "verdict": self.verdict,
            "violated": self.violated,
            "distinct states": self.distinct,
            "generated states": self.generated,
            "depth": self.depth,
            "counterexample": self.steps,
        }

    def as_json(self) -> dict[str, Any]:
        """Return the figures for machines."""
        named = {name.replace(" ", "_"): figure for name, figure in self.rows().items()}
        return {**named, "seconds": round(self.seconds, 3)}


def of_report(report: Report) -> Figures:
    """Return the figures of the embedded checker."""
    behavior = report.counterexample
    return Figures(
        "embedded",
        report.verdict.value,
        report.violated,
        report.distinct_states,
        report.generated_states,
        report.depth,
        None if behavior is None else len(behavior.steps),
        report.seconds,
    )


def of_tlc(result: TlcResult, report: Report | None = None) -> Figures:
    """Return the figures of real TLC.

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
    return Figures(
        "TLC",
        verdict.value,
        violated,
        result.distinct_states,
        result.generated_states,
        result.depth,
        result.steps,
        result.seconds,
    )


def of_exploration(report: explorer.Report) -> Figures:
    """Return the figures of the explorer, which does not count the initial state as generated."""
    found = report.counterexample
    holds = report.verdict is explorer.Verdict.HOLDS_WITHIN_BOUNDS
    return Figures(
        "node",
        Verdict.HOLDS.value if holds else report.verdict.value,
        None if found is None else found.prop.name,
        report.distinct_states,
        report.transitions + 1,
        report.depth,
        None if found is None else len(found.events) + 1,
        report.seconds,
    )


def differences(columns: Sequence[Figures]) -> list[str]:
    """Return the names of the figures that are not the same in all columns."""
    holds = all(each.verdict == Verdict.HOLDS.value for each in columns)
    return [
        name
        for name in columns[0].rows()
        if (holds or name not in _COUNTS) and len({each.rows()[name] for each in columns}) > 1
    ]


def side_by_side(columns: Sequence[Figures]) -> list[str]:
    """Return a table of lines, one for each figure; what differs is marked."""
    differ = differences(columns)
    rows = [["", *(each.checker for each in columns), ""]]
    for name in columns[0].rows():
        cells = [_cell(each.rows()[name]) for each in columns]
        rows.append([name, *cells, "<- differs" if name in differ else ""])
    rows.append(["seconds", *(f"{each.seconds:.1f}" for each in columns), ""])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if 0 < place < len(row) - 1 else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _cell(figure: Any) -> str:
    if figure is None:
        return "-"
    return f"{figure:,}" if isinstance(figure, int) else str(figure)
