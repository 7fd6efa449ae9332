"""The format of this project (traces/FORMAT.md): what its cluster and explorer write, and less.

A trace with `"logged": "all"` tells of every step all that it changes and sends, and is held
against Raft.tla's own actions. In one with `"logged": "some"` whatever a line leaves out is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from raft_ref.traces.format.features import (
    MARK,
    MAY_BE_ALLOWED,
    STEPS,
    checked_features,
    known,
    lacking,
)
from raft_ref.traces.format.ndjson import FORMAT, VERSION
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.lines.events import MOVES, Event
from raft_ref.traces.validation.lines.profile import LOOK_BACK, Liberties, Lines, Recording
from raft_ref.traces.validation.rules.checks import (
    checked_message,
    checked_servers,
    checked_state,
)
from raft_ref.traces.validation.rules.configurations import PARTS, is_sound

_STRICT = Liberties(may_decline=False, are_all_told=True)
_SILENT = {
    "ClientRequest": 8, "Commit": 1, "StepDown": 1, "TakeLead": 1, "Send": 1, "MoveNextIndex": 1,
    "AdoptTerm": 1, "CompactLog": 1,
}  # fmt: skip
_NEVER_SILENT = (
    "CheckQuorum", "TimeoutNow", "Heartbeat",
    "AddServer", "RemoveServer", "AddLearner", "PromoteLearner", "EnterJoint", "ChangeTo",
)  # fmt: skip
"""The steps of features that are not silent by default: what is sent so is `Send`."""
_MAY_BE_LEFT_OUT = (
    "ClientRequest", "CompactLog", "Apply", "TransferLeadership", "RequestReadIndex", "Heartbeat",
)  # fmt: skip
"""Steps of which an argument may be open."""
_WITH_MESSAGE = ("Receive", "ReceiveDuplicate", "Await", "Send", "DropMessage")
_PARAMETERS: Mapping[str, Mapping[str, type]] = {
    "AppendEntries": {"peer": str, "count": int},
    "InstallSnapshot": {"peer": str},
    "ClientRequest": {"value": str},
    "CompactLog": {"index": int},
    "Apply": {"index": int, "value": str},
    "TransferLeadership": {"peer": str},
    "Read": {"number": int},
    "RequestReadIndex": {"peer": str, "number": int},
    "Heartbeat": {"peer": str},
    "AnswerReads": {"peer": str, "number": int, "index": int},
    "ServeRead": {"number": int},
    "AddServer": {"peer": str},
    "RemoveServer": {"peer": str},
    "AddLearner": {"peer": str},
    "PromoteLearner": {"peer": str},
    "EnterJoint": {"voters": list},
    "ChangeTo": {"configuration": dict},
}


def raft_ref(lines: Lines) -> Recording:
    """Read a trace in the format of this project."""
    objects = iter(lines)
    header = next(objects, None)
    if header is None:
        raise TraceError("the file is empty; the first line is the header")
    with _untold(header):
        reader = _Reader(header)

    def event(line: JsonObject) -> Event:
        with _untold(header):
            return reader.event(lines.number, line)

    return Recording(
        reader.servers, reader.initial, reader.liberties, map(event, objects),
        begins_at_init=True, features=reader.features,
    )  # fmt: skip


@contextmanager
def _untold(header: JsonObject) -> Iterator[None]:
    """Say of what is not understood, where a node of the user's own wrote it, what that lacks."""
    try:
        yield
    except TraceError as error:
        if "--node" not in str(header.get("source", "")).split():
            raise
        raise TraceError(
            f"{error} (a node of one's own is told in Raft's words if it has both methods, "
            "as_raft and as_raft_message)"
        ) from None


