"""What several checkers found of the same model, side by side, as text and as JSON."""

from collections.abc import Sequence
from typing import Any, Final

from raft_ref.cli.reports import terminal
from raft_ref.cli.reports.checks.explored import setting
from raft_ref.cli.reports.terminal import wrapped
from raft_ref.verify import CheckerResult, ComparisonProgress, ComparisonReport
from raft_ref.verify.comparison import STAGES

_STAGES: Final = dict(
    zip(
        STAGES,
        (
            "the node was explored",
            "MCRaft.tla was checked by the embedded checker",
            "MCRaft.tla was checked by TLC",
            "states were compared, one by one",
            "MCRaft.tla was compared with Raft.tla",
        ),
        strict=True,
    )
)


def progress_line(progress: ComparisonProgress) -> str:
    """Return how far a comparison has come, in one line."""
    if progress.found is not None:
        return f"{progress.at}: {terminal.progress_line(progress.found)}"
    return f"{progress.at}: {progress.seconds:.0f} s in all"


def _verdict(report: ComparisonReport) -> str:
    if report.stopped_in is None:
        return "THE SAME" if report.are_same else "DIFFERENT"
    whole = " and ".join(each.checker for each in report.whole)
    agree = "differ" if report.differences else "agree"
    known = f"; {whole} {agree}" if len(report.whole) > 1 else ""
    at = _named(report, _STAGES[report.stopped_in])
    return f"INCOMPLETE: stopped by interrupt while {at}{known}"


def _named(report: ComparisonReport, text: str) -> str:
    """Return a text about MCRaft.tla and Raft.tla with the names of what was compared."""
    if not report.cluster.features:
        return text
    return text.replace("MCRaft", "MCExtendedRaft").replace(" Raft.tla", " ExtendedRaft.tla")


def as_text(report: ComparisonReport, quiet: bool) -> list[str]:
    """Return a comparison of the node, the spec and TLC as lines."""
    lines = [_verdict(report)]
    if quiet:
        return lines
    table = side_by_side(report.results, report.differences)
    lines += [*setting(report.cluster, report.symmetry), "", *table]
    if report.differences:
        lines += [
            "",
            "where they part: raft-ref check --refine --bisimulation, with the same bounds",
        ]
    if report.original is not None:
        lines += wrapped(_named(report, "MCRaft.tla is not Raft.tla"), [report.original])
    if len(report.results) == 2 and report.stopped_in in (None, *STAGES[3:]):
        lines.append("TLC is not installed: install the extra, raft-ref[tlc]")
    return lines if report.states is None else [*lines, "", *_states(report)]


def as_json(report: ComparisonReport) -> dict[str, Any]:
    """Return a comparison as a JSON object."""
    states = None
    if report.states is not None:
        states = [
            {"has": e.has, "has_not": e.has_not, "number": e.number, "example": e.example}
            for e in report.states
        ]
    return {
        "same": report.are_same,
        "stopped_in": report.stopped_in,
        "differences": report.differences,
        "original": report.original,
        "columns": {each.checker: result_as_json(each) for each in report.results},
        "states": states,
    }


def result_as_json(result: CheckerResult) -> dict[str, Any]:
    """Return what one checker found as a JSON object."""
    named = {name.replace(" ", "_"): found for name, found in result.rows().items()}
    return {**named, "seconds": round(result.seconds, 3)}


def side_by_side(results: Sequence[CheckerResult], differ: Sequence[str]) -> list[str]:
    """Return a table of lines, one for each thing that is compared; what differs is marked."""
    rows = [["", *(each.checker for each in results), ""]]
    for name in results[0].rows():
        cells = [_cell(each.rows()[name]) for each in results]
        rows.append([name, *cells, "<- differs" if name in differ else ""])
    rows.append(["seconds", *(f"{each.seconds:.1f}" for each in results), ""])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if 0 < place < len(row) - 1 else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _cell(found: Any) -> str:
    if found is None:
        return "-"
    return f"{found:,}" if isinstance(found, int) else str(found)


def _states(report: ComparisonReport) -> list[str]:
    if not report.apart:
        names = " and ".join(each.checker for each in report.results)
        return [f"states, one by one: the same in {names}"]
    return [
        f"states that {each.has} has and {each.has_not} has not: {each.number:,}, such as\n"
        f"    {each.example}"
        for each in report.apart
    ]
