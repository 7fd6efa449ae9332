"""What the lines of a trace leave out, counted.

The rule: a variable could stand at each step that may change it, and counts as told if that line
tells it or the next one of its server does. So it is with the fields of each message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from raft_ref.traces.format.features import MESSAGES as OF_FEATURES
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import STAY, Event
from raft_ref.traces.validation.rules.checks import fields_of

_DURABLE = ("currentTerm", "votedFor", "log")
_MOST = ("currentTerm", "votedFor", "role", "log", "commitIndex")
_CHANGED: Mapping[str, tuple[str, ...]] = {
    "Start": _MOST,
    "Timeout": ("currentTerm", "votedFor", "role"),
    "ClientRequest": ("log",),
    "CompactLog": ("snapshot",),
    "Restart": (*_MOST,),
    "TakeLead": ("role",),
    "StepDown": ("role",),
    "AdoptTerm": ("currentTerm", "role"),
    "Commit": ("commitIndex",),
    "MoveNextIndex": ("nextIndex",),
    "ForgetMatch": ("matchIndex",),
}
"""The variables that a step may change."""
_CHANGED_BY: Mapping[str, tuple[str, ...]] = {
    "RequestVoteRequest": ("currentTerm", "votedFor", "role"),
    "RequestVoteResponse": ("currentTerm", "role", "votesGranted"),
    "AppendEntriesRequest": ("currentTerm", "role", "log", "commitIndex"),
    "AppendEntriesResponse": ("currentTerm", "role", "commitIndex", "matchIndex", "nextIndex"),
    "InstallSnapshotRequest": ("currentTerm", "role", "log", "commitIndex", "snapshot"),
    "InstallSnapshotResponse": ("currentTerm", "role", "matchIndex", "nextIndex"),
    "PreVoteRequest": (),
    "PreVoteResponse": ("currentTerm", "role"),
    "TimeoutNowRequest": ("currentTerm", "role"),
}
"""The variables that a message may change where it is received."""


class Survey:
    """Counts what lines tell, and what they could."""

    def __init__(self) -> None:
        self.lines = 0
        self.heard: set[str] = set()
        """Who has a line."""
        self.told: Counter[str] = Counter()
        """How often each thing is told, by its name in `worth`."""
        self.could: Counter[str] = Counter()
        """How often each could be."""
        self._applies: set[str] = set()
        self._sent: set[tuple[Any, ...]] = set()
        self._open: dict[str, set[str]] = {}
        """What a line has left out, and the next of its server may tell."""

    def note(self, event: Event) -> None:
        """Count what a line tells."""
        self.lines += 1
        if event.moves == ("DropMessage",):
            return
        self.heard.add(event.server)
        self._count("step", bool(event.moves) or event.message is not None)
        self._variables(event)
        self._messages(event)
        if "Apply" in event.moves:
            self._applies.add(event.server)
            for name in ("index", "value"):
                self._count(f"{name} of Apply", name in event.arguments)
        log = event.after.get("log", event.before.get("log"))
        if event.moves == ("ClientRequest",):
            known = "value" in event.arguments or (type(log) is list and "value" in log[-1])
            self._count("value of ClientRequest", known)
        if log is not None:
            self._count("entries or digest of the log", type(log) is list or "digest" in log)

    def end(self) -> None:
        """Count what no line has told."""
        for server in [*self._open]:
            self._settle(server, set())
        for server in self.heard:
            self._count("Apply", server in self._applies)

    def _count(self, name: str, is_told: bool) -> None:
        self.could[name] += 1
        self.told[name] += is_told

    def _variables(self, event: Event) -> None:
        told = event.before.keys() | event.after.keys()
        self._settle(event.server, told)
        if event.is_complete:
            return
        names = {*self._may_change(event)}
        if "Restart" in event.moves:
            self._count("state of Restart", told >= {*_DURABLE})
        for name in names & told:
            self._count(name, is_told=True)
        self._open[event.server] = names - told

    def _settle(self, server: str, told: set[str]) -> None:
        for name in self._open.pop(server, ()):
            self._count(name, name in told)

    def _may_change(self, event: Event) -> tuple[str, ...]:
        message = event.message
        if message is not None:
            if message["dest"] != event.server:
                return ()
            return _CHANGED_BY[message["type"]]
        if not event.moves:
            return _MOST
        named = [each for each in event.moves if each != STAY]
        return tuple(name for each in named for name in _CHANGED.get(each, ()))

    def _messages(self, event: Event) -> None:
        for each in event.sends or ():
            self._fields(each)
            self._sent.add(_way(each))
        message = event.message
        if message is None or message["type"] in OF_FEATURES:
            return
        self._fields(message)
        if message["source"] == event.server:
            self._sent.add(_way(message))
        else:
            self._count(f"sending of {message['type']}", _way(message) in self._sent)

    def _fields(self, message: JsonObject) -> None:
        kind = message["type"]
        if kind in OF_FEATURES:
            return  # what they are worth was not measured
        for name in fields_of(kind):
            if name in ("source", "dest"):
                continue
            if name == "matchIndex" and message.get("success") is False:
                continue
            is_number = name == "entries" and type(message.get(name)) is int
            is_told = name in message and not is_number
            self._count(name if name == "term" else f"{name} of {kind}", is_told)


def _way(message: JsonObject) -> tuple[Any, ...]:
    return message["type"], message["source"], message["dest"]
