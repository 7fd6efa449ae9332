"""`raft-ref spec check`: a TLA+ specification in the embedded checker, beside TLC if asked."""

import argparse
import json
import sys
from pathlib import Path

from raft_ref.cli.options.errors import EXIT_CODES
from raft_ref.cli.options.output import add_output, output_of
from raft_ref.cli.reports import spec_check as reports
from raft_ref.cli.reports.pictures import Written, written
from raft_ref.cli.reports.terminal import live_progress
from raft_ref.spec.checker.verdict import Verdict
from raft_ref.traces.sources.conversion import ITF
from raft_ref.verify import SpecCheck

EXAMPLES = """\
examples:
  raft-ref spec check Counter.tla                 with Counter.cfg, which stands beside it
  raft-ref spec check Counter.tla --config Other.cfg --no-deadlock
  raft-ref spec check Counter.tla --only Bounded  one operator alone, whatever the .cfg asks
  raft-ref spec check Counter.tla --full --trace bug.ndjson
                                                  a counterexample as TLC prints it, and kept
  raft-ref spec check Lock.tla --diagram bug.svg --trace bug.itf.json
                                                  drawn (or a .html, to step through it); in ITF
  raft-ref spec check Paxos.tla --diagram bug.svg --processes 'Acceptor \\cup Proposer'
  raft-ref spec check Counter.tla --tlc           the same with real TLC, side by side
  raft-ref spec check Counter.tla --library CommunityModules/modules --tlc-jar tla2tools.jar
"""

EXIT = {
    Verdict.HOLDS: 0,
    Verdict.HOLDS_WITHIN_BOUNDS: 0,
    Verdict.VIOLATED: 1,
    Verdict.ERROR: 2,
    Verdict.HOLDS_IN_PART: 3,
    Verdict.NOTHING_ASKED: 3,
    Verdict.INCOMPLETE: 3,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Check all states of a TLA+ specification, as its TLC configuration says: "
        "invariants, properties of steps ([][A]_v) and of behaviors (<>, ~>, WF, SF), deadlock, "
        "constraints, symmetry and view. "
        "States are counted as TLC counts them. A violation comes with a shortest counterexample."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.set_defaults(run=run)
    parser.add_argument("module", metavar="FILE.tla", type=Path, help="the module")
    what = parser.add_argument_group("what to check")
    what.add_argument(
        "--config", metavar="FILE.cfg", type=Path, help="default: the .cfg beside the module"
    )
    what.add_argument(
        "--only",
        metavar="NAME",
        help="check this operator alone, an invariant or a property, and no deadlock",
    )
    what.add_argument(
        "--deadlock",
        action=argparse.BooleanOptionalAction,
        help="whether a state without successors is a violation "
        "(default: what CHECK_DEADLOCK says, or yes)",
    )
    what.add_argument(
        "--depth", type=_positive, metavar="N", help="levels of states, the initial one included"
    )
    what.add_argument(
        "--library",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="a folder with modules that are extended; may be given more than once",
    )
    what.add_argument(
        "--engine",
        choices=["auto", "native", "plain"],
        default="auto",
        help="native: what repeats itself in C++; plain: all in Python; both find the same "
        "(default: native where it was built)",
    )
    tlc = parser.add_argument_group("real TLC (needs the extra [tlc])")
    tlc.add_argument("--tlc", action="store_true", help="run TLC too, and compare")
    tlc.add_argument(
        "--workers", type=_positive, metavar="N", default=1, help="threads of TLC (default: 1)"
    )
    tlc.add_argument(
        "--tlc-jar", metavar="FILE", type=Path, help="another tla2tools.jar than that of the extra"
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--full", action="store_true", help="show each state of a counterexample in full, as TLC"
    )
    output.add_argument(
        "--processes",
        metavar="SET",
        help="whose columns a trace has, an expression (default: what most variables are "
        "functions of)",
    )
    add_output(output, f"NDJSON, or ITF: {ITF}")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 1 or more")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    request = SpecCheck(
        options.module,
        options.config,
        options.deadlock,
        options.depth,
        options.tlc or options.tlc_jar is not None,
        options.workers,
        options.tlc_jar,
        tuple(options.library),
        options.processes,
        options.engine,
        options.only,
    )
    output = output_of(options)
    with live_progress(is_shown=output.is_live) as on_progress:
        report = request.run(on_progress)
    where = Written()
    if output.trace is not None or output.diagram is not None:
        trace = report.trace(output.source)
        where = written(trace, output, report.annotations)
    if options.json:
        print(json.dumps(reports.as_json(report, where)))
    else:
        print("\n".join(reports.as_text(report, where, is_full=options.full, quiet=options.quiet)))
        for line in reports.errors(report):
            print(f"raft-ref: {line}", file=sys.stderr)
    return EXIT[report.embedded.verdict] or int(bool(report.differences))
