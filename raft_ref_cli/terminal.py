"""What a search looks like in a terminal: a live line while it runs, a report when it ends."""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from explorer import Progress, Report, Verdict
from raft_ref_cli.cluster import Cluster

_TITLES = {
    Verdict.HOLDS_WITHIN_BOUNDS: "HOLDS WITHIN BOUNDS",
    Verdict.VIOLATED: "VIOLATED",
    Verdict.INCOMPLETE: "INCOMPLETE",
}


@contextmanager
def live_progress() -> Iterator[Callable[[Progress], None]]:
    """Show one line on standard error that follows a search; yields what updates it."""
    with Live(console=Console(stderr=True), transient=True, refresh_per_second=8) as live:

        def update(progress: Progress) -> None:
            live.update(Text(progress_line(progress)))

        yield update


def progress_line(progress: Progress) -> str:
    """Return how far a search has come, in one line."""
    rate = progress.distinct_states / max(progress.seconds, 1e-9)
    return (
        f"{progress.distinct_states:,} states, {rate:,.0f}/s, depth {progress.depth}, "
        f"queue {progress.queue:,}, {progress.seconds:.0f} s"
    )


def describe(report: Report, cluster: Cluster, quiet: bool = False) -> list[str]:
    """Return a report as lines: the verdict with its bounds first, then what was covered.

    What a search had covered when it met a violation says little, and is left out. What never
    happened is told even if `quiet`: a property that holds for want of it holds of nothing.
    """
    lines = [_verdict(report), *_setting(report, cluster)]
    if report.verdict is Verdict.VIOLATED:
        return lines if quiet else [*lines, _size(report)]
    if quiet:
        return [*lines, *_vacuity(report)]
    always = [prop.name for prop in cluster.properties if not prop.is_sometimes]
    return [
        *lines,
        _size(report),
        "",
        *_list("hold", always),
        *_list("reached", [name for name, was in report.sometimes.items() if was]),
        *_vacuity(report),
        "",
        *_table("actions taken", report.actions),
        "",
        *_table("steps that a bound kept from happening", report.cut_off),
    ]


def _verdict(report: Report) -> str:
    title = _TITLES[report.verdict]
    if report.counterexample is not None:
        steps = len(report.counterexample.events)
        return f"{title}: {report.counterexample.prop.name}, in {steps} steps"
    if report.verdict is Verdict.INCOMPLETE:
        return (
            f"{title}: stopped at depth {report.depth}; every step was taken down to depth "
            f"{report.covered_depth}, {report.queue:,} states were left to expand"
        )
    return title


def _setting(report: Report, cluster: Cluster) -> list[str]:
    bounds = ", ".join(f"{name} {limit}" for name, limit in report.bounds.items())
    symmetry = ", up to a renaming of the servers" if report.symmetry else ""
    return [
        f"  {cluster.description}, {len(cluster.system.servers)} servers, "
        f"network {cluster.system.network_kind}{symmetry}",
        f"  bounds: {bounds}",
    ]


def _size(report: Report) -> str:
    rate = report.distinct_states / max(report.seconds, 1e-9)
    return (
        f"  {report.distinct_states:,} distinct states, {report.transitions:,} transitions, "
        f"depth {report.depth}; {report.seconds:.1f} s, {rate:,.0f} states/s "
        f"({report.engine} engine)"
    )


def _vacuity(report: Report) -> list[str]:
    return [
        *_list("NOT reached", [name for name, was in report.sometimes.items() if not was]),
        *_list("NEVER taken", report.never_taken),
    ]


def _list(title: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return textwrap.wrap(
        f"{title}: {', '.join(names)}", 100, subsequent_indent="  ", break_on_hyphens=False
    )


def _table(title: str, numbers: Mapping[str, int]) -> list[str]:
    width = max(map(len, numbers), default=0)
    return [f"{title}:", *(f"  {name:<{width}}  {times:>12,}" for name, times in numbers.items())]
