"""From what servers did to a trace: the steps of a simulated cluster, as the explorer's are."""

from collections.abc import Mapping, Sequence
from typing import Any

from raft_ref import Message, State
from raft_ref.server import Happening
from traces import Trace, TraceStep
from traces.record import to_json


def trace_of(
    first: Mapping[str, State], happenings: Sequence[Happening], source: str = ""
) -> Trace:
    """Return what happened as a trace.

    Messages are in flight until they are received for the last time; whether one is received
    again is known from what happens later. One that is never received stays in flight.
    """
    states = {server: _state(state) for server, state in first.items()}
    initial = dict(states)
    again = _received_again(happenings)
    steps = []
    for happening, is_again in zip(happenings, again, strict=True):
        before, after = states[happening.server], _state(happening.step.state)
        states[happening.server] = after
        changes = {name: value for name, value in after.items() if before[name] != value}
        steps.append(_step(happening, is_again, changes))
    return Trace(tuple(first), initial, tuple(steps), source)


def _received_again(happenings: Sequence[Happening]) -> list[bool]:
    """Return for each step whether its message is received again before it is sent again."""
    awaited: set[Message] = set()
    found = []
    for happening in reversed(happenings):
        awaited -= set(happening.step.messages)
        event = happening.event
        found.append(_is_message(event) and event in awaited)
        if _is_message(event):
            awaited.add(event)  # type: ignore[arg-type]
    return found[::-1]


def _step(happening: Happening, is_again: bool, changes: Mapping[str, Any]) -> TraceStep:
    event = happening.event
    sends = tuple(_message(message) for message in happening.step.messages)
    actions = happening.step.actions
    if event is None:
        return TraceStep("Restart", happening.server, actions=actions, changes=changes)
    if _is_message(event):
        name = "ReceiveDuplicate" if is_again else "Receive"
        return TraceStep(
            name,
            happening.server,
            message=_message(event),
            actions=actions,
            sends=sends,
            changes=changes,
        )
    arguments = to_json(event)
    return TraceStep(
        type(event).__name__, happening.server, arguments, None, actions, sends, changes
    )


def _is_message(event: Any) -> bool:
    return hasattr(event, "source")


def _state(state: State) -> dict[str, Any]:
    return {name: value for name, value in to_json(state).items() if name != "me"}


def _message(message: Any) -> dict[str, Any]:
    return {"type": type(message).__name__, **to_json(message)}