class _Reader:
    """Reads the lines behind a header."""

    def __init__(self, header: JsonObject) -> None:
        if header.get("format") != FORMAT:
            raise TraceError(f'the header must have "format": "{FORMAT}"')
        if header.get("version") != VERSION:
            raise TraceError(f'"version" must be {VERSION}')
        if "specification" in header:
            raise TraceError(
                f"a trace of {header['specification']}, which is not Raft; raft-ref draw draws it"
            )
        self.servers = checked_servers(header.get("servers"))
        self.features = checked_features(header)
        self._steps = (*MOVES, *known(STEPS, self.features))
        self._taken: dict[str | None, tuple[str, ...]] = {each: (each,) for each in self._steps}
        self._taken["ReceiveDuplicate"] = ("Receive",)
        logged = header.get("logged", "all")
        if logged not in ("all", "some"):
            raise TraceError('"logged" must be "all" or "some"')
        self._is_complete = logged == "all"
        beside = header.get("beside", [])
        if type(beside) is not list or not all(type(name) is str for name in beside):
            raise TraceError('"beside" must be a list of names')
        self._beside = frozenset(beside)
        initial = header.get("initial", {})
        if type(initial) is not dict:
            raise TraceError('"initial" must be an object')
        self.initial: dict[str, JsonObject] = self._members(header)
        for server, state in initial.items():
            self._known(server)
            begun = self.initial.get(server, {})
            self.initial[server] = {**begun, **self._variables(state, "initial")}
        self._sent: dict[int | str, JsonObject] = {}
        self.liberties = _STRICT
        if not self._is_complete:
            self.liberties = _liberties(header, self.servers, self.features)

    def _members(self, header: JsonObject) -> dict[str, JsonObject]:
        """Return with which configuration each server was started, where it can change."""
        told = {name: header[name] for name in ("voters", "learners") if name in header}
        if "Membership" not in self.features:
            if told:
                raise TraceError(f'"{next(iter(told))}" is said where Membership is a feature')
            return {}
        configuration = {"voters": [*self.servers], "learners": [], **told}
        _demand_members(configuration, self.servers)
        members = {*configuration["voters"], *configuration["learners"]}
        return {each: {"bootstrap": configuration} for each in self.servers if each in members}

    def event(self, number: int, line: JsonObject) -> Event:
        """Return what a line says."""
        name = line.get("step")
        if name is not None and type(name) is not str:
            raise TraceError('"step" must be a string')
        message = line.get("message")
        if message is not None:
            message = self._identified(message, name)
        server = line.get("server")
        if server is None and message is not None and name == "DropMessage":
            server = message["source"]
        self._known(server)
        if server in self.liberties.unlogged and name != "DropMessage":
            raise TraceError(f'a line of {server}, which the header says is "unlogged"')
        sends = line.get("sends")
        if sends is not None:
            if type(sends) is not list:
                raise TraceError('"sends" must be a list')
            sends = tuple(self._identified(each, "Send") for each in sends)
        elif self._is_complete:
            sends = ()
        after = line.get("changes", line.get("state"))
        least = line.get("commitIndexAtLeast", 0)
        if type(least) is not int or least < 0:
            raise TraceError('"commitIndexAtLeast" must be an index')
        event = self._made(number, server, name, message, sends, after, line)
        event.least_commit = max(least, event.least_commit)
        return event

    def _made(
        self,
        number: int,
        server: Any,
        name: str | None,
        message: JsonObject | None,
        sends: tuple[JsonObject, ...] | None,
        after: Any,
        line: JsonObject,
    ) -> Event:
        moves = self._moves(name)
        if (message is None) == (name in _WITH_MESSAGE) and name is not None:
            raise TraceError(f'{name} {"lacks" if message is None else "takes no"} "message"')
        if message is not None and name != "DropMessage" and server not in _ends(message, name):
            raise TraceError(f"{server} is not who {'sends' if name == 'Send' else 'receives'} it")
        for each in sends or ():
            if each["source"] != server:
                raise TraceError(f"{server} sends a message of {each['source']}")
        return Event(
            line=number,
            server=server,
            name=name or "a step",
            moves=moves,
            message=message,
            arguments=self._arguments(name, line.get("arguments", {})),
            before=self._variables(line["before"], "before") if "before" in line else {},
            after={} if after is None else self._variables(after, "changes"),
            is_complete=self._is_complete,
            sends=sends,
            keeps_message=name == "ReceiveDuplicate" or not self._is_complete,
            least_commit=line.get("arguments", {}).get("index", 1) if name == "Apply" else 0,
        )

    def _variables(self, state: Any, what: str) -> JsonObject:
        """Return the variables of a server, but for what Raft knows nothing of."""
        if self._beside and type(state) is dict:
            state = {name: value for name, value in state.items() if name not in self._beside}
        return checked_state(state, self.servers, what, self.features)

    def _identified(self, message: Any, name: str | None) -> JsonObject:
        """Return a message with what is known of it from the line that sent it, by its id."""
        if type(message) is not dict or "id" not in message:
            return self._checked(message)
        number, given = message["id"], {k: v for k, v in message.items() if k != "id"}
        if type(number) not in (int, str):
            raise TraceError('the "id" of a message must be a number or a string')
        if name != "Send" and number in self._sent:
            given = {**self._sent[number], **given}
        elif name != "Send" and not given:
            raise TraceError(f"no message with the id {number} was sent so far")
        checked = self._checked(given)
        if name == "Send":
            if len(self._sent) >= self.liberties.remembers:
                del self._sent[next(iter(self._sent))]
            self._sent[number] = checked
        return checked

    def _checked(self, message: Any) -> JsonObject:
        checked = checked_message(message, self.servers, self.features)
        if self._is_complete and checked["type"] == "RequestVoteRequest" and self.features:
            return {MARK: False, **checked}
        return checked

    def _moves(self, name: str | None) -> tuple[str, ...]:
        moves = self._taken.get(name)
        if moves is not None:
            return moves
        if name is None and not self._is_complete:
            return ()
        if lacks := lacking(name, self.features):
            raise TraceError(lacks)
        raise TraceError(f'"step" must be one of {", ".join([*self._steps, "ReceiveDuplicate"])}')

    def _arguments(self, name: str | None, arguments: Any) -> JsonObject:
        if type(arguments) is not dict:
            raise TraceError('"arguments" must be an object')
        for parameter, kind in _PARAMETERS.get(name or "", {}).items():
            value = arguments.get(parameter)
            may_be_open = parameter == "number" or name == "AnswerReads"
            if not self._is_complete and name in _MAY_BE_LEFT_OUT:
                may_be_open = True
            if value is None and may_be_open:
                continue
            if name == "Apply" and self._is_configuration(value):
                continue
            if type(value) is not kind:
                raise TraceError(f'{name} needs the argument "{parameter}"')
            if type(value) is int and value < 0:
                raise TraceError(f'"{parameter}" must be a number from 0')
            if parameter == "peer":
                self._known(value)
            if parameter == "voters" and isinstance(value, list):
                for each in value:
                    self._known(each)
            if parameter == "configuration" and not is_sound(value, self.servers):
                raise TraceError(f'"configuration" must be an object with {", ".join(PARTS)}')
        return arguments

    def _is_configuration(self, value: Any) -> bool:
        return "Membership" in self.features and is_sound(value, self.servers)

    def _known(self, server: Any) -> None:
        if type(server) is not str or server not in self.servers:
            raise TraceError(
                f'unknown server "{server}"; the header names {", ".join(self.servers)}'
            )


