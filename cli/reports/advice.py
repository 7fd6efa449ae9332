"""What the logs in recorded traces lack, as prose and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from raft_ref.traces.validation.advice import Advice, AdviceReport, Measured

MOST_SHOWN = 8
"""How many lacks of a file are shown where not all are asked for."""


def as_text(found: Advice, *, is_whole: bool) -> Iterator[str]:
    """Yield what the log in one file lacks, line by line; of much only the first, if not whole."""
    if found.measured is None:
        yield f"BAD INPUT: {found.problem}"
        return
    yield f"{found.path}: {found.lines:,} lines of {len(found.servers)} servers"
    yield f"  {_measured(found.measured)}"
    if found.measured.spare:
        names = ", ".join(found.measured.spare)
        yield f'  "silent" can be without {names}: more is refused then, and sooner'
    shown = found.lacks if is_whole else found.lacks[:MOST_SHOWN]
    yield "  what to log besides, what is worth most first:" if shown else "  nothing is left out"
    for each in shown:
        told = f" (told {each.told:,} of {each.could:,})" if each.could else ""
        yield f"    {each.what}{told}: {each.buys}"
    if left := len(found.lacks) - len(shown):
        yield f"    and {left} more (--all)"


def _measured(found: Measured) -> str:
    readings = f"{found.readings} reading{'s' if found.readings > 1 else ''} at most"
    where = "" if found.line is None else f", at line {found.line}"
    differing = f", which differ in {found.differing}" if found.differing else ""
    end = f"; no further than {found.lines:,} lines: {found.reason}" if found.reason else ""
    return f"followed in every way: {readings}{where}{differing}{end}"


def as_json(report: AdviceReport) -> dict[str, Any]:
    """Return the same as a JSON object."""
    return {
        "interrupted": report.is_interrupted,
        "traces": [
            {
                "path": str(each.path),
                "problem": each.problem,
                "lines": each.lines,
                "servers": [*each.servers],
                "followed": None if each.measured is None else asdict(each.measured),
                "lacks": [asdict(lack) for lack in each.lacks],
            }
            for each in report.files
        ],
    }
