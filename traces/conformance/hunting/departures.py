"""Departures: what kinds there are of what stands against an implementation.

The rule: a kind names the step and what of it differs, and none of the instance's numbers, so that
it is the same in every run, and can be listed in a file as known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from raft_ref.traces.conformance.run import Adopted, Run
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.validation.onward import behind
from raft_ref.traces.validation.refusals.candidate import NOT_ENABLED, Candidate
from raft_ref.traces.validation.refusals.refusal import explained
from raft_ref.traces.validation.verdict import Outcome, Verdict


def kind(run: Run) -> str:
    """Return what stands against the implementation, without what differs from run to run."""
    if run.failure:
        return f"failed: {_without_numbers(run.failure)[:80]}"
    assert run.verdict is not None
    if run.consequence is not None and run.verdict.outcome is not Outcome.REFUSED:
        # Behind what is known the spec may explain each step of it.
        return f"consequence: {run.consequence.kind}"
    return kind_of(run.verdict)


def behind_known(known: frozenset[str]) -> Callable[[Verdict], Adopted | None]:
    """Return what says from where the spec goes on behind a refusal, if that is of a known kind.

    Whoever follows a schedule again must go on behind the same: what was found may be behind them.
    """

    def adopted(verdict: Verdict) -> Adopted | None:
        if not known or (found := kind_of(verdict)) not in known:
            return None
        world = behind(verdict, needs_messages=True)
        return None if world is None else Adopted(found, world)

    return adopted


def kind_of(verdict: Verdict) -> str:
    """Return why a trace is refused, without what differs from run to run."""
    event = verdict.event
    if event is None:
        return verdict.reason or "refused"
    message = "" if event.message is None else f" {event.message['type']}"
    step = "Receive" if event.name == "ReceiveDuplicate" else event.name
    if verdict.reason:
        return f"{step}{message}: {verdict.reason}"
    return f"{step}{message}: {_stands_against(explained(verdict).candidates[0])}"


def _stands_against(nearest: Candidate) -> str:
    """Return what stands against the nearest candidate, without the instance's numbers."""
    if nearest.differences:
        names = sorted({name for name, _, _ in nearest.differences})
        return f"{_action(nearest)} differs in {', '.join(names)}"
    told = f"{_action(nearest)} is not enabled"
    if nearest.condition == NOT_ENABLED:
        return told
    return f"{told}: {_without_numbers(nearest.condition)[:80]}"


def _action(candidate: Candidate) -> str:
    return _without_numbers(candidate.action.partition("(")[0])


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "N", " ".join(text.split()))


def read_known(path: Path) -> frozenset[str]:
    """Read kinds that are known: one a line, as a report prints them; `#` begins a comment.

    Raises `TraceError` for a file that lists none, `OSError` for one that cannot be read.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}: not UTF-8 text (byte {error.start})") from None
    for number, line in enumerate(lines, start=1):
        if line and not line.startswith("#") and ": " not in line:
            raise TraceError(f"{path}:{number}: no kind as a report prints it: {line[:60]}")
    return frozenset(line for line in lines if line and not line.startswith("#"))
