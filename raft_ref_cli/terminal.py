"""What a search looks like in a terminal: a live line while it runs, a report when it ends."""

from collections.abc import Callable, Iterator
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
    """Return a report as lines: the verdict with its bounds first, then what was covered."""
    lines = [_verdict(report), *_setting(report, cluster)]
    if quiet:
        return lines
    return [
        *lines,
        _size(report),
        "",
        *_properties(report, cluster),
        "",
        *_actions(report),
        "",
        *_table("steps that a bound kept from happening", report.cut_off),
    ]


def _verdict(report: Report) -> str:
    title = _TITLES[report.verdict]
    if report.counterexample is not None:
        steps = len(report.counterexample.events)
        return f"{title}: {report.counterexample.prop.name}, in {steps} steps"
    if report.verdict is Verdict.INCOMPLETE:
        return f"{title}: stopped; covered to depth {report.covered_depth}"
    return title


def _setting(report: Report, cluster: Cluster) -> list[str]:
    bounds = ", ".join(f"{name} {limit}" for name, limit in report.bounds.items())
    symmetry = "with" if report.symmetry else "without"
    return [
        f"  {cluster.description}: {len(cluster.system.servers)} servers, "
        f"{cluster.system.network_kind} network, {symmetry} symmetry over servers",
        f"  bounds: {bounds}",
    ]


def _size(report: Report) -> str:
    rate = report.distinct_states / max(report.seconds, 1e-9)
    return (
        f"  {report.distinct_states:,} distinct states, {report.transitions:,} transitions, "
        f"depth {report.depth}, queue {report.queue:,}; "
        f"{report.seconds:.1f} s, {rate:,.0f} states/s, {report.engine} engine"
    )


def _properties(report: Report, cluster: Cluster) -> list[str]:
    always = [prop.name for prop in cluster.properties if not prop.is_sometimes]
    reached = [name for name, was in report.sometimes.items() if was]
    missed = [name for name, was in report.sometimes.items() if not was]
    lines = [f"checked:  {', '.join(always)}"]
    if reached:
        lines.append(f"reached:  {', '.join(reached)}")
    if missed:
        lines.append(f"NOT reached:  {', '.join(missed)}")
    return lines


def _actions(report: Report) -> list[str]:
    lines = _table("actions taken", report.actions)
    if report.never_taken:
        lines.append(f"NEVER taken:  {', '.join(report.never_taken)}")
    return lines


def _table(title: str, numbers: "dict[str, int] | object") -> list[str]:
    assert isinstance(numbers, dict)
    width = max((len(name) for name in numbers), default=0)
    return [f"{title}:", *(f"  {name:<{width}}  {times:>12,}" for name, times in numbers.items())]
