"""From the states of any specification to a trace: its processes, their steps, their messages.

A state maps the variables to values as ITF has them: numbers, strings and Booleans, lists for
sequences, objects for records, `#set` and `#map` for sets and other functions. What a trace wants
beside that is told by these rules:

- The processes are what most variables are functions of. Whatever variable is a function of
  processes alone, or of some, is theirs; the others are shared by all.
- Messages are records that say from which process they come and to which they go (`_ENDS`); a
  variable that holds nothing else, however it holds them, is a channel. What is in it after a step
  and was not before is sent. What is there no more is received, if it was for the process that
  acts, and else gone; alone it is lost, if the action says so by its name (`_IS_LOSS`). What stays
  there is received if it is among the step's arguments.
- A process acts if it receives a message, if its variables change, if it is an argument, or if it
  sends something, in that order. What none of them does is a step of what is shared.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from raft_ref.traces.format.trace import (
    JsonObject,
    Specification,
    Trace,
    TraceError,
    TraceStep,
    Violation,
)

State = Mapping[str, Any]

_ENDS = (
    ("source", "dest"), ("msource", "mdest"), ("src", "dst"), ("src", "dest"), ("from", "to"),
    ("sender", "receiver"), ("source", "destination"),
)  # fmt: skip
"""What the fields of a message are called that say from where to where it goes."""
_TYPES = ("type", "mtype", "kind", "msgtype", "tag")
"""What the field is called that says what a message is."""
_IS_LOSS = re.compile("(?i)drop|lose|loss|lost")


class Taken(NamedTuple):
    """An action that was taken, and the values of the names that it binds."""

    action: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class Behavior:
    """States, what was `taken` between them, and where the last returns to, if it goes on for ever.

    `name` is that of the specification. `taken` has one more at the end where there is a loop that
    is more than staying as it is: by it the last state returns to state `loop`, counted from 0.
    """

    name: str
    states: Sequence[State]
    taken: Sequence[Taken]
    loop: int | None = None


def trace_of_behavior(
    behavior: Behavior,
    processes: Sequence[Any] = (),
    source: str = "",
    violation: Violation | None = None,
) -> Trace:
    """Return a behavior as a trace.

    Arguments: the behavior; the processes, as values of ITF (none: they are found); where it comes
    from; what it violates. Raises `TraceError` where no variable is a function of such processes.
    """
    states, last = [*behavior.states], behavior.loop
    if last is not None and len(behavior.taken) == len(states):
        states.append(states[last])
    cast = _Cast(behavior.name, states, tuple(map(text_of, processes)))
    steps = [
        cast.step(taken, *pair)
        for taken, pair in zip(behavior.taken, pairwise(states), strict=True)
    ]
    if last is not None and len(behavior.taken) < len(behavior.states):
        last = len(steps)
    return Trace(
        servers=cast.columns(steps),
        initial=cast.initial(steps),
        steps=tuple(steps),
        source=source,
        network="bag",
        violation=violation,
        in_flight=tuple(map(cast.message, cast.pool(states[0]).elements())),
        loop=last,
        of=Specification(behavior.name, cast.shared, cast.channels),
    )


def states_of_trace(trace: Trace, reached: Sequence[Mapping[str, JsonObject]]) -> list[State]:
    """Return the states of a specification again, from those of the columns of its trace."""
    assert trace.of is not None
    shared = trace.of.shared
    found: list[State] = []
    for columns in reached:
        state: dict[str, Any] = dict(columns.get(shared, {}))
        by_process: dict[str, dict[str, Any]] = {}
        for column, variables in columns.items():
            for name, value in variables.items():
                if column != shared:
                    by_process.setdefault(name, {})[column] = value
        state |= {name: _function(values) for name, values in by_process.items()}
        found.append(state)
    return found


def _function(values: Mapping[str, Any]) -> Any:
    """Return a function of processes; one that is called by a number is one."""
    if [*values] == [str(number) for number in range(1, len(values) + 1)]:
        return [*values.values()]
    names = (int(name) if re.fullmatch(r"-?\d+", name) else name for name in values)
    return {"#map": [[name, value] for name, value in zip(names, values.values(), strict=True)]}


def pairs_of(value: Any) -> list[tuple[Any, Any]] | None:
    """Return the arguments of a function and what it maps each to; None for what is none."""
    if type(value) is list:
        return [*enumerate(value, start=1)]
    if type(value) is not dict or "#set" in value:
        return None
    if "#map" in value:
        return [(key, each) for key, each in value["#map"]]
    return [*value.items()]


def text_of(value: Any) -> str:
    """Return what a process is called."""
    return value if type(value) is str else json.dumps(value)


class _Cast:
    """Who takes part in a behavior: its processes, its channels, and what is shared."""

    def __init__(self, name: str, states: Sequence[State], named: tuple[str, ...]) -> None:
        self._processes = named or _processes(states)
        known = frozenset(self._processes)
        self._is_own: dict[str, bool] = {}
        self.channels = tuple(
            variable for variable in states[0] if _is_channel(variable, states, known)
        )
        for variable in states[0]:
            functions = [_arguments(state[variable]) for state in states]
            is_own = variable not in self.channels
            self._is_own[variable] = is_own and all(f and known.issuperset(f) for f in functions)
        if named and not self.channels and not any(self._is_own.values()):
            raise TraceError(f"no variable is a function of {', '.join(named)}")
        self.shared = name
        while self.shared in known:
            self.shared += "'"
        self._first = states[0]

    def columns(self, steps: Sequence[TraceStep]) -> tuple[str, ...]:
        """Return the processes, and behind them what is shared, if something is or acts there."""
        is_shown = not all(self._is_own.values()) or any(s.server == self.shared for s in steps)
        return (*self._processes, *([self.shared] if is_shown else []))

    def initial(self, steps: Sequence[TraceStep]) -> dict[str, JsonObject]:
        """Return the variables of each column at first."""
        at = self._by_column(self._first)
        return {column: at[column] for column in self.columns(steps)}

    def step(self, taken: Taken, before: State, after: State) -> TraceStep:
        """Return the step from one state to the next."""
        old, new = self._by_column(before), self._by_column(after)
        changes = {
            column: {k: v for k, v in new[column].items() if old[column].get(k) != v}
            for column in new
            if new[column] != old[column]
        }
        were, are = self.pool(before), self.pool(after)
        sends = [*(are - were).elements()]
        gone = [*(were - are).elements()]
        named = [_key(value) for value in taken.arguments.values()]
        own = [column for column in changes if column != self.shared]
        if gone and not (sends or own) and _IS_LOSS.search(taken.action):
            return self._loss(taken, [*map(self.message, gone)], changes[self.shared])
        kept = [key for key in named if key in were and key in are and key not in gone]
        if kept and not own and {*sends} <= {*kept}:
            kept = []  # it is sent again, by whoever does that
        actor = self._actor(taken, own, [*map(self.message, (*gone, *kept))], sends)
        taken_out = [*map(self.message, gone)]
        received = [each for each in taken_out if each["dest"] == actor]
        keeps = not received and bool(kept)
        if keeps:
            received = [m for m in map(self.message, kept) if m["dest"] == actor][:1]
        return TraceStep(
            step=taken.action,
            server=actor,
            arguments=taken.arguments,
            message=received[0] if received else None,
            sends=tuple(map(self.message, sends)),
            changes=changes.pop(actor, {}),
            others=changes,
            takes=tuple(received[1:]),
            drops=tuple(each for each in taken_out if each["dest"] != actor),
            keeps=keeps and bool(received),
        )

    def _loss(
        self, taken: Taken, lost: Sequence[JsonObject], changes: Mapping[str, Any]
    ) -> TraceStep:
        if len(lost) == 1:
            others = {self.shared: changes}
            return TraceStep(taken.action, None, taken.arguments, lost[0], others=others)
        return TraceStep(
            taken.action, self.shared, taken.arguments, changes=changes, drops=tuple(lost)
        )

    def pool(self, state: State) -> Counter[str]:
        """Return the messages that are in the channels, each as text, and how often."""
        found: Counter[str] = Counter()
        for channel in self.channels:
            found += _pool(state[channel], frozenset(self._processes)) or Counter()
        return found

    def message(self, key: str) -> JsonObject:
        """Return a message as a trace has it."""
        record = json.loads(key)
        source, dest = next(ends for ends in _ENDS if record.keys() >= {*ends})
        told = {"source": text_of(record.pop(source)), "dest": text_of(record.pop(dest))}
        kind = next((name for name in _TYPES if type(record.get(name)) is str), None)
        return {"type": record.pop(kind) if kind else "message", **told, **record}

    def _by_column(self, state: State) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {each: {} for each in (*self._processes, self.shared)}
        for variable, value in state.items():
            if not self._is_own[variable]:
                found[self.shared][variable] = value
                continue
            for key, own in pairs_of(value) or ():
                found[text_of(key)][variable] = own
        return found

    def _actor(
        self,
        taken: Taken,
        changed: Sequence[str],
        received: Sequence[JsonObject],
        sends: Sequence[str],
    ) -> str:
        named = [text_of(value) for value in taken.arguments.values()]
        named = [name for name in named if name in self._processes]
        addressees = [message["dest"] for message in received]
        senders = [self.message(key)["source"] for key in sends]
        candidates = (
            [name for name in addressees if name in changed or not changed],
            [name for name in named if name in changed],
            changed,
            named,
            senders,
        )
        return next((names[0] for names in candidates if names), self.shared)


def _arguments(value: Any) -> frozenset[str]:
    return frozenset(text_of(key) for key, _ in pairs_of(value) or ())


def _processes(states: Sequence[State]) -> tuple[str, ...]:
    """Return what most variables are functions of, whatever the state.

    A record or a sequence alone may be just that: of those there must be two.
    """
    found: dict[tuple[str, ...], int] = {}
    for variable, first in states[0].items():
        arguments = [key for key, _ in pairs_of(first) or ()]
        if any(type(key) is dict for key in arguments):
            continue  # sets and records, as of a bag of messages
        keys = tuple(map(text_of, arguments))
        if keys and all(_arguments(state[variable]) == frozenset(keys) for state in states):
            is_function = type(first) is dict and "#map" in first
            found[keys] = found.get(keys, 0) + (2 if is_function else 1)
    scores = {keys: sum(n for other, n in found.items() if {*other} <= {*keys}) for keys in found}
    best = max(scores, key=lambda keys: scores[keys], default=())
    return best if scores.get(best, 0) > 1 else ()


# ---- Messages


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _is_channel(variable: str, states: Iterable[State], processes: frozenset[str]) -> bool:
    pools = [_pool(state[variable], processes) for state in states]
    return all(pool is not None for pool in pools) and any(pools)


def _pool(value: Any, processes: frozenset[str]) -> Counter[str] | None:
    """Return the messages that a value holds, and how often; None if it holds anything else."""
    if _is_message(value, processes):
        return Counter({_key(value): 1})
    if type(value) is dict and "#set" in value:
        return _together(value["#set"], processes)
    pairs = pairs_of(value)
    if pairs is None:
        return None
    if pairs and all(_is_message(key, processes) and type(n) is int for key, n in pairs):
        return Counter({_key(key): n for key, n in pairs if n > 0})
    return _together((each for _, each in pairs), processes)


def _together(values: Iterable[Any], processes: frozenset[str]) -> Counter[str] | None:
    found: Counter[str] = Counter()
    for each in values:
        pool = _pool(each, processes)
        if pool is None:
            return None
        found += pool
    return found


def _is_message(value: Any, processes: frozenset[str]) -> bool:
    if type(value) is not dict:
        return False
    ends = next((ends for ends in _ENDS if value.keys() >= {*ends}), None)
    return ends is not None and all(text_of(value[end]) in processes for end in ends)
