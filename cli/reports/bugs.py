"""What became of looking for known bugs, as text and as JSON."""

import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from raft_ref.bugs import Bug
from raft_ref.server.simulation.bugs import SERVER_BUGS, ServerBug
from raft_ref.traces import tell
from raft_ref.traces.drawing.history import Operation
from raft_ref.verify import BugReport
from raft_ref.zoo import EXPLORED, WAITING

_COLUMNS = ("bug", "seen in", "breaks", "found by", "steps", "states", "seconds")
_NO_ORDER = "what clients saw, in seconds; no order of these operations explains it:"


# Known bugs, looked for or not


def known() -> list[dict[str, Any]]:
    """Return the known bugs of a node, for machines."""
    return [
        {
            "name": name,
            "rule": bug.rule,
            "breaks": bug.breaks,
            "seen_in": bug.seen_in,
            "bounds": dict(bug.within),
        }
        for name, bug in EXPLORED.items()
    ]


def known_as_text() -> list[str]:
    """Return the known bugs of a node, as lines."""
    return [
        f"{bug['name']}\n    {bug['rule']}\n    breaks {bug['breaks']}; {bug['seen_in']}"
        for bug in known()
    ]


# One bug


def as_text(report: BugReport) -> Iterator[str]:
    """Yield what the bug is, where it was seen, how it was found, its source, and its story."""
    yield report.name
    for line in (report.bug.rule, f"seen in: {report.bug.seen_in}", *_how(report)):
        yield from textwrap.wrap(
            line, 80, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
        )
    yield ""
    yield "the rule, and what the mutant makes of it:"
    yield from (f"  {rule}" for rule in [*_rules(report.part)] or [report.bug.rule])
    yield ""
    yield textwrap.indent(inspect.getsource(report.part).rstrip(), "    ")
    yield ""
    yield from _story(report)


def _rules(part: type[Any]) -> Iterator[str]:
    """Yield what a mutant changes as it is without it: each rule by its first line."""
    for name in vars(part):
        found = (vars(base)[name] for base in part.__mro__[1:-1] if name in vars(base))
        rule = next(found, None)
        if callable(rule) and rule.__doc__:
            yield rule.__doc__.strip().partition("\n")[0]
        elif isinstance(rule, frozenset):
            yield f"{name}: {', '.join(sorted(rule))}"


def as_json(report: BugReport) -> dict[str, Any]:
    """Return a report as a JSON object."""
    return {**_row(report), "rule": report.bug.rule, "story": [*_story(report)]}


def _how(report: BugReport) -> Iterator[str]:
    bug = report.bug
    if isinstance(bug, Bug):
        yield f"breaks {bug.breaks} within: {_sizes(bug.bounds)} (one less of any, and it does not)"
        if bug.shown_within:
            yield f"shown within: {_sizes(bug.shown_within)}, where the way is the shortest of all"
        counted = f"in {report.steps} steps, among {report.tried:,} states"
    else:
        yield f"breaks {bug.breaks}: what clients see cannot be explained by one store"
        counted = f"with {report.steps} operations of clients, in trial {report.tried:,}"
    if report.steps is None:
        yield "SURVIVES: it was not found"
    else:
        yield f"found {counted}, in {report.seconds:.1f} s"
    if report.shown != report.steps:
        yield f"shown in {report.shown} steps: those that only make room for messages are left out"


def _sizes(bounds: Mapping[str, int]) -> str:
    return ", ".join(f"{bound} {limit}" for bound, limit in bounds.items())


def _story(report: BugReport) -> Iterator[str]:
    if report.trace is not None:
        yield from tell(report.trace)
    if report.operations:
        yield _NO_ORDER
        yield from (f"  {_when(each)}  {each.text}" for each in report.operations)


def _when(seen: Operation) -> str:
    until = "?" if seen.end is None else f"{seen.end:.3f}"
    return f"{seen.start:.3f} to {until:>5}"


# All bugs


def title() -> str:
    """Return the first line of the table of bugs."""
    return _line(_COLUMNS)


def row(report: BugReport) -> str:
    """Return the line of one bug in the table."""
    bug, steps = report.bug, "SURVIVES" if report.steps is None else str(report.steps)
    return _line((
        report.name, bug.seen_in, bug.breaks, bug.found_by, steps, f"{report.tried:,}",
        f"{report.seconds:.1f}",
    ))  # fmt: skip


def summary(reports: Sequence[BugReport], left: int) -> Iterator[str]:
    """Yield what stands below the table; `left` is how many bugs were not searched for."""
    found = sum(each.steps is not None for each in reports)
    seconds = sum(each.seconds for each in reports)
    stopped = f"; interrupted, {left} not searched" if left else ""
    yield f"{found} of {len(reports)} found in {seconds:.1f} s{stopped}"
    yield "\nwaiting for what the node does not have:"
    for lacking, bugs in WAITING.items():
        yield f"  {lacking}: {', '.join(f'{name} ({seen})' for name, seen in bugs.items())}"


def all_as_json(reports: Sequence[BugReport], left: int) -> dict[str, Any]:
    """Return what became of all bugs as a JSON object."""
    return {"bugs": [*map(_row, reports)], "not_searched": left, "waiting": WAITING}


def _row(report: BugReport) -> dict[str, Any]:
    return {
        "name": report.name,
        "seen_in": report.bug.seen_in,
        "breaks": report.bug.breaks,
        "found_by": report.bug.found_by,
        "steps": report.steps,
        "tried": report.tried,
        "seconds": report.seconds,
    }


def _line(cells: tuple[str, ...]) -> str:
    """Return a line of the table: texts as wide as the widest of all bugs, then numbers."""
    bugs: dict[str, Bug | ServerBug] = {**EXPLORED, **SERVER_BUGS}
    texts = [(name, bug.seen_in, bug.breaks, bug.found_by) for name, bug in bugs.items()]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, *(cell.rjust(8) for cell in cells[len(widths) :])]).rstrip()
