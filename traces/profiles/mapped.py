"""A profile from a mapping file: where in a line of JSON each thing stands, and what it is called.

The file is TOML, with these tables. A path is keys joined by dots.

- `servers`: the names of all servers, a list; a number that a line has for a server is its text.
- `silent`, `unsynced`, `unlogged`, `initial`, `features`, `allowed` (all optional): as in the
  header of traces/FORMAT.md.
- `[line]`: the paths of `step`, `server` and, optionally, `value` (of a client's request), `index`
  (of a compaction) and `peer` (of a transfer of leadership).
- `[steps]`: for each step as the lines call it, its name in traces/FORMAT.md; what is not in the
  table is passed over.
- `[state]`: for each variable that is logged, its path. A figure of a log is a variable
  `log.lastIndex`, `log.lastTerm` or `log.length`.
- `[message]`: for each field of a message, its path; `type`, `source` and `dest` are needed where a
  step has a message.
- `[names.FIELD]`: for a variable, or a field of a message, its values as the lines write them, and
  what they mean.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from raft_ref.traces.format.features import MARK, STEPS, checked_features, known, lacking
from raft_ref.traces.format.features import MESSAGES as OF_FEATURES
from raft_ref.traces.format.ndjson import FORMAT, VERSION
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.profiles.raft_ref import raft_ref
from raft_ref.traces.validation.lines.events import MOVES
from raft_ref.traces.validation.lines.profile import Lines, Profile, Recording
from raft_ref.traces.validation.rules.checks import MESSAGES, fields_of

_HEADER = ("silent", "unsynced", "unlogged", "initial", "features", "voters", "learners", "allowed")
"""What stands in a mapping as it does in a header."""
_TABLES = ("servers", *_HEADER, "line", "steps", "state", "message", "names")
_NIL = object()
_SERVERS = ("server", "source", "dest", "votedFor", "transferTarget", "peer")
"""What names a server."""
_OF_MANY = ("voters", "configuration")
"""What names many of them."""
_OF_MESSAGES = ("Receive", "Await", "Send", "DropMessage")


def mapped(path: Path) -> Profile:
    """Return the profile that a mapping file describes.

    Raises `TraceError` (`file: reason`) for one that makes no sense, `OSError` where it cannot be
    read.
    """
    try:
        mapping = tomllib.loads(path.read_text(encoding="utf-8"))
        reader = _Mapping(mapping)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TraceError) as error:
        raise TraceError(f"{path}: {error}") from None
    return reader.profile


class _Mapping:
    """Makes lines of traces/FORMAT.md of what a mapping describes."""

    def __init__(self, mapping: Mapping[str, Any]) -> None:
        if unknown := sorted(mapping.keys() - {*_TABLES}):
            raise TraceError(f"unknown {unknown[0]}; a mapping has {', '.join(_TABLES)}")
        self._servers = mapping.get("servers")
        self._header = {name: mapping[name] for name in _HEADER if name in mapping}
        line, self._steps, self._state, self._message, self._names = (
            _table(mapping, name) for name in _TABLES[1 + len(_HEADER) :]
        )
        for name in ("step", "server"):
            if name not in line:
                raise TraceError(f"[line] lacks {name}")
        self._features = checked_features(mapping)
        steps = (*MOVES, *known(STEPS, self._features))
        for name, step in self._steps.items():
            if lacks := lacking(step, self._features):
                raise TraceError(f"[steps] {name}: {lacks}")
            if step not in steps:
                raise TraceError(f"[steps] {name}: {step} is no step; these are {', '.join(steps)}")
        self._line = line

    def profile(self, lines: Lines) -> Recording:
        """Read a trace."""
        return raft_ref(_Told(lines, self._lines(lines)))

    def _lines(self, lines: Lines) -> Iterator[JsonObject]:
        yield {
            "format": FORMAT, "version": VERSION, "servers": self._servers, "logged": "some",
            **self._header,
        }  # fmt: skip
        for line in lines:
            step = _at(line, self._line["step"])
            if type(step) is str and step in self._steps:
                yield self._as_text(line, self._steps[step])

    def _as_text(self, line: JsonObject, step: str) -> JsonObject:
        server = self._named("server", _at(line, self._line["server"]))
        told: dict[str, Any] = {"step": step, "server": server}
        state: dict[str, Any] = {}
        for name, value in self._found(line, self._state):
            whole, _, figure = name.partition(".")
            if figure:
                state.setdefault(whole, {})[figure] = value
            else:
                state[name] = value
        told["state"] = state
        if step in _OF_MESSAGES:
            told["message"] = dict(self._found(line, self._message))
            fields = _fields_of(told["message"].get("type"), self._features)
            told["message"] = {k: v for k, v in told["message"].items() if k in fields}
        arguments = {
            "ClientRequest": "value", "CompactLog": "index", "Apply": "index",
            "TransferLeadership": "peer", "AddServer": "peer", "RemoveServer": "peer",
            "AddLearner": "peer", "PromoteLearner": "peer", "EnterJoint": "voters",
            "ChangeTo": "configuration",
        }  # fmt: skip
        if step in arguments and arguments[step] in self._line:
            value = _at(line, self._line[arguments[step]])
            named = self._named(arguments[step], value)
            told["arguments"] = {} if value is _NIL else {arguments[step]: named}
        return told

    def _found(self, line: JsonObject, paths: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, path in paths.items():
            value = _at(line, path)
            if value is not _NIL:
                yield name, self._named(name, value)

    def _named(self, name: str, value: Any) -> Any:
        """Return what a value means; "" is nothing."""
        if type(value) is dict:
            return value
        if type(value) is list and name.partition(".")[0] in _OF_MANY:
            return [self._named("server", each) for each in value]
        # A key of TOML is text, whatever it stands for.
        value = self._names.get(name, {}).get(str(value), value)
        if name in _SERVERS and type(value) is int:
            value = str(value)
        return None if value == "" else value


class _Told(Lines):
    """The lines that are made, under the numbers of those that they are made of."""

    def __init__(self, source: Lines, objects: Iterator[JsonObject]) -> None:
        super().__init__(objects)
        self._source = source

    def __iter__(self) -> Iterator[JsonObject]:
        for each in self._objects:
            self.number = max(self._source.number, 1)
            yield each


def _fields_of(kind: Any, features: frozenset[str]) -> tuple[str, ...]:
    """Return the fields of a type of message; those of every one for a type that is none."""
    kinds = (*MESSAGES, *known(OF_FEATURES, features))
    fields = fields_of(kind) if kind in kinds else ("source", "dest", "term")
    is_marked = kind == "RequestVoteRequest" and "LeadershipTransfer" in features
    return ("type", *fields, *((MARK,) if is_marked else ()))


def _table(mapping: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = mapping.get(name, {})
    if type(table) is not dict:
        raise TraceError(f"{name} must be a table")
    kind = dict if name == "names" else str
    for key, value in table.items():
        if type(value) is not kind:
            raise TraceError(f"[{name}] {key} must be {'a table' if kind is dict else 'text'}")
    return table


def _at(line: Any, path: str) -> Any:
    """Return what stands at a path, or `_NIL`."""
    for key in path.split("."):
        if type(line) is not dict or key not in line:
            return _NIL
        line = line[key]
    return line
