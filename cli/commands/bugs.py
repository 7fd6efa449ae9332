"""`raft-ref bugs`: known bugs of Raft implementations, each found again."""

import argparse
import json
from pathlib import Path

from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.output import demand_picture
from raft_ref.cli.reports import bugs
from raft_ref.cli.reports.pictures import drawn
from raft_ref.cli.reports.terminal import live_progress
from raft_ref.spec.requests import probably
from raft_ref.traces.drawing.style import THEMES
from raft_ref.verify import ZOO, BugReport, find, gallery

SHIPPED = Path("raft-ref-gallery")
"""Where the gallery goes that ships with this version."""

EXIT_CODES = "exit codes: 0 each is found; 1 one survives; 2 bad usage; 3 stopped early"

EXAMPLES = """\
examples:
  raft-ref bugs
  raft-ref bugs vote-not-persisted --diagram bug.svg
  raft-ref bugs read-without-quorum
  raft-ref bugs --gallery             all of them, drawn, as a page to look at; no search
  raft-ref bugs --gallery traces/gallery
"""


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
        "--gallery", type=Path, metavar="DIR", nargs="?", const=SHIPPED,
        help="write each one's trace and picture to this folder, and a page that shows them all; "
        f"without a folder, as they were found for this version, to {SHIPPED}/",
    )  # fmt: skip
    parser.add_argument("--theme", choices=[*THEMES], default="light", help="the diagram's colours")
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Find the bugs, or write out what was found; return the exit code."""
    if options.name is not None:
        return _one(options)
    if options.diagram is not None:
        raise UsageError("--diagram: only with the name of a bug")
    return _shipped(options) if options.gallery is SHIPPED else _all(options)


def _all(options: argparse.Namespace) -> int:
    if options.gallery is not None and not options.gallery.is_dir():
        raise UsageError(f"--gallery {options.gallery}: there is no such folder")
    reports: list[BugReport] = []
    if not options.json:
        print(bugs.title())
    try:
        for name in ZOO:
            reports.append(_found(name, options))
            if options.gallery is not None:
                gallery.add(reports[-1], options.gallery)
            if not options.json:
                print(bugs.row(reports[-1]), flush=True)
    except KeyboardInterrupt:
        pass
    left = len(ZOO) - len(reports)
    if options.gallery is not None and not left:
        page = options.gallery / gallery.INDEX
        page.write_text(gallery.index(reports), encoding="utf-8")
    if options.json:
        print(json.dumps(bugs.all_as_json(reports, left)))
    else:
        print("\n".join(bugs.summary(reports, left)))
    if any(each.steps is None for each in reports):
        return 1
    return 3 if left else 0


def _shipped(options: argparse.Namespace) -> int:
    """Write the gallery as it ships; return the exit code."""
    if options.json:
        raise UsageError("--gallery: with --json, to a folder that is named")
    try:
        page = gallery.unpack(SHIPPED)
    except FileExistsError:
        raise UsageError(f"--gallery: there is a {SHIPPED} already") from None
    except OSError as error:
        raise UsageError(f"--gallery: {SHIPPED}: {error.strerror}") from None
    print(f"written to {page}: open it in a browser")
    return 0


def _one(options: argparse.Namespace) -> int:
    name: str = options.name
    if options.gallery is not None:
        raise UsageError("--gallery: of all bugs, without a name")
    if name not in ZOO:
        raise UsageError(f"no bug {name}; {probably(name, ZOO)}")
    if options.diagram is not None:
        demand_picture("--diagram", options.diagram)
    report = _found(name, options)
    if options.json:
        print(json.dumps(bugs.as_json(report)))
    else:
        print("\n".join(bugs.as_text(report)))
    diagram = report.diagram(THEMES[options.theme])
    if options.diagram is not None and diagram is not None:
        path = drawn(diagram, options.diagram)
        if not options.json:
            print(f"diagram written to {path}")
    return 1 if report.steps is None else 0


def _found(name: str, options: argparse.Namespace) -> BugReport:
    with live_progress(is_shown=not options.quiet and not options.json) as on_progress:
        return find(name, on_progress)
