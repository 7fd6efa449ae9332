"""`raft-ref watch`: follows logs as they are written, and says at once what is refused.

In: what was parsed. Out: the exit code, once the input has ended, or by `ending` it is asked to.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raft_ref.cli.commands.watch.ending import ending
from raft_ref.cli.options.output import demand_kept
from raft_ref.cli.reports.pictures import drawn
from raft_ref.cli.reports.terminal import live_progress
from raft_ref.cli.reports.watching import (
    end_as_json,
    end_as_text,
    graph,
    progress_as_json,
    progress_as_text,
    told_as_json,
    told_as_text,
)
from raft_ref.traces.profiles import PROFILES, profile_of
from raft_ref.traces.validation import Outcome
from raft_ref.traces.watching import Told, Watched, WatchReport, WatchRequest
from raft_ref.traces.watching.watch import REMEMBERS, UNORDERED, WINDOW

EXIT_CODES = """\
Ctrl-C or SIGTERM ends it: what is written by then is judged, and then the report is printed. A
second one stops it at once.

exit codes: 0 all that was written was accepted; 1 a line is refused; 2 bad input or usage;
3 inconclusive (lines may be lost, or nobody can say), no line at all, or stopped by a second Ctrl-C
"""

EXAMPLES = """\
examples:
  raft-ref watch s1.ndjson s2.ndjson s3.ndjson
  my-cluster | raft-ref watch -
  raft-ref watch --profile etcd --keep-going --json /var/log/raft/*.ndjson
  raft-ref watch --reorder 1000 --window 5 s1.ndjson s2.ndjson s3.ndjson
"""

BETWEEN_PROGRESS = 10.0
"""How many seconds there are between objects that tell of progress."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Follow logs of a cluster while they are written, and hold each line against the spec as "
        "raft-ref validate does, in memory that does not grow with them. Files may appear later, "
        "grow, and be rotated; where one is truncated, lines may be lost, and nothing is certain "
        "any more. It ends at the first line that is refused, and goes on behind what is "
        "inconclusive; what is refused from there on is told as inconclusive, too."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="NDJSON files; - is standard input"
    )
    parser.add_argument(
        "--profile",
        default="raft-ref",
        metavar="NAME",
        help=f"what writes them: {', '.join(PROFILES)}, a mapping file (.toml) or module:function "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--window", type=float, default=WINDOW, metavar="SECONDS",
        help='how long a line may wait for others: by its "clock", for servers that have not yet '
        "shown a later one, and with --reorder (default: %(default)g). A verdict supposes that no "
        "line comes later than that",
    )  # fmt: skip
    parser.add_argument(
        "--reorder", type=int, metavar="N",
        help="let up to N lines that nothing explains yet wait for lines of other servers, as far "
        f"as causality allows (default: {UNORDERED:,} of several files, if lines have no clock)",
    )  # fmt: skip
    parser.add_argument(
        "--remember", type=int, default=REMEMBERS, metavar="N",
        help="how many messages may be received again, or late; one that is older is inconclusive "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--keep-going", action="store_true",
        help="go on behind a line that is refused, from what it shows",
    )  # fmt: skip
    parser.add_argument(
        "--idle", type=float, metavar="SECONDS",
        help="end as on Ctrl-C once nothing was written for so long (default: never)",
    )  # fmt: skip
    output = parser.add_argument_group("output")
    output.add_argument(
        "--diagram", type=Path, metavar="FILE", help="draw the end of what is refused first"
    )
    output.add_argument("--json", action="store_true", help="print one JSON object for each event")
    output.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Watch the files; return the exit code."""
    if options.diagram is not None:
        demand_kept("--diagram", options.diagram)
    request = WatchRequest(
        tuple(options.files), profile_of(options.profile), options.window, options.reorder,
        options.keep_going, options.idle, options.remember,
    )  # fmt: skip
    with ending() as is_asked_to_end:
        report = (_as_json if options.json else _as_text)(request, options, is_asked_to_end)
    picture = None if options.diagram is None else graph(report)
    if picture is not None:
        path = drawn(picture, options.diagram)
        if not options.json:
            print(f"diagram written to {path}")
    return {Outcome.ACCEPTED: 0, Outcome.REFUSED: 1}.get(report.outcome, 3)


def _as_text(
    request: WatchRequest, options: argparse.Namespace, is_asked_to_end: Callable[[], bool]
) -> WatchReport:
    is_shown = sys.stderr.isatty() and not options.quiet
    with live_progress(progress_as_text, is_shown=is_shown) as show:

        def tells(told: Told) -> None:
            print("\n".join(told_as_text(told)), flush=True)

        report = request.run(tells, show, is_asked_to_end)
    print("\n".join(end_as_text(report)), flush=True)
    return report


def _as_json(
    request: WatchRequest, options: argparse.Namespace, is_asked_to_end: Callable[[], bool]
) -> WatchReport:
    last = [time.monotonic()]

    def says(found: dict[str, Any]) -> None:
        print(json.dumps(found), flush=True)

    def shows(progress: Watched) -> None:
        if not options.quiet and time.monotonic() - last[0] >= BETWEEN_PROGRESS:
            last[0] = time.monotonic()
            says(progress_as_json(progress))

    report = request.run(lambda told: says(told_as_json(told)), shows, is_asked_to_end)
    says(end_as_json(report))
    return report
