"""A trace as a value: where a cluster started, what happened step by step, what broke.

The rules: a state or a message is a plain JSON object, so that a node which is not Raft fits as
well; a step holds what it *changes*, and `states` replays the changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

NOT_LOGGED: Final = "(not logged)"
"""The value of an entry of which a recorded trace does not say what it is."""

JsonObject = Mapping[str, Any]
"""A JSON object: a state of a server, a message, the arguments of a step."""


class TraceError(Exception):
    """A trace that makes no sense; the text locates the fault and says what was expected."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a refused line says of a variable, or of a field of a message, and what was expected."""

    name: str
    logged: str
    expected: str


@dataclass(frozen=True, slots=True)
class Violation:
    """The property that the last state of a trace breaks.

    `formula` is its text in the specification, `instances` are the values of its quantified
    variables that falsify it, each as text ("i = s1, j = s3"). With `is_refusal` the last step is
    what was logged, and no step of the specification; `property` names its line, `reason` is a
    sentence that says why, `nearest` the action that explains it best, `differences` what of it is
    otherwise.
    """

    property: str
    formula: str = ""
    instances: tuple[str, ...] = ()
    is_refusal: bool = False
    reason: str = ""
    nearest: str = ""
    differences: tuple[Difference, ...] = ()

    def __str__(self) -> str:
        return f"{self.property} {'is no step of the spec' if self.is_refusal else 'is violated'}"


@dataclass(frozen=True, slots=True)
class Specification:
    """What a trace is of that is not of Raft: a specification, by the `name` of its module.

    Its processes are the servers of the trace, and `shared` is one more, for the variables that are
    no process's. Of these, `channels` hold the messages in flight.
    """

    name: str
    shared: str
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One atomic step, by its name in the specification (`Timeout`, `Receive`, `Restart` ...).

    `server` takes the step (None: the network does); `message` is what is received or lost;
    `actions` are the actions of the specification that the step composes; `sends` are the messages
    that it sends; `changes` the new values of the server's variables that it changes; `history`
    those of the history variables. `is_told` says that whoever recorded the trace told of the step;
    else a search has filled it in.

    Of a specification, a step may change variables of `others` too, by server, take more messages
    (`takes`), and let some vanish that nobody takes (`drops`); `keeps` says that `message` stays in
    flight.
    """

    step: str
    server: str | None = None
    arguments: JsonObject = field(default_factory=dict)
    message: JsonObject | None = None
    actions: tuple[str, ...] = ()
    sends: tuple[JsonObject, ...] = ()
    changes: JsonObject = field(default_factory=dict)
    history: JsonObject = field(default_factory=dict)
    is_told: bool = True
    others: Mapping[str, JsonObject] = field(default_factory=dict)
    takes: tuple[JsonObject, ...] = ()
    drops: tuple[JsonObject, ...] = ()
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """A behaviour of a cluster: the initial state of each server and the steps from there.

    `network` is "set" (a message equal to one in flight adds nothing), "fifo" (a queue for each
    channel) or "bag" (an equal one is one more). `violation` is None for a trace that breaks
    nothing. `in_flight` are messages that were sent before the trace begins, `history` the history
    variables there; `beside` are variables that Raft knows nothing of, of a node whose others are
    Raft's. With `loop` the trace goes on for ever: the steps after so many are taken again and
    again, or, if there are none, nothing more happens. `features` are those of `format.features`
    that are on. `of` is what it is of, if that is not Raft: then steps, messages and variables have
    the names that they have there, and values are as ITF has them.
    """

    servers: tuple[str, ...]
    initial: Mapping[str, JsonObject]
    steps: tuple[TraceStep, ...] = ()
    source: str = ""
    network: str = "set"
    bounds: JsonObject = field(default_factory=dict)
    violation: Violation | None = None
    in_flight: tuple[JsonObject, ...] = ()
    beside: tuple[str, ...] = ()
    history: JsonObject = field(default_factory=dict)
    loop: int | None = None
    features: tuple[str, ...] = ()
    of: Specification | None = None


def states(trace: Trace) -> list[dict[str, JsonObject]]:
    """Return the states of all servers: at index 0 initially, at index k after the k-th step."""
    reached: list[dict[str, JsonObject]] = [dict(trace.initial)]
    for step in trace.steps:
        after = dict(reached[-1])
        if step.server is not None:
            after[step.server] = {**after[step.server], **step.changes}
        for server, changes in step.others.items():
            after[server] = {**after[server], **changes}
        reached.append(after)
    return reached
