"""From a counterexample of the explorer to a trace."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any

from raft_ref import DURABLE, Role, State
from raft_ref.explorer import Counterexample, Event, System, View
from raft_ref.features import Feature, ForcedRequestVoteRequest
from raft_ref.spec.link import RaftWords, camel_case
from raft_ref.traces.format.features import MARK
from raft_ref.traces.format.trace import Trace, TraceStep, Violation

_OWN = RaftWords()
"""States, messages and steps as the node has them."""


def to_json(value: Any) -> Any:
    """Return a value of a node as JSON: objects by their fields, sets sorted, the rest as text."""
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Enum):
        return to_json(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if is_dataclass(value) or hasattr(value, "_fields"):
        return {told: to_json(getattr(value, name)) for name, told in _told_as(value)}
    if isinstance(value, Mapping):
        return {str(to_json(key)): to_json(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted((to_json(part) for part in value), key=json.dumps)
    return repr(value)


_AS_THEY_ARE = (str, int, bool, type(None))


def _told_as(value: Any) -> tuple[tuple[str, str], ...]:
    """Return the names of the parts of an object, and what each is called in a trace."""
    kind: Any = type(value)
    return _of_kind(kind)


@cache
def _of_kind(kind: Any) -> tuple[tuple[str, str], ...]:
    names = kind._fields if hasattr(kind, "_fields") else [each.name for each in fields(kind)]
    return tuple((name, camel_case(name)) for name in names)


def _parts(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name, _ in _told_as(value)}


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
    if isinstance(message, ForcedRequestVoteRequest):
        return {"type": "RequestVoteRequest", **content, MARK: True}
    if not isinstance(content, dict):
        content = {"source": message.source, "dest": message.dest, "content": content}
    return {"type": type(message).__name__, **content}


def arguments_to_json(action: Any) -> dict[str, Any]:
    """Return what an action says besides its name; nothing for none."""
    content = {} if action is None else to_json(action)
    return content if isinstance(content, dict) else {"action": content}


def trace_of(
    counterexample: Counterexample, system: System, source: str = "", words: RaftWords = _OWN
) -> Trace:
    """Return a counterexample as a trace.

    `system` is the one that was searched, `source` says where the trace comes from (a command
    line, say), `words` how states, messages and steps are told.
    """
    prop = counterexample.prop
    violation = Violation(prop.name, prop.formula, tuple(counterexample.instances))
    trace = trace_of_events(system, counterexample.initial, counterexample.events, source, words)
    return replace(trace, violation=violation)


def trace_of_events(
    system: System,
    first: View,
    events: Iterable[Event],
    source: str = "",
    words: RaftWords = _OWN,
) -> Trace:
    """Return a behaviour as a trace: its first state, and what happens from there."""
    tell = Teller(system.servers, first, words, system.history.name)
    initial = tell.now
    return Trace(
        servers=system.servers,
        initial=initial,
        steps=tuple(map(tell.step, events)),
        source=source,
        network=system.network_kind,
        bounds=system.bounds.as_dict(),
        beside=tuple(_beside_of_raft(first, initial, words)),
        features=_features(system),
    )


def _features(system: System) -> tuple[str, ...]:
    """Return which features are on of the node of a system."""
    named = getattr(system.guard.actor, "features", None)
    if not isinstance(named, frozenset):
        return ()
    return tuple(sorted(each.value for each in named if isinstance(each, Feature)))


def _beside_of_raft(
    first: View, initial: Mapping[str, Mapping[str, Any]], words: RaftWords
) -> list[str]:
    """Return the variables that are shown, and that Raft knows nothing of."""
    if not words.are_of_raft:
        return []
    server, state = next(iter(first.states.items()))
    return sorted(initial[server].keys() - state_to_json(words.state(state)).keys())


class Teller:
    """Tells a behaviour step by step; `now` are the variables of all servers after the last.

    Arguments: the servers; their first state; how it is told; what the history is called.
    """

    def __init__(
        self, servers: Sequence[str], first: View, words: RaftWords = _OWN, history: str = ""
    ) -> None:
        self._servers, self._name = servers, history
        self._words, self._view = words, first
        self._history = self._recorded(first)
        self.now = {server: self._told(state) for server, state in first.states.items()}

    def step(self, event: Event) -> TraceStep:
        """Return the next step, and go on from there."""
        step, new, recorded = self._next(event)
        if event.server is not None:
            self.now = {**self.now, event.server: new}
        self._view, self._history = event.after, recorded
        return step

    def would(self, event: Event) -> TraceStep:
        """Return what a step would be, if it were the next."""
        return self._next(event)[0]

    def again(self) -> Teller:
        """Return another that has told the same, and can go on otherwise."""
        return copy(self)

    def _next(self, event: Event) -> tuple[TraceStep, dict[str, Any], Any]:
        step, recorded = self._words.event(self._view, event), self._recorded(event.after)
        changed = {
            name: value for name, value in recorded.items() if value != self._history.get(name)
        }
        old: Mapping[str, Any] = {}
        new: dict[str, Any] = {}
        if event.server is not None:
            old, new = self.now[event.server], self._told(event.after.states[event.server])
            if self._words.are_of_raft:
                _keep_own_slot(self._servers.index(event.server), old, new)
        return _step(step, old, new, changed), new, recorded

    def _recorded(self, view: View) -> dict[str, Any]:
        """Return the history by its name, or by the names of its parts."""
        told = getattr(view.history, "told", {self._name: view.history})
        return {name: to_json(part) for name, part in told.items()}

    def _told(self, state: Any) -> dict[str, Any]:
        return shown_to_json(state, self._words.state(state))


def _keep_own_slot(place: int, old: Mapping[str, Any], new: dict[str, Any]) -> None:
    """Let a leader know of itself what Raft.tla has there, which no rule ever reads.

    Who writes an `as_raft` need not guess it.
    """
    if new["role"] != Role.LEADER.value:
        return
    was_leader = old["role"] == Role.LEADER.value
    last = new["snapshot"]["lastIncludedIndex"] + len(new["log"])
    for name, first in (("nextIndex", last + 1), ("matchIndex", 0)):
        new[name][place] = old[name][place] if was_leader else first


def _step(
    event: Event, old: Mapping[str, Any], new: Mapping[str, Any], history: Mapping[str, Any]
) -> TraceStep:
    actions = tuple(name for name in event.actions if name not in ("Receive", "ReceiveDuplicate"))
    return TraceStep(
        step=event.step,
        server=event.server,
        arguments=arguments_to_json(event.action),
        message=None if event.message is None else message_to_json(event.message),
        actions=actions,
        sends=tuple(message_to_json(message) for message in event.sends),
        changes={k: v for k, v in new.items() if k not in old or old[k] != v},
        history=history,
    )
