"""Shrinking: from a run that an implementation does not pass to the shortest that it does not.

As in `explorer.walks.shrink`: runs of steps are left out, halves first and single steps last,
and the others taken again.
"""

from __future__ import annotations

import re

from raft_ref.traces.conformance.run import Choose, Run, Runner
from raft_ref.traces.conformance.schedule import Command


def following(commands: list[Command]) -> Choose:
    """Return what chooses these commands, one after the other."""
    left = commands[::-1]
    return lambda run: left.pop() if left else None


def kind(run: Run) -> str:
    """Return what stands against the implementation, without what differs from run to run."""
    assert run.verdict is not None
    if run.failure:
        return re.sub(r"\d+", "", run.failure)[:60]
    event = run.verdict.event
    return run.verdict.reason or (event.name if event is not None else "")


def shrunk(runner: Runner, run: Run) -> Run:
    """Return a run with the same against it from which no single step can be left out.

    On Ctrl-C the shortest so far.
    """
    wanted, best = kind(run), run
    size = len(best.commands)
    try:
        while size:
            end, before = len(best.commands), len(best.commands)
            while end > 0:
                start = max(end - size, 0)
                shorter = best.commands[:start] + best.commands[end:]
                again = runner.run(run.servers, following(shorter))
                if not again.is_good and kind(again) == wanted:
                    best = again
                end = min(start, len(best.commands))
            if size > 1 or len(best.commands) == before:
                size //= 2
    except KeyboardInterrupt:
        pass
    return best
