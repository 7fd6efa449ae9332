"""`raft-ref bugs`: known bugs of Raft implementations, each found again."""

import argparse
import inspect
import json
import textwrap
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from explorer import Report, search
from raft_ref import Node
from raft_ref.bugs import BUGS, Bug
from raft_ref_cli import check
from raft_ref_cli.cluster import Cluster, build
from raft_ref_cli.errors import UsageError, demand_writable
from raft_ref_cli.pictures import drawn
from raft_ref_cli.symmetry import symmetry_of
from raft_ref_cli.terminal import live_progress
from traces import draw, tell
from traces.record import trace_of

EXIT_CODES = "exit codes: 0 each is found; 1 one survives; 2 bad usage; 3 stopped early"

EXAMPLES = """\
examples:
  raft-ref bugs
  raft-ref bugs vote-not-persisted --diagram bug.svg
"""


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `raft-ref`."""
    parser = commands.add_parser(
        "bugs",
        help="known bugs of Raft implementations, each found again",
        description="Search for each known bug, as a mutant of the reference node that changes one "
        "rule, within the smallest bounds in which it shows. With a name, tell that one's story.",
        epilog=f"{EXAMPLES}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="a bug, by its name")
    parser.add_argument("--diagram", type=Path, metavar="FILE", help="draw its counterexample")
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


@dataclass(frozen=True)
class Row:
    """What was found of one bug; `steps` is None for one that survives."""

    name: str
    seen_in: str
    breaks: str
    steps: int | None
    distinct_states: int
    seconds: float


def run(options: argparse.Namespace) -> int:
    """Find the bugs; return the exit code."""
    if options.name is not None:
        return _story(options)
    if options.diagram is not None:
        raise UsageError("--diagram: only with the name of a bug")
    rows: list[Row] = []
    if not options.json:
        print(_line(_COLUMNS))
    try:
        for name in BUGS:
            rows.append(_row(name, _found(name, options)[1]))
            if not options.json:
                print(_line(_cells(rows[-1])), flush=True)
    except KeyboardInterrupt:
        pass
    survivors = [row.name for row in rows if row.steps is None]
    left = len(BUGS) - len(rows)
    if options.json:
        print(json.dumps({"bugs": [asdict(row) for row in rows], "not_searched": left}))
    else:
        seconds = sum(row.seconds for row in rows)
        stopped = f"; interrupted, {left} not searched" if left else ""
        print(f"{len(rows) - len(survivors)} of {len(rows)} found in {seconds:.1f} s{stopped}")
    if survivors:
        return 1
    return 3 if left else 0


def _row(name: str, report: Report) -> Row:
    bug, found = BUGS[name], report.counterexample
    is_found = found is not None and found.prop.name == bug.breaks
    steps = len(found.events) if found is not None and is_found else None
    return Row(name, bug.seen_in, bug.breaks, steps, report.distinct_states, report.seconds)


def _found(name: str, options: argparse.Namespace) -> tuple[Cluster, Report]:
    """Search as `raft-ref check --bug NAME` does."""
    parser = argparse.ArgumentParser()
    check.add_command(parser.add_subparsers(), "")
    asked = parser.parse_args(["check", "--bug", name])
    cluster = build(asked)
    is_shown = not options.quiet and not options.json
    with live_progress() if is_shown else nullcontext(lambda progress: None) as on_progress:
        symmetry = symmetry_of(asked, cluster.system)
        return cluster, search(cluster.system, cluster.properties, symmetry, on_progress)


_COLUMNS = ("bug", "seen in", "breaks", "steps", "states", "seconds")


def _cells(row: Row) -> tuple[str, ...]:
    steps = "SURVIVES" if row.steps is None else str(row.steps)
    states, seconds = f"{row.distinct_states:,}", f"{row.seconds:.1f}"
    return row.name, row.seen_in, row.breaks, steps, states, seconds


def _line(cells: tuple[str, ...]) -> str:
    """Return a line of the table: texts as wide as the widest of all bugs, then numbers."""
    texts = [(name, bug.seen_in, bug.breaks) for name, bug in BUGS.items()]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    told = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*told, *(cell.rjust(8) for cell in cells[len(widths) :])]).rstrip()


def _story(options: argparse.Namespace) -> int:
    name: str = options.name
    if name not in BUGS:
        raise UsageError(f"no bug {name}: {', '.join(BUGS)}")
    if options.diagram is not None:
        demand_writable("--diagram", options.diagram)
    cluster, report = _found(name, options)
    row, found = _row(name, report), report.counterexample
    trace = None
    if found is not None:
        trace = trace_of(found, cluster.system, f"raft-ref bugs {name}", cluster.project)
    if options.json:
        story = [] if trace is None else [*tell(trace)]
        print(json.dumps({**asdict(row), "rule": BUGS[name].rule, "story": story}))
    else:
        print("\n".join(_told(name, BUGS[name], row)))
        if trace is not None:
            print("\n".join(["", *tell(trace)]))
    if options.diagram is not None and trace is not None:
        path = drawn(draw(trace).source, options.diagram)
        if not options.json:
            print(f"diagram written to {path}")
    return 1 if row.steps is None else 0


def _told(name: str, bug: Bug, row: Row) -> Iterator[str]:
    yield name
    yield f"  {bug.rule}"
    yield f"  seen in: {bug.seen_in}"
    bounds = ", ".join(f"{bound} {limit}" for bound, limit in bug.bounds.items())
    yield f"  breaks {bug.breaks} within: {bounds} (one less of any, and it does not)"
    if row.steps is None:
        yield "  SURVIVES: it was not found"
    else:
        yield (
            f"  found in {row.steps} steps, among {row.distinct_states:,} states, "
            f"in {row.seconds:.1f} s"
        )
    yield ""
    yield "the rule, and what the mutant makes of it:"
    for method in vars(bug.node):
        rule = vars(Node).get(method)
        if callable(rule):
            yield f"  {(rule.__doc__ or '').strip().partition(chr(10))[0]}"
    yield ""
    yield textwrap.indent(inspect.getsource(bug.node).rstrip(), "    ")
