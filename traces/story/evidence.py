"""What a trace knows of its violation: what falsifies the formula, and what was committed when."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from raft_ref.traces.format.trace import JsonObject, Trace
from raft_ref.traces.story.words import is_number

Names = Mapping[str, str]
Servers = Mapping[str, JsonObject]
Sentence = Callable[[Names, Servers, Servers, Trace], str]
"""Says what is wrong, of what falsifies the property and the states before and after the last step.

May raise LookupError, TypeError, ValueError where a trace is not what it says that it is.
"""

_PARTS = re.compile(r", (?=\w+ = )")  # the elements of a set are apart from each other, too
_NAME = re.compile(r"\b[A-Za-z]\w*")
_FIELDS = re.compile(r'(\w+) \|-> "?([^,\]"]+)')


def instances(trace: Trace) -> list[dict[str, str]]:
    """Return what falsifies the formula, name by name."""
    told = trace.violation.instances if trace.violation else ()
    return [
        {name: value for name, _, value in (part.partition(" = ") for part in _PARTS.split(each))}
        for each in told
    ]


def read_of(trace: Trace) -> frozenset[str]:
    """Return the names in the formula of the property that is broken: what it reads is among."""
    return frozenset(_NAME.findall(trace.violation.formula if trace.violation else ""))


def is_of_a_step(trace: Trace) -> bool:
    """Say whether the property that is broken compares the last state with the one before."""
    return bool(trace.violation and len(trace.steps) and "'" in trace.violation.formula)


def kept(trace: Trace) -> frozenset[str]:
    """Return the names of the histories that a trace keeps."""
    of_steps = (name for step in trace.steps for name in step.history)
    return frozenset([*trace.history, *of_steps])


def record(value: str) -> dict[str, str]:
    """Return the fields of a record of TLA+ that are numbers, names or strings."""
    return dict(_FIELDS.findall(value))


def history(trace: Trace, name: str, steps: int | None = None) -> Any:
    """Return a history after so many steps (None: after all); None if the trace keeps none."""
    told = (trace.history, *(step.history for step in trace.steps[:steps]))
    return next((each[name] for each in reversed(told) if name in each), None)


def committed_at(trace: Trace, index: int) -> JsonObject | None:
    """Return the entry that was first committed at an index; None if the trace knows of none."""
    for history in (trace.history, *(step.history for step in trace.steps)):
        committed = history.get("committed")
        if isinstance(committed, list) and len(committed) >= index:
            entry = committed[index - 1]
            return {name: entry[name] for name in ("term", "value")}
    return None


def committed_in(trace: Trace, index: int) -> int | None:
    """Return the step by which an entry was first committed at an index; None if by none.

    Where the trace keeps no history of that, it is the first by which a server takes it for that.
    """
    keeps_history = "committed" in trace.history or any(
        "committed" in step.history for step in trace.steps
    )
    if len(trace.history.get("committed", ())) >= index:
        return None  # before the first step
    for number, step in enumerate(trace.steps, start=1):
        committed, commit = step.history.get("committed"), step.changes.get("commitIndex")
        if isinstance(committed, list) and len(committed) >= index:
            return number
        if not keeps_history and is_number(commit) and commit >= index:
            return number
    return None


def back(variable: str) -> Sentence:
    """Return what tells of a variable that goes back."""

    def as_text(names: Names, old: Servers, now: Servers, trace: Trace) -> str:
        server = names["i"]
        before, after = old[server][variable], now[server][variable]
        if "j" in names:
            place = trace.servers.index(names["j"])
            return (
                f"{server} moves {variable} for {names['j']} back, "
                f"from {before[place]} to {after[place]}."
            )
        return f"{server} moves {variable} back, from {before} to {after}."

    return as_text
