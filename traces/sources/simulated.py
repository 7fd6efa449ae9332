"""From what servers did to a trace: the steps of a simulated cluster, as the explorer's are."""

from collections.abc import Mapping, Sequence
from typing import Any

from raft_ref import State
from raft_ref.server import Happening
from raft_ref.traces.format.flights import received_again
from raft_ref.traces.format.trace import Trace, TraceStep
from raft_ref.traces.sources.explored import (
    arguments_to_json,
    message_to_json,
    state_to_json,
)


def trace_of(
    first: Mapping[str, State], happenings: Sequence[Happening], source: str = ""
) -> Trace:
    """Return what happened as a trace.

    Messages are in flight until they are received for the last time; whether one is received
    again is known from what happens later. One that is never received stays in flight.
    """
    states = {server: state_to_json(state) for server, state in first.items()}
    initial = dict(states)
    again = received_again([(each.message, each.step.messages) for each in happenings])
    steps = []
    for happening, is_again in zip(happenings, again, strict=True):
        before, after = states[happening.server], state_to_json(happening.step.state)
        states[happening.server] = after
        changes = {name: value for name, value in after.items() if before[name] != value}
        steps.append(_step(happening, is_again, changes))
    return Trace(tuple(first), initial, tuple(steps), source)


def _step(happening: Happening, is_again: bool, changes: Mapping[str, Any]) -> TraceStep:
    message = happening.message
    return TraceStep(
        "ReceiveDuplicate" if is_again else happening.name,
        happening.server,
        arguments_to_json(happening.action),
        None if message is None else message_to_json(message),
        happening.step.actions,
        tuple(message_to_json(sent) for sent in happening.step.messages),
        changes,
    )
