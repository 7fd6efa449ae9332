"""The options of random walks."""

import argparse
import re
from typing import Any

from raft_ref.cli.options.errors import UsageError
from raft_ref.explorer import Shard, WalkLimits
from raft_ref.verify import ClusterRequest, RandomCheck
from raft_ref.verify.checks.walks import BEYOND, RUNS, STEPS

MOST_JOBS = 256


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
    group.add_argument(
        "--jobs", type=_jobs, metavar="N",
        help="how many processes walk at a time, which changes nothing else (default: one for "
        "each core)",
    )  # fmt: skip
    group.add_argument(
        "--shard", type=_shard, metavar="K/N",
        help="walk the K-th, K+N-th, ... of the walks alone, as one of N jobs on as many machines; "
        "raft-ref merge makes one report of theirs (--json)",
    )  # fmt: skip


def demand_no_walks(options: argparse.Namespace) -> None:
    """Refuse options that say nothing without --random. Raises `UsageError`."""
    for name in ("seed", "runs", "steps", "jobs", "shard"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name}: only with --random")


def walks_of(options: argparse.Namespace, cluster: ClusterRequest) -> RandomCheck:
    """Return the walks through a cluster. Raises `UsageError` where other options forbid them."""
    runs = RUNS if options.runs is None else options.runs
    steps = STEPS if options.steps is None else options.steps
    shard = options.shard or Shard()
    limits = WalkLimits(options.engine, options.jobs, options.memory, shard)
    request = RandomCheck(cluster, options.seed, runs, steps, limits)
    if options.threads is not None:
        raise UsageError("--threads: with --random, --jobs says how many walk at a time")
    if options.symmetry:
        raise UsageError("--symmetry: walks are not compared; leave it out with --random")
    for name in ("checkpoint", "resume", "checkpoint_every", "disk"):
        if getattr(options, name) is not None:
            raise UsageError(
                f"--{name.replace('_', '-')}: walks are told from their seed; leave it out with "
                "--random"
            )
    return request


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 1 to {MOST_JOBS}")
    return int(text)


def _shard(text: str) -> Shard:
    parts = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if parts is None or not 1 <= int(parts[1]) <= int(parts[2]):
        raise argparse.ArgumentTypeError(f"{text!r}: expected K/N, with K from 1 to N")
    return Shard(int(parts[1]), int(parts[2]))
