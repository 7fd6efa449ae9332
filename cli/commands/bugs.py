"""`raft-ref bugs`: known bugs of Raft implementations, each found again."""

import argparse
import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from raft_ref.bugs import Bug
from raft_ref.cli.options.errors import UsageError, demand_writable
from raft_ref.cli.reports.pictures import drawn
from raft_ref.cli.reports.terminal import live_progress
from raft_ref.server.bugs import SERVER_BUGS, ServerBug
from raft_ref.traces.drawing.style import THEMES
from raft_ref.verify import gallery
from raft_ref.verify.bugs import Found, find
from raft_ref.zoo import EXPLORED, WAITING

EXIT_CODES = "exit codes: 0 each is found; 1 one survives; 2 bad usage; 3 stopped early"

EXAMPLES = """\
examples:
  raft-ref bugs
  raft-ref bugs vote-not-persisted --diagram bug.svg
  raft-ref bugs read-without-quorum
  raft-ref bugs --gallery traces/gallery
"""

ZOO = (*EXPLORED, *SERVER_BUGS)
"""The known bugs, by name."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Search for each known bug, as a mutant that changes one rule: of a node "
        "within the smallest bounds in which it shows, of a server in simulated clusters under "
        "faults. "
        "With a name, tell that one's story."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument("name", nargs="?", metavar="NAME", help="a bug, by its name")
    parser.add_argument("--diagram", type=Path, metavar="FILE", help="draw its counterexample")
    parser.add_argument(
        "--gallery", type=Path, metavar="DIR",
        help="write each one's trace and picture to this folder, and a page that shows them all",
    )  # fmt: skip
    parser.add_argument("--theme", choices=[*THEMES], default="light", help="the diagram's colours")
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Find the bugs; return the exit code."""
    if options.name is not None:
        return _story(options)
    if options.diagram is not None:
        raise UsageError("--diagram: only with the name of a bug")
    if options.gallery is not None and not options.gallery.is_dir():
        raise UsageError(f"--gallery {options.gallery}: there is no such folder")
    found: list[Found] = []
    if not options.json:
        print(_line(_COLUMNS))
    try:
        for name in ZOO:
            found.append(_found(name, options))
            if options.gallery is not None:
                gallery.add(found[-1], options.gallery)
            if not options.json:
                print(_line(_cells(found[-1])), flush=True)
    except KeyboardInterrupt:
        pass
    if options.gallery is not None and len(found) == len(ZOO):
        page = options.gallery / gallery.INDEX
        page.write_text(gallery.index(found), encoding="utf-8")
    survivors = [each for each in found if each.steps is None]
    left = len(ZOO) - len(found)
    if options.json:
        rows = [asdict(each.row) for each in found]
        print(json.dumps({"bugs": rows, "not_searched": left, "waiting": WAITING}))
    else:
        seconds = sum(each.row.seconds for each in found)
        stopped = f"; interrupted, {left} not searched" if left else ""
        print(f"{len(found) - len(survivors)} of {len(found)} found in {seconds:.1f} s{stopped}")
        _print_waiting()
    if survivors:
        return 1
    return 3 if left else 0


def _print_waiting() -> None:
    print("\nwaiting for what the node does not have:")
    for lacking, bugs in WAITING.items():
        print(f"  {lacking}: {', '.join(f'{name} ({seen})' for name, seen in bugs.items())}")


def _found(name: str, options: argparse.Namespace) -> Found:
    is_shown = not options.quiet and not options.json
    with live_progress() if is_shown else nullcontext(lambda progress: None) as on_progress:
        return find(name, on_progress)


_COLUMNS = ("bug", "seen in", "breaks", "found by", "steps", "states", "seconds")


def _cells(found: Found) -> tuple[str, ...]:
    row = found.row
    steps = "SURVIVES" if row.steps is None else str(row.steps)
    return (
        row.name, row.seen_in, row.breaks, row.found_by, steps, f"{row.tried:,}",
        f"{row.seconds:.1f}",
    )  # fmt: skip


def _line(cells: tuple[str, ...]) -> str:
    """Return a line of the table: texts as wide as the widest of all bugs, then numbers."""
    bugs: dict[str, Bug | ServerBug] = {**EXPLORED, **SERVER_BUGS}
    texts = [(name, bug.seen_in, bug.breaks, bug.found_by) for name, bug in bugs.items()]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    told = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*told, *(cell.rjust(8) for cell in cells[len(widths) :])]).rstrip()


def _story(options: argparse.Namespace) -> int:
    name: str = options.name
    if options.gallery is not None:
        raise UsageError("--gallery: of all bugs, without a name")
    if name not in ZOO:
        raise UsageError(f"no bug {name}: {', '.join(ZOO)}")
    if options.diagram is not None:
        demand_writable("--diagram", options.diagram)
    found = _found(name, options)
    if options.json:
        print(json.dumps({**asdict(found.row), "rule": found.rule, "story": found.story}))
    else:
        print("\n".join([*found.as_text(), "", *found.story]))
    diagram = found.diagram(THEMES[options.theme])
    if options.diagram is not None and diagram is not None:
        path = drawn(diagram, options.diagram)
        if not options.json:
            print(f"diagram written to {path}")
    return 1 if found.steps is None else 0
