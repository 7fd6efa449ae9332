"""What a command looks like in a terminal: a live line while it runs, names and numbers."""

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import Progress as Bar
from rich.progress import ProgressColumn
from rich.text import Text

from raft_ref import explorer
from raft_ref.verify.checkers import Progress


def progress_line(progress: Progress) -> str:
    """Return how far a search has come, in one line."""
    if isinstance(progress, explorer.Progress) and progress.undecided is not None:
        return (
            f"{progress.distinct_states:,} states, all expanded; from {progress.undecided:,} the "
            f"goal is not known to be reachable yet, {progress.seconds:.0f} s"
        )
    rate = progress.distinct_states / max(progress.seconds, 1e-9)
    line = (
        f"{progress.distinct_states:,} states, {rate:,.0f}/s, depth {progress.depth}, "
        f"queue {progress.queue:,}, {progress.seconds:.0f} s"
    )
    if isinstance(progress, explorer.Progress) and progress.bytes_on_disk is not None:
        return f"{line}; on disk: {bytes_on_disk(progress)}"
    return line


def bytes_on_disk(found: explorer.Progress | explorer.Report) -> str:
    """Return how much of the disk the states take, and each of them."""
    size = found.bytes_on_disk or 0
    each = size / max(found.distinct_states, 1)
    return f"{size / 2**20:,.1f} MB, {each:.1f} bytes a state"


@contextmanager
def live_progress(
    line: Callable[[Any], str] = progress_line, *, is_shown: bool = True
) -> Iterator[Callable[[Any], None]]:
    """Show one line on standard error that follows a search; yields what updates it.

    `line` makes it of the search's progress. Nothing is shown unless `is_shown`.
    """
    if not is_shown:
        yield lambda progress: None
        return
    # Nothing is printed meanwhile. Where rich redirects what is, an interrupt while it begins or
    # ends leaves it so, and the report goes to standard error.
    console = Console(stderr=True)
    with Live(console=console, transient=True, refresh_per_second=8, redirect_stdout=False) as live:

        def update(progress: Any) -> None:
            live.update(Text(line(progress)))

        yield update


def bar(*columns: ProgressColumn, is_shown: bool = True) -> Bar:
    """Return a progress bar on standard error, for a terminal alone."""
    is_shown = is_shown and sys.stderr.isatty()
    return Bar(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not is_shown,
        # What is printed meanwhile stands above the bar on a terminal, and in its file elsewhere.
        redirect_stdout=sys.stdout.isatty(),
    )


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
