"""`raft-ref play`: a schedule that reads like a figure of the paper, on the reference node."""

import argparse
import json
from pathlib import Path

from raft_ref.cli.options.output import PAGE, demand_kept, demand_picture
from raft_ref.cli.reports.pictures import drawn, drawn_page
from raft_ref.cli.reports.playing import as_json, as_text
from raft_ref.traces import FORMATS, draw, write
from raft_ref.traces.playing import PlayRequest
from raft_ref.traces.playing.script import __doc__ as words

EXIT_CODES = "exit codes: 0 played; 1 something is not as expected; 2 bad input or usage"

EXAMPLES = """\
examples:
  raft-ref play traces/schedules/figure8.txt --diagram figure8.svg
  raft-ref play traces/schedules/figure8.txt --bug older-term-committed
  raft-ref play mine.txt -o mine.ndjson --diagram mine.html
  raft-ref play found.ndjson          what `raft-ref conform` has written
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Play a schedule, tell what happens and draw it. A schedule is text, or a file that "
        f"`raft-ref conform` writes.\n\n{words}"
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument("schedule", type=Path, metavar="SCHEDULE", help="what is to happen")
    parser.add_argument("--bug", metavar="NAME", help="a known bug, instead of the node")
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write what happened as a trace (NDJSON)"
    )
    output.add_argument(
        "--diagram", type=Path, metavar="FILE",
        help=f"draw what happened ({', '.join([*FORMATS, PAGE])})",
    )  # fmt: skip
    output.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    output.add_argument("--quiet", action="store_true", help="print the verdict alone")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play a schedule; return the exit code."""
    if options.output is not None:
        demand_kept("-o", options.output)
    if options.diagram is not None:
        demand_picture("--diagram", options.diagram, (*FORMATS, PAGE))
    report = PlayRequest(options.schedule, options.bug).run()
    said = [json.dumps(as_json(report))] if options.json else as_text(report, options.quiet)
    print("\n".join(said))
    if options.output is not None:
        write(report.trace, options.output)
    if options.diagram is not None:
        if options.diagram.suffix == PAGE:
            path = drawn_page(report.trace, options.diagram)
        else:
            path = drawn(draw(report.trace).source, options.diagram)
        if not options.json:
            print(f"diagram written to {path}")
    if options.output is not None and not options.json:
        print(f"trace written to {options.output}")
    return 1 if report.not_so else 0
