"""What random walks found, as text and as JSON."""

import argparse
import shlex
from typing import Any

from raft_ref import __version__
from raft_ref.cli.options.output import Output
from raft_ref.cli.reports.checks import explored
from raft_ref.cli.reports.checks.explored import setting, vacuity
from raft_ref.cli.reports.pictures import Written
from raft_ref.cli.reports.terminal import table, wrapped
from raft_ref.explorer import WalkProgress, WalkReport
from raft_ref.verify import RandomReport


def progress_line(progress: WalkProgress) -> str:
    """Return how far a random search has come, in one line."""
    rate = progress.transitions / max(progress.seconds, 1e-9)
    return (
        f"walk {progress.run:,} of {progress.runs:,}, {progress.transitions:,} steps, "
        f"{rate:,.0f}/s, {progress.distinct_states:,} states, {progress.seconds:.0f} s"
    )


def as_text(report: RandomReport, output: Output) -> list[str]:
    """Return a report as lines: the verdict with its bounds first, then what was covered."""
    cluster, covered = report.cluster, report.walks.report
    lines = [_verdict(report.walks), *setting(cluster, symmetry=()), *_size(report.walks)]
    if report.replay is not None:
        return [*lines, f"  replay: {_replay_command(report, output)}"]
    if output.quiet:
        return [*lines, *vacuity(covered)]
    always = [prop.name for prop in cluster.properties if not prop.is_sometimes]
    return [
        *lines,
        "",
        *wrapped("not violated", always),
        *wrapped("reached", [name for name, was in covered.sometimes.items() if was]),
        *vacuity(covered),
        "",
        *table("actions taken", covered.actions),
        "",
        *table("steps drawn that a bound kept from happening", covered.cut_off),
    ]


def as_json(report: RandomReport, output: Output, written: Written) -> dict[str, Any]:
    """Return a report as a JSON object."""
    walks, found = report.walks, report.walks.found
    cluster = report.cluster
    of = {
        "raft_ref": __version__,
        "cluster": cluster.description,
        "servers": len(cluster.system.servers),
        "values": len(cluster.values),
        "network": cluster.system.network_kind,
    }
    about = {
        "of": of,
        "seed": walks.seed,
        "runs": walks.runs,
        "steps": walks.steps,
        "shard": str(walks.shard),
        "runs_done": walks.runs_done,
        "found_with_seed": None if found is None else found.seed,
        "found_after_steps": None if found is None else found.steps,
        "is_minimal": None if found is None else found.is_minimal,
        "replay": None if found is None else _replay_command(report, output),
    }
    return {**explored.as_json(walks.report, cluster, written), "random": about}


def _verdict(walks: WalkReport) -> str:
    counterexample, found = walks.report.counterexample, walks.found
    if counterexample is not None and found is not None:
        minimal = "locally minimal" if found.is_minimal else "interrupted: not minimal yet"
        return (
            f"VIOLATED: {counterexample.prop.name}, in {len(counterexample.events)} steps "
            f"(shrunk from {found.steps}; {minimal})"
        )
    if walks.runs_done < walks.planned:
        by = walks.report.stopped_by
        why = "" if by == "interrupt" else f" by {by}"
        return f"INCOMPLETE: stopped{why} in walk {walks.runs_done + 1:,} of {walks.planned:,}"
    return f"NOTHING FOUND in {walks.planned:,} random walks, which do not show that anything holds"


def _size(walks: WalkReport) -> list[str]:
    report = walks.report
    rate = report.transitions / max(report.seconds, 1e-9)
    which = "walks"
    if walks.found is not None:
        which = f"walk {walks.found.seed - walks.seed + 1:,} of {walks.runs:,}"
    shard = f", shard {walks.shard}" if walks.shard.count > 1 else ""
    return [
        f"  {which}: seed {walks.seed}, {walks.runs:,} runs of {walks.steps:,} steps{shard}",
        f"  {report.transitions:,} steps taken, {report.distinct_states:,} distinct states; "
        f"{report.seconds:.1f} s, {rate:,.0f} steps/s ({report.engine.removeprefix('random, ')})",
    ]


def _replay_command(report: RandomReport, output: Output) -> str:
    """Return the command line that takes the walk of a violation, and no other."""
    assert report.replay is not None
    replaced = argparse.ArgumentParser(add_help=False)
    replaced.add_argument("--seed")
    replaced.add_argument("--runs")
    replaced.add_argument("--shard")
    _, kept = replaced.parse_known_args(output.words)
    seed, runs = str(report.replay.seed), str(report.replay.runs)
    return shlex.join(["raft-ref", *kept, "--seed", seed, "--runs", runs])
