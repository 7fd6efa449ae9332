"""`raft-ref spec compare`: the node, the spec and TLC on the spec, within the same bounds."""

import argparse
import json
import sys
from pathlib import Path

from raft_ref.cli.options.errors import EXIT_CODES
from raft_ref.cli.options.features import add_features, features_of
from raft_ref.cli.options.sizes import add_sizes, given_sizes_of
from raft_ref.cli.options.symmetry import add_symmetry, symmetry_of
from raft_ref.cli.reports import comparison
from raft_ref.cli.reports.terminal import live_progress
from raft_ref.verify import Comparison

EXAMPLES = """\
examples:
  raft-ref spec compare                           within the default bounds of `raft-ref check`
  raft-ref spec compare --servers 2 --no-symmetry --max-restarts 0 --states
                                                  all states, one by one
  raft-ref spec compare --raft my_spec            your own Raft.tla, in the folder my_spec
  raft-ref spec compare --with pre-vote,check-quorum --servers 2
                                                  with features, as in spec/features
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Explore the reference node, check spec/MCRaft.tla with the embedded checker, "
        "and with real TLC if the extra [tlc] is installed, all within the same bounds. Any "
        "difference is an error."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.set_defaults(run=run)
    add_sizes(parser.add_argument_group("bounds (each is a guard: no step leaves them)"))
    add_symmetry(parser, "the same")
    add_features(parser)
    parser.add_argument(
        "--raft", metavar="DIR", type=Path,
        help="a folder with your own Raft.tla, and with its MCRaft.tla, MCRaft.cfg and "
        "RaftInvariants.tla, if you change them",
    )  # fmt: skip
    parser.add_argument(
        "--states", action="store_true", help="compare the sets of states too, one by one"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", default=1, help="threads of TLC (default: 1)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--quiet", action="store_true", help="print whether they agree alone")


def run(options: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    request = Comparison(
        given_sizes_of(options),
        symmetry_of(options),
        states=options.states,
        workers=options.workers,
        raft=options.raft,
        features=features_of(options),
    )
    is_shown = sys.stderr.isatty() and not options.quiet
    with live_progress(comparison.progress_line, is_shown=is_shown) as on_progress:
        report = request.run(on_progress)
    if options.json:
        print(json.dumps(comparison.as_json(report)))
    else:
        print("\n".join(comparison.as_text(report, options.quiet)))
    if report.stopped_in is not None:
        return 3
    return 0 if report.holds else 1
