"""`raft-ref generate`: scenarios that cover what the reference node can do, for others to run."""

import argparse
import json
import shlex
from contextlib import nullcontext
from pathlib import Path

from raft_ref.cli.options.cluster import OF_LOGS
from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.features import add_features, features_of
from raft_ref.cli.options.sizes import add_sizes
from raft_ref.cli.reports.scenarios import as_json, as_text
from raft_ref.cli.reports.terminal import live_progress
from raft_ref.spec.requests import Sizes
from raft_ref.traces.conformance import Cover, ScenariosRequest

EXIT_CODES = "exit codes: 0 scenarios were written; 2 bad input or usage; 3 stopped early"

EXAMPLES = """\
examples:
  raft-ref generate -o scenarios
  raft-ref generate --cover actions -o scenarios
  raft-ref generate --with pre-vote,check-quorum -o scenarios
  raft-ref generate --with membership -o scenarios            servers come and go
  raft-ref generate --cover transitions --servers 2 --max-term 1 --max-messages 1 -o scenarios
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Explore the reference node, and write a set of traces that together cover "
        "what it can do, each step with the state that is expected after it. raft-ref conform "
        "drives an implementation through them."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument(
        "--cover",
        type=Cover,
        choices=[*Cover],
        default=Cover.PATHS,
        metavar="WHAT",
        help="actions: each action of the spec, and each message in each role; branches: also each "
        "branch of the node's handlers; paths: also each path through them, by what it changes "
        "and by the indices of the server; transitions: each step out of each state (default: "
        "%(default)s)",
    )
    add_features(parser, OF_LOGS)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="where to write them"
    )
    sizes = parser.add_argument_group(
        "sizes", "without any, several small clusters are explored, chosen for what is covered"
    )
    add_sizes(sizes, "if another size is given", with_membership=False)
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    output.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the scenarios; return the exit code."""
    directory: Path = options.output
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"--output: {directory} is there, and is no empty directory")
    request = ScenariosRequest(options.cover, _clusters(options), features_of(options, OF_LOGS))
    is_shown = not options.quiet and not options.json
    with live_progress(_progress) if is_shown else nullcontext(lambda found: None) as on_progress:
        report = request.run(on_progress)
    report.write(directory, shlex.join(["raft-ref", *options.arguments]))
    if options.json:
        print(json.dumps(as_json(report, directory)))
    else:
        print("\n".join(as_text(report, directory)))
    return 0


def _progress(found: tuple[int, int]) -> str:
    states, queue = found
    return f"{states:,} states, queue {queue:,}"


def _clusters(options: argparse.Namespace) -> tuple[Sizes, ...]:
    """Return the cluster whose sizes are given; none if no size is."""
    given = {name: getattr(options, name) for name in Sizes().as_dict()}
    sizes = {name: value for name, value in given.items() if value is not None}
    return (Sizes(**sizes),) if sizes else ()
