"""Schedules: what is to happen to a cluster, step by step, whatever implements it.

A schedule can be followed by any implementation as far as that sends the messages which the
schedule delivers. It is told in the format of traces, so that a trace is a schedule, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from raft_ref.traces.format.features import STEPS as OF_FEATURES
from raft_ref.traces.format.features import checked_features, known
from raft_ref.traces.format.flights import DELIVERIES, LOSS
from raft_ref.traces.format.ndjson import FORMAT, NETWORKS, VERSION
from raft_ref.traces.format.opening import opened
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.lines.profile import LinesOfFile
from raft_ref.traces.validation.rules.checks import checked_servers

_labels = count(1)

STEPS = (
    "Timeout", "AppendEntries", "InstallSnapshot", "ClientRequest", "CompactLog", "Restart",
    "Tick", *DELIVERIES, LOSS,
)  # fmt: skip
"""The steps that a schedule may have."""
STEPS_OF_FEATURES = tuple(
    each for each in OF_FEATURES if each not in ("ForgetPreVotes", "ChangeTo")
)
"""Those that it may have while features are on."""
OF_MEMBERSHIP = ("TakeLead", "Commit", "StepDown")
"""Those that only a change of the membership asks for, besides."""


class Origin(NamedTuple):
    """Which message a command is about: who sent it at which command, and its place there."""

    command: int
    place: int


@dataclass(frozen=True, slots=True)
class Command:
    """One step of a schedule.

    `message` is what is known of the message that is delivered or lost, and `place` how many with
    the same contents come first; `origin` is where it comes from, in the run in which the command
    was chosen. `label` tells the command from all others.
    """

    step: str
    server: str | None
    arguments: JsonObject = field(default_factory=dict)
    message: JsonObject | None = None
    origin: Origin | None = None
    place: int = 0
    label: int = field(default_factory=lambda: next(_labels))


@dataclass(frozen=True, slots=True)
class Schedule:
    """The servers of a cluster, what happens to them, and which features are on."""

    servers: tuple[str, ...]
    commands: tuple[Command, ...]
    network: str = "set"
    name: str = ""
    features: frozenset[str] = frozenset()


def read(path: Path) -> Schedule:
    """Read a schedule, or a trace as one; raises `TraceError` (`file:line: reason`)."""
    with opened(path) as file:
        lines = LinesOfFile(file)
        try:
            return _schedule(iter(lines), str(path))
        except TraceError as error:
            raise TraceError(f"{path}:{lines.number}: {error}") from None
        except UnicodeDecodeError as error:
            raise TraceError(f"{path}: not UTF-8 text (byte {error.start})") from None


def _schedule(objects: Iterator[JsonObject], name: str) -> Schedule:
    header = next(objects, None)
    if header is None:
        raise TraceError("the file is empty; the first line is the header")
    servers, features = _servers(header), checked_features(header)
    steps = (*STEPS, *(each for each in STEPS_OF_FEATURES if each in known(OF_FEATURES, features)))
    steps += OF_MEMBERSHIP if "Membership" in features else ()
    commands = tuple(_command(line, servers, steps) for line in objects)
    return Schedule(servers, commands, str(header.get("network", "set")), name, features)


def _servers(header: JsonObject) -> tuple[str, ...]:
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        raise TraceError(f'the header must have "format": "{FORMAT}", "version": {VERSION}')
    servers = checked_servers(header.get("servers"))
    if header.get("network", "set") not in NETWORKS:
        raise TraceError(f'"network" must be one of {", ".join(NETWORKS)}')
    return servers


def _command(line: JsonObject, servers: Sequence[str], steps: Sequence[str]) -> Command:
    step, server, message = line.get("step"), line.get("server"), line.get("message")
    if type(step) is not str or step not in steps:
        raise TraceError(f'"step" must be one of {", ".join(steps)}')
    if step in (*DELIVERIES, LOSS):
        if not isinstance(message, dict) or message.get("dest") not in servers:
            raise TraceError(f'{step} needs its "message", for a server of the header')
        if not all(isinstance(message.get(name), str) for name in ("type", "source")):
            raise TraceError('a "message" has its "type" and its "source"')
    elif server not in servers:
        raise TraceError(f'unknown server "{server}"; the header names {", ".join(servers)}')
    arguments = line.get("arguments", {})
    if not isinstance(arguments, dict):
        raise TraceError('"arguments" must be an object')
    place = line.get("place", 0)
    if type(place) is not int or place < 0:
        raise TraceError('"place" must be a number')
    return Command(step, server, arguments, message, place=place)


def write(schedule: Schedule, path: Path, source: str = "") -> None:
    """Write a schedule to a file. Raises OSError where that cannot be written."""
    lines = _lines(schedule, source)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def as_written(schedule: Schedule) -> Schedule:
    """Return a schedule as it is read from the file into which it would be written."""
    return _schedule(iter(_lines(schedule, "")), schedule.name)


def _lines(schedule: Schedule, source: str) -> list[JsonObject]:
    header = {
        "format": FORMAT,
        "version": VERSION,
        "source": source,
        "servers": [*schedule.servers],
        **({"features": sorted(schedule.features)} if schedule.features else {}),
        "network": schedule.network,
        "logged": "some",
    }
    return [header, *map(_line, schedule.commands)]


def _line(command: Command) -> dict[str, Any]:
    line: dict[str, Any] = {"step": command.step}
    if command.server is not None:
        line["server"] = command.server
    if command.arguments:
        line["arguments"] = command.arguments
    if command.message is not None:
        line["message"] = command.message
    if command.place:
        line["place"] = command.place
    return line


def as_text(commands: Iterable[Command]) -> list[str]:
    """Return the commands as lines for people."""
    return [_as_text(command) for command in commands]


def _as_text(command: Command) -> str:
    if command.message is not None:
        kind, source, dest = (command.message[name] for name in ("type", "source", "dest"))
        return f"{command.step} {kind} {source} -> {dest}"
    arguments = ", ".join([str(command.server), *map(str, command.arguments.values())])
    return f"{command.step}({arguments})"
