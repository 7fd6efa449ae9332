"""ITF, the JSON trace format of Apalache and Quint: traces as sequences of states.

An ITF trace has states and no steps. Of one with the variables of Raft.tla each pair of states is
explained by a step of the reference node, which takes those of Raft.tla and no others; what no step
explains cannot be read. One of any other specification is read as its states are (`itf_states`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from raft_ref import Node, State
from raft_ref.messages import Entry, Message
from raft_ref.node import Action, Step
from raft_ref.traces.format.flights import InFlight
from raft_ref.traces.format.opening import opened
from raft_ref.traces.format.trace import JsonObject, Trace, TraceError, TraceStep, states
from raft_ref.traces.sources.behaviors import trace_of_behavior
from raft_ref.traces.sources.explored import (
    arguments_to_json,
    message_to_json,
    state_to_json,
)
from raft_ref.traces.sources.itf_states import behavior_of_itf, write_itf_states
from raft_ref.traces.sources.raft import message_of, state_of

BY_SERVER = (
    "currentTerm", "votedFor", "snapshot", "log", "role", "commitIndex", "votesGranted",
    "nextIndex", "matchIndex",
)  # fmt: skip
VARIABLES = (*BY_SERVER, "messages")
NIL = "Nil"


# ---- Out


def write_itf(trace: Trace, path: str | Path) -> None:
    """Write a trace as ITF; the step that led to a state is in its `#meta`.

    Raises `OSError` where the file cannot be written, `TraceError` for a trace of Raft whose
    servers lack variables of Raft.tla.
    """
    if trace.of is not None:
        write_itf_states(trace, path)
        return
    network = InFlight(trace.network, trace.in_flight)
    shown = []
    for number, servers in enumerate(states(trace)):
        meta: dict[str, Any] = {"index": number}
        if number:
            step = trace.steps[number - 1]
            network.apply(number, step)
            meta["step"] = step.step
        shown.append({"#meta": meta, **_shown(trace.servers, servers, network.pending)})
    whole = {
        "#meta": {"format": "ITF", "description": trace.source},
        "params": [],
        "vars": [*VARIABLES],
        "states": shown,
    }
    Path(path).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def _shown(
    names: Sequence[str], servers: Mapping[str, JsonObject], messages: Sequence[JsonObject]
) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for variable in BY_SERVER:
        try:
            values = {name: servers[name][variable] for name in names}
        except KeyError:
            raise TraceError(f"the trace has no {variable}: it is none of Raft.tla") from None
        shown[variable] = _map({n: _variable(variable, v, names) for n, v in values.items()})
    shown["messages"] = {"#set": [dict(message) for message in messages]}
    return shown


def _variable(variable: str, value: Any, names: Sequence[str]) -> Any:
    match variable:
        case "votedFor":
            return NIL if value is None else value
        case "votesGranted":
            return {"#set": [*value]}
        case "nextIndex" | "matchIndex":
            return _map(dict(zip(names, value, strict=True)))
        case _:
            return value


def _map(values: Mapping[str, Any]) -> JsonObject:
    return {"#map": [[key, value] for key, value in values.items()]}


# ---- In


def read_itf(path: str | Path) -> Trace:
    """Read an ITF trace; one with Raft.tla's variables is one of Raft, whatever it has beside.

    Raises `TraceError` (`file: reason`, with the number of the state) for what is none, and where
    no step of Raft.tla leads from one state of Raft to the next.
    """
    try:
        with opened(Path(path)) as file:
            text = file.read()
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}: not JSON that can be read: {error}") from None
    try:
        whole = json.loads(text)
        if not _is_of_raft(whole):
            return trace_of_behavior(behavior_of_itf(whole, _named(path)), source=str(path))
        return _trace(whole, str(path))
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{path}: not JSON that can be read: {error}") from None
    except TraceError as error:
        raise TraceError(f"{path}: {error}") from None


def _named(path: str | Path) -> str:
    return Path(path).name.partition(".")[0]


def _is_of_raft(whole: Any) -> bool:
    shown = whole.get("states") if type(whole) is dict else None
    first = shown[0] if type(shown) is list and shown else None
    return type(first) is dict and first.keys() >= {*VARIABLES}


def _trace(whole: Any, source: str) -> Trace:
    shown = whole.get("states") if type(whole) is dict else None
    if type(shown) is not list or not shown:
        raise TraceError('an ITF trace is an object with its "states"')
    reached = []
    for number, state in enumerate(shown):
        try:
            reached.append(_World(_decoded(state)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"no {error}" if type(error) is KeyError else str(error)
            raise TraceError(f"state {number} is none of Raft.tla: {what}") from None
    first = reached[0]
    if first.messages:
        raise TraceError("messages are in flight in state 0: expected a trace from its beginning")
    if any(world.servers.keys() != first.servers.keys() for world in reached):
        raise TraceError("the states have different servers")
    steps = _Steps(first, {each.value for world in reached for each in world.entries()})
    found = [steps.between(n, *pair) for n, pair in enumerate(pairwise(reached))]
    return Trace(
        servers=tuple(first.servers),
        initial={name: state_to_json(state) for name, state in first.servers.items()},
        steps=tuple(found),
        source=source,
    )


def _decoded(value: Any) -> Any:
    """Return an ITF value as one of Python: sets as lists, maps as objects, integers as such."""
    if type(value) is list:
        return [_decoded(each) for each in value]
    if type(value) is not dict:
        return value
    match value:
        case {"#bigint": text}:
            return int(text)
        case {"#set": elements} | {"#tup": elements}:
            return [_decoded(each) for each in elements]
        case {"#map": pairs}:
            return {str(_decoded(key)): _decoded(each) for key, each in pairs}
        case {"tag": tag, "value": _}:
            # A variant of Quint: what it carries is of no use here.
            return tag
    return {key: _decoded(each) for key, each in value.items() if not key.startswith("#")}


class _World:
    """One state, as the servers and messages of the reference node."""

    def __init__(self, shown: Mapping[str, Any]) -> None:
        names = sorted(shown["currentTerm"])
        self.servers = {name: state_of(name, _variables(name, names, shown)) for name in names}
        self.messages = frozenset(map(message_of, shown["messages"]))

    def entries(self) -> Iterator[Entry]:
        for state in self.servers.values():
            yield from state.log


def _variables(name: str, names: Sequence[str], shown: Mapping[str, Any]) -> JsonObject:
    """Return the variables of one server as a trace has them."""
    variables = {variable: shown[variable][name] for variable in BY_SERVER}
    if variables["votedFor"] in (NIL, "None"):
        variables["votedFor"] = None
    for variable in ("nextIndex", "matchIndex"):
        variables[variable] = [variables[variable][peer] for peer in names]
    return variables


class _Steps:
    """Finds the step of the reference node between two states."""

    def __init__(self, first: _World, values: set[str]) -> None:
        self._node = Node([*first.servers], sorted(values))

    def between(self, number: int, before: _World, after: _World) -> TraceStep:
        """Return the step that leads from one state to the next."""
        for name, state in before.servers.items():
            others = {each for each in before.servers if each != name}
            if any(before.servers[each] != after.servers[each] for each in others):
                continue
            for told, step, gone in self._possible(state, before.messages):
                sent = (before.messages - gone) | frozenset(step.messages)
                if step.state == after.servers[name] and sent == after.messages:
                    return _complete(told, state, step)
        if before.servers == after.servers:
            for message in before.messages - after.messages:
                if before.messages - {message} == after.messages:
                    return TraceStep("DropMessage", message=message_to_json(message))
        raise TraceError(f"no step of Raft.tla leads from state {number} to state {number + 1}")

    def _possible(
        self, state: State, messages: frozenset[Message]
    ) -> Iterator[tuple[TraceStep, Step, frozenset[Message]]]:
        for message in sorted(messages, key=repr):
            if message.dest == state.me:
                step = self._node.receive(state, message)
                told = TraceStep("Receive", state.me, message=message_to_json(message))
                yield told, step, frozenset({message})
                yield replace(told, step="ReceiveDuplicate"), step, frozenset()
        actions: list[Action] = [*self._node.actions(state)]
        for action in actions:
            taken = self._node.act(state, action)
            if taken is not None:
                arguments = arguments_to_json(action)
                yield TraceStep(type(action).__name__, state.me, arguments), taken, frozenset()
        restarted = Step(self._node.restart(state), (), ("Restart",))
        yield TraceStep("Restart", state.me), restarted, frozenset()


def _complete(told: TraceStep, before: State, step: Step) -> TraceStep:
    old, new = state_to_json(before), state_to_json(step.state)
    return replace(
        told,
        actions=step.actions,
        sends=tuple(map(message_to_json, step.messages)),
        changes={name: value for name, value in new.items() if old[name] != value},
    )
