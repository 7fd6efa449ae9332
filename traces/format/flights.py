"""Which sending of a message each receipt and each loss belongs to.

A trace names messages by their contents. `InFlight` replays the network, a set or one queue for
each channel, and gives every sent message one `Flight`: sent once, delivered never, once or (by a
duplicating network) more often, perhaps lost.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from raft_ref.traces.format.trace import JsonObject, Trace, TraceError, TraceStep

DELIVERIES = ("Receive", "ReceiveDuplicate")
LOSS = "DropMessage"


@dataclass(slots=True)
class Flight:
    """The way of one message; steps are counted from 1, as in the story, 0 is before the first.

    `delivered` are the steps that receive it, `lost` is the step that drops it and does nothing
    else, `gone` one in which it vanishes beside all else, and `over` says that no copy is in flight
    any more.
    """

    message: JsonObject
    sent: int
    delivered: list[int] = field(default_factory=list)
    lost: int | None = None
    gone: int | None = None
    over: bool = False


class InFlight:
    """The messages in flight while a trace is replayed; `network` is "set", "fifo" or "bag".

    `messages` are in flight at first.
    """

    def __init__(self, network: str, messages: Iterable[JsonObject] = ()) -> None:
        self.ordered = network == "fifo"
        self._counts_equals = network != "set"
        self.flights: list[Flight] = []
        self._pending: list[tuple[str, Flight]] = []
        for message in messages:
            self._send(0, message)

    @property
    def pending(self) -> list[JsonObject]:
        """The messages in flight."""
        return [flight.message for _, flight in self._pending]

    def apply(self, number: int, step: TraceStep) -> Flight | None:
        """Replay the step with this number and return the flight that it delivers or drops.

        Raises TraceError where the step takes a message that is not in flight.
        """
        taken = None
        if step.message is not None:
            is_kept = step.keeps or step.step == "ReceiveDuplicate"
            taken = self._take(step.message, keep=is_kept)
            if step.server is None:
                taken.lost = number
            else:
                taken.delivered.append(number)
        for message in step.takes:
            self._take(message, keep=False).delivered.append(number)
        for message in step.drops:
            self._take(message, keep=False).gone = number
        for message in step.sends:
            self._send(number, message)
        return taken

    def _send(self, number: int, message: JsonObject) -> None:
        key = _key(message)
        if not self._counts_equals and any(key == pending for pending, _ in self._pending):
            return
        flight = Flight(message, number)
        self.flights.append(flight)
        self._pending.append((key, flight))

    def _take(self, message: JsonObject, keep: bool) -> Flight:
        key = _key(message)
        channel = (message["source"], message["dest"])
        for position, (pending, flight) in enumerate(self._pending):
            if pending == key:
                if not keep:
                    del self._pending[position]
                    flight.over = True
                return flight
            if self.ordered and (flight.message["source"], flight.message["dest"]) == channel:
                raise TraceError(f"{_name(message)} is not the next message of its channel")
        raise TraceError(f"{_name(message)} is not in flight")


def _key(message: JsonObject) -> str:
    """Return the message as text: in JSON, unlike in Python, true and 1 differ."""
    return json.dumps(message, sort_keys=True)


def _name(message: JsonObject) -> str:
    return f"{message['type']} from {message['source']} to {message['dest']}"


def received_again(steps: Sequence[tuple[Hashable | None, Iterable[Hashable]]]) -> list[bool]:
    """Return for each step whether its message is received again before it is sent again.

    Arguments: of each step the message that it receives, if any, and those that it sends.
    """
    awaited: set[Hashable] = set()
    found = []
    for message, sends in reversed(steps):
        awaited.difference_update(sends)
        found.append(message in awaited)
        if message is not None:
            awaited.add(message)
    return found[::-1]


def flights(trace: Trace) -> list[Flight]:
    """Return the flights of all messages that the trace sends, in the order of sending.

    Raises TraceError where a step takes a message that is not in flight.
    """
    network = InFlight(trace.network, trace.in_flight)
    for number, step in enumerate(trace.steps, start=1):
        network.apply(number, step)
    return network.flights
