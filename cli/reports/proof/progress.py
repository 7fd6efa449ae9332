"""How far a question about the proof has come, in the terminal while one waits."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from raft_ref.cli.reports.terminal import bar, live_progress
from raft_ref.spec.link.proof_search import ConjunctsReport
from raft_ref.spec.proof.bounded import Depth
from raft_ref.spec.proof.request import Asked

Show = Callable[[Any], None]


@contextmanager
def shown_progress(is_shown: bool) -> Iterator[Show]:
    """Yield what shows each kind of progress in its own way, one after the other.

    In a terminal alone, and only if `is_shown`.
    """
    with ExitStack() as stack:
        displays: dict[type, Show] = {}

        def show(progress: Any) -> None:
            kind = type(progress)
            if kind not in displays:
                stack.close()
                displays[kind] = stack.enter_context(_DISPLAYS[kind]())
            displays[kind](progress)

        yield show if is_shown and sys.stderr.isatty() else lambda progress: None


@contextmanager
def _questions() -> Iterator[Show]:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with bar(TextColumn("{task.description}"), *columns) as shown:
        task = shown.add_task("questions", total=None)

        def show(asked: Asked) -> None:
            shown.update(task, completed=asked.answers, total=asked.questions)

        yield show


def _depth(depth: Depth) -> str:
    return f"{depth.steps} of {depth.most} steps, {depth.ways:,} ways through actions"


def _explored(found: ConjunctsReport) -> str:
    return f"{found.states:,} states, {found.places:,} with what the proof remembers"


_DISPLAYS: Mapping[type, Callable[[], AbstractContextManager[Show]]] = {
    Asked: _questions,
    Depth: lambda: live_progress(_depth),
    ConjunctsReport: lambda: live_progress(_explored),
}
