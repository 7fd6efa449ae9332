"""Parts of a trace: some of its steps, or of what these tell of."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any

from raft_ref.traces.format.flights import InFlight
from raft_ref.traces.format.trace import JsonObject, Trace, TraceError, states


def part(trace: Trace, first: int, last: int) -> Trace:
    """Return the steps from `first` to `last` of a trace, counted from 1.

    What the trace violates is violated in its last step, and so in a part that ends there. Raises
    `TraceError` where there are no such steps.
    """
    count = len(trace.steps)
    if not 1 <= first <= last or first > count:
        raise TraceError(f"there are no steps {first} to {last}; the trace has {count}")
    network = InFlight(trace.network, trace.in_flight)
    history = dict(trace.history)
    for number, step in enumerate(trace.steps[: first - 1], start=1):
        network.apply(number, step)
        history.update(step.history)
    return replace(
        trace,
        initial=states(trace)[first - 1],
        steps=trace.steps[first - 1 : last],
        in_flight=tuple(network.pending),
        history=history,
        violation=trace.violation if last >= count else None,
        loop=_loop(trace, first) if last >= count else None,
        source=f"{trace.source}, steps {first} to {min(last, count)}",
    )


def without_channels(trace: Trace) -> Trace:
    """Return a trace without the variables that hold messages, which are told as such.

    Where nothing is shared by the processes but these, what is shared is no column.
    """
    if trace.of is None or trace.of.shared not in trace.servers:
        return trace
    shared, channels = trace.of.shared, trace.of.channels
    initial = {name: _less(variables, channels) for name, variables in trace.initial.items()}
    steps = tuple(
        replace(
            step,
            changes=_less(step.changes, channels),
            others={
                name: left
                for name, changes in step.others.items()
                if (left := _less(changes, channels))
            },
        )
        for step in trace.steps
    )
    servers = trace.servers
    if not initial[shared] and not any(step.server == shared for step in steps):
        servers = tuple(name for name in servers if name != shared)
        del initial[shared]
    return replace(trace, servers=servers, initial=initial, steps=steps)


def _less(variables: JsonObject, names: Container[str]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if name not in names}


def _loop(trace: Trace, first: int) -> int | None:
    """Return after how many steps of the part the loop begins; None if that is before it."""
    if trace.loop is None or trace.loop < first - 1:
        return None
    return trace.loop - (first - 1)
