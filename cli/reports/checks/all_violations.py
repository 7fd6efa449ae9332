"""All that a check found violated, one after the other, as text and as JSON."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from raft_ref.cli.options.output import Output
from raft_ref.cli.reports.pictures import Written
from raft_ref.verify import AllViolationsReport

ASKED = "--all-violations"


def as_text(
    report: AllViolationsReport, reports: Any, output: Output, tell: Callable[[Any], list[str]]
) -> list[str]:
    """Return a report as lines: each violation with its story, then what is left.

    `reports` is the module that tells a report of one check, `tell` gives the story of a trace.
    """
    one = _of_one(output)
    lines = _head(report)
    for number, each in enumerate(report.violations, start=1):
        trace = each.trace()
        story = [] if trace is None or output.quiet else ["", *tell(trace)]
        first, *more = reports.as_text(each, one)
        lines += ["", f"{number}. {first}", *more, *story]
    left = "the other properties: " if report.violations else ""
    first, *more = reports.as_text(report.rest, one)
    return [*lines, *([""] if lines else []), f"{left}{first}", *more]


def as_json(
    report: AllViolationsReport, reports: Any, output: Output, where: Mapping[str, Written]
) -> dict[str, Any]:
    """Return a report as a JSON object; `where` each counterexample was written to, by property."""
    one = _of_one(output)
    return {
        "verdict": report.verdict.value,
        "is_whole": report.is_whole,
        "seconds": round(report.seconds, 3),
        "violations": [
            reports.as_json(each, one, where[name])
            for name, each in zip(report.traces(), report.violations, strict=True)
        ],
        "rest": reports.as_json(report.rest, one, Written()),
    }


def _head(report: AllViolationsReport) -> list[str]:
    if not report.violations:
        return []
    found = [f"{name} in {len(trace.steps)} steps" for name, trace in report.traces().items()]
    many = "1 property" if len(found) == 1 else f"{len(found)} properties"
    least = "" if report.is_whole else " at least"
    return [f"VIOLATED: {many}{least}: {', '.join(found)}"]


def _of_one(output: Output) -> Output:
    """Return what is wanted of one check, whose command has not asked for all."""
    return replace(output, words=tuple(word for word in output.words if word != ASKED))
