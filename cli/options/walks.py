"""The options of random walks."""

import argparse
from typing import Any

from raft_ref.cli.options.errors import UsageError
from raft_ref.verify import ClusterRequest, RandomCheck
from raft_ref.verify.checks.walks import BEYOND, RUNS, STEPS


def add_walks(group: Any) -> None:
    """Add the options that `walks_of` reads."""
    group.add_argument(
        "--random",
        action="store_true",
        help="walk at random instead of exploring everything; a walk that breaks a property is "
        "shrunk until no single step can be left out. The default bounds are larger: "
        f"{', '.join(f'{name} {limit}' for name, limit in BEYOND.items())}. "
        "Exits 1 on a violation and else 3, never 0: walks show no property to hold",
    )
    for name, what in (
        (
            "seed",
            "the same seed gives the same walks, and walk n is the first of seed N + n - 1 "
            "(default: a new one, which is printed)",
        ),
        ("runs", f"how many walks (default: {RUNS})"),
        ("steps", f"how many steps each (default: {STEPS})"),
    ):
        group.add_argument(f"--{name}", type=int, metavar="N", help=what)


def demand_no_walks(options: argparse.Namespace) -> None:
    """Refuse options that say nothing without --random. Raises `UsageError`."""
    for name in ("seed", "runs", "steps"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name}: only with --random")


def walks_of(options: argparse.Namespace, cluster: ClusterRequest) -> RandomCheck:
    """Return the walks through a cluster. Raises `UsageError` where other options forbid them."""
    runs = RUNS if options.runs is None else options.runs
    steps = STEPS if options.steps is None else options.steps
    request = RandomCheck(cluster, options.seed, runs, steps)
    if options.symmetry:
        raise UsageError("--symmetry: walks are not compared; leave it out with --random")
    for name in ("checkpoint", "resume", "checkpoint_every"):
        if getattr(options, name) is not None:
            raise UsageError(
                f"--{name.replace('_', '-')}: walks are told from their seed; leave it out with "
                "--random"
            )
    return request
