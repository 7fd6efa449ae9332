"""The messages that were sent, and which of them a line may speak of.

The rule: a message that was sent may be received at any time, and any number of times, unless the
trace itself says which copy is the last; one that never is, is lost. Nothing has to be.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

from raft_ref.spec.values.value import Boolean, domain_in
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.rules.matching import message_agrees
from raft_ref.traces.validation.rules.protocol import Message

_TELLING = {
    "RequestVoteRequest": "lastLogIndex",
    "RequestVoteResponse": "voteGranted",
    "AppendEntriesRequest": "prevLogIndex",
    "AppendEntriesResponse": "matchIndex",
    "InstallSnapshotRequest": "term",
    "InstallSnapshotResponse": "matchIndex",
    "PreVoteRequest": "term",
    "PreVoteResponse": "voteGranted",
    "TimeoutNowRequest": "term",
    "HeartbeatRequest": "round",
    "HeartbeatResponse": "round",
    "ReadIndexRequest": "number",
    "ReadIndexResponse": "number",
}
"""The field by which messages of a type are told apart best."""

Address = tuple[Any, ...]


class Forgotten:
    """The messages that are forgotten, by what tells them apart best: none of them is denied.

    A filter that says of some others that they may be (Bloom, "Space/time trade-offs in hash coding
    with allowable errors", 1970): of one in twenty, where there are ten million.
    """

    _BITS = 1 << 26
    _TIMES = 3

    def __init__(self) -> None:
        self._bits = bytearray(self._BITS // 8)

    def add(self, message: Message) -> None:
        """Add a message."""
        term: Any = message[domain_in(message)["term"]]
        for place in self._places(*_address(message), term):
            self._bits[place >> 3] |= 1 << (place & 7)

    def may_have(self, logged: JsonObject) -> bool:
        """Say whether one of them may agree with what was logged of a message."""
        key, term = logged.get(_TELLING[logged["type"]]), logged.get("term")
        if key is None or term is None:
            return True
        address = (logged["type"], logged["source"], logged["dest"])
        places = self._places(address, key, term)
        return all(self._bits[place >> 3] & 1 << (place & 7) for place in places)

    def _places(self, address: Address, key: Any, term: Any) -> Iterator[int]:
        for number in range(self._TIMES):
            yield hash((number, address, key, term)) % self._BITS


class Network:
    """The messages that are known to be sent in every reading of the trace so far.

    Argument: how many are remembered; the oldest are forgotten first.
    """

    def __init__(self, limit: int) -> None:
        self._forgotten: Forgotten | None = None
        self._limit = limit
        self._messages: dict[Address, dict[Any, dict[Message, None]]] = {}
        self._known: OrderedDict[Message, None] = OrderedDict()  # the oldest first
        self.done: list[tuple[bool, Message]] = []
        """What was done since the caller has emptied it: whether a message was added, and which."""

    def __contains__(self, message: Message) -> bool:
        return message in self._known

    def __iter__(self) -> Iterator[Message]:
        return iter(self._known)

    def add(self, message: Message) -> None:
        """Add a message."""
        if message in self._known:
            return
        if len(self._known) >= self._limit:
            self._forgets(next(iter(self._known)))
        self._known[message] = None
        self.done.append((True, message))
        address, key = _address(message)
        self._messages.setdefault(address, {}).setdefault(key, {})[message] = None

    def _forgets(self, message: Message) -> None:
        self._forgotten = self._forgotten or Forgotten()
        self._forgotten.add(message)
        self.remove(message)

    def may_have_forgotten(self, logged: JsonObject) -> bool:
        """Say whether a message that agrees with what was logged of one may be forgotten."""
        return self._forgotten is not None and self._forgotten.may_have(logged)

    def remove(self, message: Message) -> None:
        """Remove a message that is not received again."""
        if message in self._known:
            del self._known[message]
            self.done.append((False, message))
            address, key = _address(message)
            narrow = self._messages[address]
            del narrow[key][message]
            if not narrow[key]:
                del narrow[key]

    def redo(self, done: Iterable[tuple[bool, Message]]) -> None:
        """Do once more what was done and taken back."""
        for is_added, message in done:
            (self.add if is_added else self.remove)(message)
        self.done = []

    def undo(self, done: list[tuple[bool, Message]]) -> None:
        """Take back what was done."""
        self.redo([(not was_added, message) for was_added, message in reversed(done)])

    def agreeing(self, logged: JsonObject) -> Iterator[Message]:
        """Yield the messages that agree with what was logged of one, the latest first."""
        narrow = self._messages.get((logged["type"], logged["source"], logged["dest"]), {})
        key = logged.get(_TELLING[logged["type"]])
        found: Iterable[dict[Message, None]]
        found = list(narrow.values()) if key is None else [narrow.get(key, {})]
        for bucket in found:
            for message in reversed(bucket):
                if message_agrees(message, logged):
                    yield message

    def to(self, dest: str) -> Iterator[Message]:
        """Yield the messages to a server, the latest of each kind and sender first."""
        for (_, _, receiver), narrow in self._messages.items():
            if receiver == dest:
                for bucket in reversed(narrow.values()):
                    yield from reversed(bucket)


def _address(message: Message) -> tuple[Address, Any]:
    places = domain_in(message)
    kind: Any = message[places["type"]]
    source: Any = message[places["source"]]
    dest: Any = message[places["dest"]]
    key: Any = message[places[_TELLING[kind]]]
    if isinstance(key, Boolean):
        key = key.holds
    return (kind, source.name, dest.name), key
