"""`raft-ref merge`: one report of those of random walks on many machines."""

import argparse
import json
from pathlib import Path

from raft_ref.cli.reports.checks import merged
from raft_ref.explorer import Verdict
from raft_ref.verify import MergeRequest

EXAMPLES = """\
examples:
  raft-ref check --random --seed 1 --runs 100000 --shard 1/2 --json >1.json     on one machine
  raft-ref check --random --seed 1 --runs 100000 --shard 2/2 --json >2.json     on another
  raft-ref merge 1.json 2.json
"""

EXIT_CODES = "exit codes: 1 a property is violated; 2 bad input or usage; 3 none was seen to be"


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Make one report of many of `check --random --json`: of shards of one search, or of "
        "searches with seeds of their own. They must be of the same cluster, bounds and "
        "properties, and no walk may be in two of them."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="a file with one")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    report = MergeRequest(options.reports).run()
    if options.json:
        print(json.dumps(merged.as_json(report)))
    else:
        print("\n".join(merged.as_text(report)))
    return 1 if report.verdict is Verdict.VIOLATED else 3
