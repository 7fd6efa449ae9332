"""Which scenarios were found, as prose and as JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from raft_ref.traces.conformance import ScenariosReport


def as_text(report: ScenariosReport, directory: Path) -> Iterator[str]:
    """Yield what was written to a directory, and what it covers, line by line."""
    steps = sum(map(len, report.ways))
    yield f"{len(report.ways):,} scenarios of {steps:,} steps written to {directory}"
    clusters = f"{len(report.found)} cluster{'s' if len(report.found) > 1 else ''}"
    yield (f"  explored: {clusters}, {report.states:,} states, {report.transitions:,} transitions")
    covered = ", ".join(f"{count:,} {what}" for what, count in report.covered.items())
    yield f"  covered: {covered}"
    if report.missing:
        yield "  not met within the bounds, or where the spec does not allow the step:"
        yield from (f"    {each}" for each in report.missing)


def as_json(report: ScenariosReport, directory: Path) -> dict[str, Any]:
    """Return the same as a JSON object."""
    return {
        "directory": str(directory),
        "scenarios": len(report.ways),
        "steps": sum(map(len, report.ways)),
        "states": report.states,
        "transitions": report.transitions,
        "covered": dict(report.covered),
        "missing": [*report.missing],
    }
