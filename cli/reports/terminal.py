"""What a search looks like in a terminal: a live line while it runs, a report when it ends."""

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.progress import Progress as Bar
from rich.progress import ProgressColumn
from rich.text import Text

from raft_ref import explorer
from raft_ref.cli.options.symmetry import renaming_text
from raft_ref.explorer import Kind, Renamed, Report, Verdict
from raft_ref.verify.cluster import Cluster

_TITLES = {
    Verdict.HOLDS_WITHIN_BOUNDS: "HOLDS WITHIN BOUNDS",
    Verdict.VIOLATED: "VIOLATED",
    Verdict.INCOMPLETE: "INCOMPLETE",
}


class Progress(Protocol):
    """How far a search has come, whoever searches."""

    @property
    def distinct_states(self) -> int:
        """States found."""

    @property
    def depth(self) -> int:
        """Levels of states."""

    @property
    def queue(self) -> int:
        """States found and not expanded yet."""

    @property
    def seconds(self) -> float:
        """Time taken."""


def progress_line(progress: Progress) -> str:
    """Return how far a search has come, in one line."""
    if isinstance(progress, explorer.Progress) and progress.undecided is not None:
        return (
            f"{progress.distinct_states:,} states, all expanded; from {progress.undecided:,} the "
            f"goal is not known to be reachable yet, {progress.seconds:.0f} s"
        )
    rate = progress.distinct_states / max(progress.seconds, 1e-9)
    return (
        f"{progress.distinct_states:,} states, {rate:,.0f}/s, depth {progress.depth}, "
        f"queue {progress.queue:,}, {progress.seconds:.0f} s"
    )


@contextmanager
def live_progress(
    line: Callable[[Any], str] = progress_line,
) -> Iterator[Callable[[Any], None]]:
    """Show one line on standard error that follows a search; yields what updates it.

    `line` makes it of the search's progress.
    """
    with Live(console=Console(stderr=True), transient=True, refresh_per_second=8) as live:

        def update(progress: Any) -> None:
            live.update(Text(line(progress)))

        yield update


def bar(*columns: ProgressColumn, is_shown: bool = True) -> Bar:
    """Return a progress bar on standard error, for a terminal alone."""
    is_shown = is_shown and sys.stderr.isatty()
    return Bar(*columns, console=Console(stderr=True), transient=True, disable=not is_shown)


def describe(report: Report, cluster: Cluster, quiet: bool = False) -> list[str]:
    """Return a report as lines: the verdict with its bounds first, then what was covered.

    What a search had covered when it met a violation says little, and is left out. What never
    happened is told even if `quiet`: a property that holds for want of it holds of nothing.
    """
    lines = [_verdict(report, cluster), *setting(cluster, report.symmetry)]
    if report.verdict is Verdict.VIOLATED:
        return lines if quiet else [*lines, _size(report), *_outlooks(report)]
    if quiet:
        return [*lines, *vacuity(report)]
    decided = [
        prop
        for prop in cluster.properties
        if prop.kind is not Kind.PROGRESS or prop.name in report.progress
    ]
    return [
        *lines,
        _size(report),
        *_outlooks(report),
        "",
        *wrapped("hold", [prop.name for prop in decided if not prop.is_sometimes]),
        *wrapped("reached", [name for name, was in report.sometimes.items() if was]),
        *vacuity(report),
        "",
        *table("actions taken", report.actions),
        "",
        *table("steps that a bound kept from happening", report.cut_off),
    ]


def _verdict(report: Report, cluster: Cluster) -> str:
    title = _TITLES[report.verdict]
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


def setting(cluster: Cluster, symmetry: tuple[Renamed, ...]) -> list[str]:
    """Return what was explored, and within which bounds, as lines."""
    limits = cluster.system.bounds.as_dict()
    bounds = ", ".join(f"{name} {limit}" for name, limit in limits.items())
    reduced = ", partial-order reduction" if cluster.system.reduced else ""
    return [
        f"  {cluster.description}, {len(cluster.system.servers)} servers, "
        f"network {cluster.system.network_kind}{renaming_text(symmetry)}{reduced}",
        f"  bounds: {bounds}",
    ]


def _size(report: Report) -> str:
    rate = report.distinct_states / max(report.seconds, 1e-9)
    return (
        f"  {report.distinct_states:,} distinct states, {report.transitions:,} transitions, "
        f"depth {report.depth}; {report.seconds:.1f} s, {rate:,.0f} states/s "
        f"({report.engine})"
    )


def _outlooks(report: Report) -> list[str]:
    """Return what was found of progress; where something is stuck, which bound may be to blame."""
    lines = []
    for name, found in report.progress.items():
        due = f"the {found.asked:,} states where it is due"
        if not found.stuck:
            lines.append(f"  {name}: the goal can be reached from all of {due}")
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


def vacuity(report: Report) -> list[str]:
    """Return what was not reached and what never happened, as lines."""
    return [
        *wrapped("NOT reached", [name for name, was in report.sometimes.items() if not was]),
        *wrapped("NEVER taken", report.never_taken),
        *wrapped("NEVER due", [name for name, each in report.progress.items() if not each.asked]),
    ]


def wrapped(title: str, names: Sequence[str]) -> list[str]:
    """Return a title with names after it, in lines; nothing if there are no names."""
    if not names:
        return []
    return textwrap.wrap(
        f"{title}: {', '.join(names)}", 100, subsequent_indent="  ", break_on_hyphens=False
    )


def table(title: str, numbers: Mapping[str, int]) -> list[str]:
    """Return numbers by name under a title, as lines."""
    width = max(map(len, numbers), default=0)
    return [f"{title}:", *(f"  {name:<{width}}  {times:>12,}" for name, times in numbers.items())]
