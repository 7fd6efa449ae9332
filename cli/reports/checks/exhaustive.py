"""What an exhaustive search found, as text and as JSON."""

import shlex
import textwrap
from typing import Any

from raft_ref.cli.options.output import Output
from raft_ref.cli.reports.checks import calibration, explored
from raft_ref.cli.reports.checks.explored import TITLES, held, setting, vacuity
from raft_ref.cli.reports.pictures import Written
from raft_ref.cli.reports.terminal import bytes_on_disk, progress_line, table, wrapped
from raft_ref.explorer import Kind, Report, Verdict
from raft_ref.verify import ExhaustiveReport

__all__ = ["as_json", "as_text", "progress_line"]


def as_text(report: ExhaustiveReport, output: Output) -> list[str]:
    """Return a report as lines: the verdict with its bounds first, then what was covered.

    What a search had covered when it met a violation says little, and is left out. What never
    happened is told even if `quiet`: a property that holds for want of it holds of nothing.
    """
    lines = _covered(report, output)
    if report.checkpoints is not None and report.verdict is Verdict.INCOMPLETE:
        folder = shlex.quote(str(report.checkpoints.folder))
        lines.append(f"to go on: the same command with --resume {folder}")
    elif report.search.bytes_on_disk is not None and report.verdict is Verdict.INCOMPLETE:
        lines.append("to go on: the same command")
    return lines


def as_json(report: ExhaustiveReport, output: Output, written: Written) -> dict[str, Any]:
    """Return a report as a JSON object."""
    return {
        **explored.as_json(report.search, report.cluster, written),
        "verdict": report.verdict.value,
        "unreached": list(report.unreached),
        "known_bugs": calibration.as_json(report.calibration),
        "note": report.note,
        "known": report.known,
        "earlier": None if report.earlier is None else _violation_as_json(report.earlier),
    }


def _violation_as_json(report: Report) -> dict[str, Any] | None:
    found = report.counterexample
    return None if found is None else {"property": found.prop.name, "steps": len(found.events)}


def _covered(found: ExhaustiveReport, output: Output) -> list[str]:
    report, cluster, quiet = found.search, found.cluster, output.quiet
    lines = [_verdict(found), *setting(cluster, report.symmetry), *_of_bug(found, output)]
    lines += [f"  {found.note}"] if found.note else []
    if report.verdict is Verdict.VIOLATED:
        return lines if quiet else [*lines, *_size(report), *_outlooks(report)]
    if quiet:
        return [*lines, *calibration.as_text(found.calibration), *vacuity(report)]
    decided = [
        prop
        for prop in cluster.properties
        if prop.kind is not Kind.PROGRESS or prop.name in report.progress
    ]
    return [
        *lines,
        *_size(report),
        *calibration.as_text(found.calibration),
        *_outlooks(report),
        "",
        *wrapped(held(report.verdict), [prop.name for prop in decided if not prop.is_sometimes]),
        *wrapped("reached", [name for name, was in report.sometimes.items() if was]),
        *vacuity(report),
        "",
        *table("actions taken", report.actions),
        "",
        *table("steps that a bound kept from happening", report.cut_off),
    ]


def _verdict(found: ExhaustiveReport) -> str:
    report, cluster = found.search, found.cluster
    title = TITLES[found.verdict]
    if found.witness is not None and report.counterexample is not None:
        return f"REACHED: {found.witness}, in {len(report.counterexample.events)} steps"
    if found.witness is not None and report.verdict is Verdict.HOLDS_WITHIN_BOUNDS:
        return f"NOT REACHED WITHIN BOUNDS: {found.witness}"
    if report.counterexample is not None:
        steps = len(report.counterexample.events)
        return f"{title}: {report.counterexample.prop.name}, in {steps} steps"
    if report.verdict is Verdict.INCOMPLETE:
        if report.queue == 0 and any(p.kind is Kind.PROGRESS for p in cluster.properties):
            return (
                f"{title}: stopped by {report.stopped_by} when all states were expanded, but "
                "progress was not decided"
            )
        return (
            f"{title}: stopped by {report.stopped_by} at depth {report.depth}; every step was "
            f"taken down to depth {report.covered_depth}, {report.queue:,} states were left to "
            "expand"
        )
    return title


def _of_bug(found: ExhaustiveReport, output: Output) -> list[str]:
    """Return what a bug was asked for, and what else it breaks before that, as lines."""
    if found.known is None:
        return []
    lines = [f"  asked for: all properties; this bug is known to break {found.known}"]
    first = None if found.earlier is None else found.earlier.counterexample
    if first is not None:
        alone = shlex.join(["raft-ref", *output.words, "--invariant", first.prop.name])
        lines.append(
            f"  before that, {first.prop.name} is violated, in {len(first.events)} steps: {alone}"
        )
    return lines


def _size(report: Report) -> list[str]:
    rate = report.distinct_states / max(report.seconds, 1e-9)
    size = (
        f"  {report.distinct_states:,} distinct states, {report.transitions:,} transitions, "
        f"depth {report.depth}; {report.seconds:.1f} s, {rate:,.0f} states/s "
        f"({report.engine})"
    )
    if report.bytes_on_disk is None:
        return [size]
    return [size, f"  on disk: {bytes_on_disk(report)}"]


def _outlooks(report: Report) -> list[str]:
    """Return what was found of progress; where something is stuck, which bound may be to blame."""
    lines = []
    for name, found in report.progress.items():
        due = f"the {found.asked:,} states where it is due"
        if not found.stuck:
            but = f", but for {found.kept:,} from which a bound alone keeps it away"
            lines.append(
                f"  {name}: the goal can be reached from all of {due}{but if found.kept else ''}"
            )
            continue
        lines.append(f"  {name}: the goal cannot be reached from {found.stuck:,} of {due}")
        cut_off = ", ".join(f"{bound} {times:,}" for bound, times in found.cut_off.items())
        lines += textwrap.wrap(
            "steps that a bound kept from happening, from the last state below on: " + cut_off,
            100,
            initial_indent="  ",
            subsequent_indent="    ",
        )
    return lines
