"""`raft-ref check --random`: its options, its bounds, and how its outcome is told."""

import argparse
import random
import shlex
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.reports.terminal import live_progress, setting, table, vacuity, wrapped
from raft_ref.explorer import Kind, WalkProgress, WalkReport, random_search
from raft_ref.verify.cluster import Cluster, build

BEYOND: Mapping[str, int] = {
    "values": 2,
    "max_term": 10,
    "max_log_length": 8,
    "max_snapshot_index": 8,
    "max_messages": 16,
    "max_restarts": 20,
    "max_drops": 20,
    "max_duplicates": 20,
}
"""The bounds of random walks: far beyond an exhaustive search, and finite, lest a walk spends
itself on one thing, such as elections or ever longer logs."""

RUNS = 100
STEPS = 200


def add_options(group: Any) -> None:
    """Add the options of a random search to those of `check`."""
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


def demand_sense(options: argparse.Namespace) -> None:
    """Refuse options that say nothing, together or apart from --random. Raises `UsageError`."""
    if not options.random:
        for name in ("seed", "runs", "steps"):
            if getattr(options, name) is not None:
                raise UsageError(f"--{name}: only with --random")
        return
    for name, least in (("seed", 0), ("runs", 1), ("steps", 1)):
        number = getattr(options, name)
        if number is not None and number < least:
            raise UsageError(f"--{name} {number}: expected {least} or more")
    if options.depth is not None:
        raise UsageError("--depth: with --random, --steps says how long a walk is")
    if options.symmetry:
        raise UsageError("--symmetry: walks are not compared; leave it out with --random")
    for name in ("checkpoint", "resume", "checkpoint_every"):
        if getattr(options, name) is not None:
            raise UsageError(
                f"--{name.replace('_', '-')}: walks are told from their seed; leave it out with "
                "--random"
            )
    if options.por:
        raise UsageError("--por: a walk takes one step at a time; leave it out with --random")
    if options.bisimulation:
        raise UsageError("--bisimulation: takes all steps out of a state, and --random takes one")


def run(options: argparse.Namespace) -> tuple[Cluster, WalkReport]:
    """Walk as the options say; return what was walked through, and the outcome."""
    cluster = build(options, BEYOND)
    if any(prop.kind is Kind.PROGRESS for prop in cluster.properties):
        raise UsageError("--random: progress is of all that may follow a state; a walk is one way")
    # Short enough to be typed again.
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    runs, steps = options.runs or RUNS, options.steps or STEPS
    live = sys.stderr.isatty() and not options.quiet
    with live_progress(progress_line) if live else nullcontext(lambda progress: None) as show:
        return cluster, random_search(cluster.system, cluster.properties, seed, runs, steps, show)


def progress_line(progress: WalkProgress) -> str:
    """Return how far a random search has come, in one line."""
    rate = progress.transitions / max(progress.seconds, 1e-9)
    return (
        f"walk {progress.run:,} of {progress.runs:,}, {progress.transitions:,} steps, "
        f"{rate:,.0f}/s, {progress.distinct_states:,} states, {progress.seconds:.0f} s"
    )


def describe(outcome: WalkReport, cluster: Cluster, options: argparse.Namespace) -> list[str]:
    """Return an outcome as lines: the verdict with its bounds first, then what was covered."""
    report = outcome.report
    lines = [_verdict(outcome), *setting(cluster, symmetry=()), *_size(outcome)]
    if outcome.found is not None:
        return [*lines, f"  replay: {replay_command(outcome, options)}"]
    if options.quiet:
        return [*lines, *vacuity(report)]
    always = [prop.name for prop in cluster.properties if not prop.is_sometimes]
    return [
        *lines,
        "",
        *wrapped("not violated", always),
        *wrapped("reached", [name for name, was in report.sometimes.items() if was]),
        *vacuity(report),
        "",
        *table("actions taken", report.actions),
        "",
        *table("steps that a bound kept from happening", report.cut_off),
    ]


def _verdict(outcome: WalkReport) -> str:
    counterexample, found = outcome.report.counterexample, outcome.found
    if counterexample is not None and found is not None:
        minimal = "locally minimal" if found.is_minimal else "interrupted: not minimal yet"
        return (
            f"VIOLATED: {counterexample.prop.name}, in {len(counterexample.events)} steps "
            f"(shrunk from {found.steps}; {minimal})"
        )
    if outcome.runs_done < outcome.runs:
        return f"INCOMPLETE: stopped in walk {outcome.runs_done + 1:,} of {outcome.runs:,}"
    return f"NOTHING FOUND in {outcome.runs:,} random walks, which do not show that anything holds"


def _size(outcome: WalkReport) -> list[str]:
    report = outcome.report
    rate = report.transitions / max(report.seconds, 1e-9)
    walks = f"walk {outcome.runs_done + 1:,} of {outcome.runs:,}" if outcome.found else "walks"
    return [
        f"  {walks}: seed {outcome.seed}, {outcome.runs:,} runs of {outcome.steps:,} steps",
        f"  {report.transitions:,} steps taken, {report.distinct_states:,} distinct states; "
        f"{report.seconds:.1f} s, {rate:,.0f} steps/s",
    ]


def replay_command(outcome: WalkReport, options: argparse.Namespace) -> str:
    """Return the command line that takes the walk of a violation, and no other."""
    replaced = argparse.ArgumentParser(add_help=False)
    replaced.add_argument("--seed")
    replaced.add_argument("--runs")
    _, kept = replaced.parse_known_args(options.arguments)
    seed = outcome.seed if outcome.found is None else outcome.found.seed
    return shlex.join(["raft-ref", *kept, "--seed", str(seed), "--runs", "1"])


def as_json(outcome: WalkReport, options: argparse.Namespace) -> dict[str, Any]:
    """Return what only a random search has to say, for machines."""
    found = outcome.found
    return {
        "seed": outcome.seed,
        "runs": outcome.runs,
        "steps": outcome.steps,
        "runs_done": outcome.runs_done,
        "found_with_seed": None if found is None else found.seed,
        "found_after_steps": None if found is None else found.steps,
        "is_minimal": None if found is None else found.is_minimal,
        "replay": None if found is None else replay_command(outcome, options),
    }