def _ends(message: JsonObject, name: str | None) -> tuple[str, ...]:
    if name == "Send":
        return (message["source"],)
    return (message["dest"],) if name is not None else (message["source"], message["dest"])


def _demand_members(configuration: JsonObject, servers: tuple[str, ...]) -> None:
    """Raise `TraceError` where a cluster cannot begin with these voters and learners."""
    for name, part in configuration.items():
        strangers = [each for each in part if each not in servers] if type(part) is list else []
        if strangers and all(type(each) is str for each in strangers):
            raise TraceError(f'"{name}": {strangers[0]} is none of the "servers"')
    if not is_sound(configuration, servers) or not configuration["voters"]:
        raise TraceError('"voters" and "learners" must be lists of servers, with a voter at least')
    both = [each for each in configuration["voters"] if each in configuration["learners"]]
    if both:
        raise TraceError(f'"learners": {both[0]} is a voter as well')


def _liberties(header: JsonObject, servers: tuple[str, ...], features: frozenset[str]) -> Liberties:
    steps = known(STEPS, features)
    of_features = {name: 1 for name in steps if name not in _NEVER_SILENT}
    silent = header.get("silent", {**_SILENT, **of_features})
    if type(silent) is not dict or not all(
        name in (*MOVES, *steps) and type(count) is int and 0 <= count <= 1_000
        for name, count in silent.items()
    ):
        raise TraceError('"silent" must say for moves how many of each a line may leave out')
    unsynced = header.get("unsynced", 0)
    if type(unsynced) is not int or not 0 <= unsynced <= LOOK_BACK[-1]:
        raise TraceError(f'"unsynced" must be a number up to {LOOK_BACK[-1]}')
    unlogged = header.get("unlogged", [])
    if type(unlogged) is not list or not all(each in servers for each in unlogged):
        raise TraceError('"unlogged" must be a list of servers')
    return Liberties(
        silent=silent,
        unsynced=unsynced,
        unlogged=frozenset(unlogged),
        are_all_told="unlogged" in header,
        allowed=_allowed(header, features),
    )


def _allowed(header: JsonObject, features: frozenset[str]) -> frozenset[str]:
    allowed, names = header.get("allowed", []), known(MAY_BE_ALLOWED, features)
    if type(allowed) is not list or not all(each in names for each in allowed):
        raise TraceError(f'"allowed" must be a list of {", ".join(names) or "nothing"}')
    return frozenset(allowed)
