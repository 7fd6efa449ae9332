"""From a counterexample of the explorer to a trace."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from raft_ref import DURABLE, State
from raft_ref.explorer import Counterexample, Event, System, View
from raft_ref.spec.link import camel_case
from raft_ref.traces.format.trace import Trace, TraceStep, Violation

Project = Callable[[Any], Any]
"""What of a node's state the trace shows, such as the variables of Raft in a user's own state."""


def to_json(value: Any) -> Any:
    """Return a value of a node as JSON: objects by their fields, sets sorted, the rest as text."""
    if isinstance(value, Enum):
        return to_json(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if is_dataclass(value) or hasattr(value, "_fields"):
        return {camel_case(name): to_json(part) for name, part in _parts(value).items()}
    if isinstance(value, Mapping):
        return {str(to_json(key)): to_json(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted((to_json(part) for part in value), key=json.dumps)
    return repr(value)


def _parts(value: Any) -> dict[str, Any]:
    names = value._fields if hasattr(value, "_fields") else [f.name for f in fields(value)]
    return {name: getattr(value, name) for name in names}


def state_to_json(state: Any) -> dict[str, Any]:
    """Return the variables of a server; `me`, its own name, is none of them."""
    variables = to_json(state)
    if not isinstance(variables, dict):
        return {"state": variables}
    return {name: value for name, value in variables.items() if name != "me"}


def shown_to_json(state: Any, stands_for: Any) -> dict[str, Any]:
    """Return what is shown of a node's own state: what it stands for, and what it holds beside.

    A disk, a queue: what else a state has that holds in one of its parts what it stands for.
    """
    variables = state_to_json(stands_for)
    if stands_for is state or not (is_dataclass(state) or hasattr(state, "_fields")):
        return variables
    parts = _parts(state)
    same = next((name for name, part in parts.items() if part == stands_for), None)
    if same is None:
        return variables  # of a layout of its own: nothing is beside
    for name, part in parts.items():
        if name not in (same, "me"):
            variables |= _beside(camel_case(name), part)
    return variables


def _beside(name: str, part: Any) -> dict[str, Any]:
    """Return a part that stands beside: of a state what is durable, of a queue how long it is."""
    if isinstance(part, State):
        durable = sorted(DURABLE)
        return {f"{name}.{camel_case(each)}": to_json(getattr(part, each)) for each in durable}
    if isinstance(part, tuple):
        return {name: len(part)}
    return {name: to_json(part)}


def message_to_json(message: Any) -> dict[str, Any]:
    """Return a message by its fields, its class being its type."""
    content = to_json(message)
    if not isinstance(content, dict):
        content = {"source": message.source, "dest": message.dest, "content": content}
    return {"type": type(message).__name__, **content}


def arguments_to_json(action: Any) -> dict[str, Any]:
    """Return what an action says besides its name; nothing for none."""
    content = {} if action is None else to_json(action)
    return content if isinstance(content, dict) else {"action": content}


def trace_of(
    counterexample: Counterexample,
    system: System,
    source: str = "",
    project: Project = lambda state: state,
    project_message: Project = lambda message: message,
) -> Trace:
    """Return a counterexample as a trace.

    `system` is the one that was searched, `source` says where the trace comes from (a command
    line, say), `project` what of each state it shows, and `project_message` as what each message is
    shown, if it is not None.
    """
    prop = counterexample.prop
    violation = Violation(prop.name, prop.formula, tuple(counterexample.instances))
    events = [_shown(event, project_message) for event in counterexample.events]
    trace = trace_of_events(system, counterexample.initial, events, source, project)
    return replace(trace, violation=violation)


def _shown(event: Event, project_message: Project) -> Event:
    """Return an event with its messages as they are shown."""
    message = None if event.message is None else project_message(event.message) or event.message
    return replace(
        event, message=message, sends=tuple(project_message(m) or m for m in event.sends)
    )


def trace_of_events(
    system: System,
    first: View,
    events: Iterable[Event],
    source: str = "",
    project: Project = lambda state: state,
) -> Trace:
    """Return a behaviour as a trace: its first state, and what happens from there."""

    def states(view: View) -> dict[str, dict[str, Any]]:
        return {
            server: shown_to_json(state, project(state)) for server, state in view.states.items()
        }

    initial = before = states(first)
    history = to_json(first.history)
    steps = []
    for event in events:
        after, recorded = states(event.after), to_json(event.after.history)
        changed = {} if recorded == history else {system.history.name: recorded}
        steps.append(_step(event, before, after, changed))
        before, history = after, recorded
    return Trace(
        servers=system.servers,
        initial=initial,
        steps=tuple(steps),
        source=source,
        network=system.network_kind,
        bounds=system.bounds.as_dict(),
    )


def _step(
    event: Event,
    before: Mapping[str, dict[str, Any]],
    after: Mapping[str, dict[str, Any]],
    history: Mapping[str, Any],
) -> TraceStep:
    server = event.server
    changes = {}
    if server is not None:
        old = before[server]
        changes = {k: v for k, v in after[server].items() if k not in old or old[k] != v}
    actions = tuple(name for name in event.actions if name not in ("Receive", "ReceiveDuplicate"))
    return TraceStep(
        step=event.step,
        server=server,
        arguments=arguments_to_json(event.action),
        message=None if event.message is None else message_to_json(event.message),
        actions=actions,
        sends=tuple(message_to_json(message) for message in event.sends),
        changes=changes,
        history=history,
    )
