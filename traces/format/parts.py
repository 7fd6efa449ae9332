"""Parts of a trace: some steps, with the states and the messages in flight that they begin with."""

from __future__ import annotations

from dataclasses import replace

from raft_ref.traces.format.flights import InFlight
from raft_ref.traces.format.trace import Trace, TraceError, states


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


def _loop(trace: Trace, first: int) -> int | None:
    """Return after how many steps of the part the loop begins; None if that is before it."""
    if trace.loop is None or trace.loop < first - 1:
        return None
    return trace.loop - (first - 1)
