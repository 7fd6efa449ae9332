"""Traces as files: NDJSON, a header and then one line for each step.

The rules: what a step leaves out is empty; keys that this version does not know are ignored;
everything else that is wrong is a TraceError that begins with `file:line:`. Steps of Raft name the
server and the message that a step of their kind has; of others no more is known than whether the
servers are. A trace that `read`
returns is consistent: its servers are those of the header, and every message that it receives or
loses is in flight at that step.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from raft_ref.traces.format.features import checked_features
from raft_ref.traces.format.flights import DELIVERIES, LOSS, InFlight
from raft_ref.traces.format.opening import opened
from raft_ref.traces.format.trace import (
    JsonObject,
    Specification,
    Trace,
    TraceError,
    TraceStep,
    Violation,
)

FORMAT = "raft-ref-trace"
VERSION = 1
NETWORKS = ("set", "fifo", "bag")

_KINDS = {str: "a string", int: "an integer", list: "a list", dict: "an object"}
_REQUIRED = object()


def write(trace: Trace, path: str | Path) -> None:
    """Write the trace to a file.

    Raises OSError where the file cannot be written, ValueError for a number that JSON lacks (NaN).
    """
    lines = [_header_object(trace), *map(step_to_json, trace.steps)]
    text = "".join(
        json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n" for line in lines
    )
    Path(path).write_text(text, encoding="utf-8")


def read(path: str | Path) -> Trace:
    """Read a trace; raises TraceError (`file:line: reason`) for anything that is malformed."""
    try:
        with opened(Path(path)) as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror}") from None
    lines = _numbered(text)
    line = 1
    try:
        header = next(lines, None)
        if header is None:
            raise TraceError("the file is empty; the first line is the header")
        line = header[0]
        trace = _read_header(parse_line(header[1]))
        network = InFlight(trace.network, trace.in_flight)
        steps: list[TraceStep] = []
        for line, content in lines:  # noqa: B007  (an error below is an error of this line)
            step = _read_step(parse_line(content), trace)
            network.apply(len(steps) + 1, step)
            steps.append(step)
        line = 1
        _check_loop(trace.loop, len(steps))
    except TraceError as error:
        raise TraceError(f"{path}:{line}: {error}") from None
    return replace(trace, steps=tuple(steps))


def is_whole(path: str | Path) -> bool:
    """Say whether a trace has all that its steps change, or cannot be told to have less.

    Of one whose header says that only some of it is logged that is to be found by a search.
    """
    try:
        with opened(Path(path)) as file:
            header = parse_line(next((line for line in file if line.strip()), "{}"))
    except (OSError, TraceError, UnicodeDecodeError):
        return True
    return bool(header.get("logged", "all") == "all")


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank with their numbers."""
    # Not splitlines: a JSON string may hold U+2028, which is no end of a line.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _header_object(trace: Trace) -> JsonObject:
    violation = trace.violation and {
        "property": trace.violation.property,
        "formula": trace.violation.formula,
        "instances": list(trace.violation.instances),
    }
    beside = {"beside": list(trace.beside)} if trace.beside else {}
    return {
        "format": FORMAT,
        "version": VERSION,
        **({} if trace.of is None else _of(trace.of)),
        "source": trace.source,
        "servers": list(trace.servers),
        **({"features": sorted(trace.features)} if trace.features else {}),
        "network": trace.network,
        "bounds": dict(trace.bounds),
        "initial": {server: dict(trace.initial[server]) for server in trace.servers},
        "violation": violation,
        **beside,
        **({"inFlight": [dict(each) for each in trace.in_flight]} if trace.in_flight else {}),
        **({} if trace.loop is None else {"loop": trace.loop}),
    }


def _of(specification: Specification) -> JsonObject:
    return {
        "specification": specification.name,
        "shared": specification.shared,
        "channels": list(specification.channels),
    }


def step_to_json(step: TraceStep) -> JsonObject:
    """Return the line of a step."""
    line: dict[str, Any] = {"step": step.step}
    if step.server is not None:
        line["server"] = step.server
    if step.arguments:
        line["arguments"] = dict(step.arguments)
    if step.message is not None:
        line["message"] = dict(step.message)
    if step.server is not None:
        line["actions"] = list(step.actions)
        line["sends"] = [dict(message) for message in step.sends]
        line["changes"] = dict(step.changes)
    if step.others:
        line["others"] = {server: dict(changes) for server, changes in step.others.items()}
    for name in ("takes", "drops"):
        if messages := getattr(step, name):
            line[name] = [dict(message) for message in messages]
    if step.keeps:
        line["keeps"] = True
    if step.history:
        line["history"] = dict(step.history)
    return line


def parse_line(line: str) -> JsonObject:
    """Return the object of one line; raises TraceError for what is none."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        value = _decoded(line)
    if not isinstance(value, dict):
        raise TraceError("a line is a JSON object")
    return value


def _decoded(line: str) -> Any:
    """Return the JSON value of a line, slowly, and tell in which column it is none."""
    try:
        return _DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise TraceError(f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise TraceError(f"not JSON that can be read: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _read_header(header: JsonObject) -> Trace:
    if header.get("format") != FORMAT:
        raise TraceError(f'the header must have "format": "{FORMAT}"')
    version = _field(header, "version", int)
    if version != VERSION:
        raise TraceError(f"version {version} of the format is unknown; this reads {VERSION}")
    servers = _strings(header, "servers", _REQUIRED)
    if not servers or len(set(servers)) != len(servers):
        raise TraceError('"servers" must name each server once, and at least one')
    network = _field(header, "network", str, "set")
    if network not in NETWORKS:
        raise TraceError(f'"network" must be one of {", ".join(NETWORKS)}, not "{network}"')
    loop = _field(header, "loop", int, None)
    return Trace(
        servers=servers,
        initial=_read_initial(_field(header, "initial", dict), servers),
        source=_field(header, "source", str, ""),
        network=network,
        bounds=_field(header, "bounds", dict, {}),
        violation=_read_violation(header),
        beside=_strings(header, "beside", []),
        loop=loop,
        features=tuple(sorted(checked_features(header))),
        in_flight=_messages(header, "inFlight", servers),
        of=_read_of(header),
    )


def _read_of(header: JsonObject) -> Specification | None:
    if "specification" not in header:
        return None
    name, shared = (_field(header, key, str) for key in ("specification", "shared"))
    return Specification(name, shared, _strings(header, "channels", []))


def _check_loop(loop: int | None, steps: int) -> None:
    if loop is not None and not 0 <= loop <= steps:
        raise TraceError(f'"loop" is {loop}: expected the number of a step, or 0, of {steps}')


def _read_initial(initial: JsonObject, servers: tuple[str, ...]) -> dict[str, JsonObject]:
    for server in initial:
        _known(server, servers)
    return {server: _field(initial, server, dict) for server in servers}


def _read_violation(header: JsonObject) -> Violation | None:
    if header.get("violation") is None:
        return None
    violation = _field(header, "violation", dict)
    return Violation(
        property=_field(violation, "property", str),
        formula=_field(violation, "formula", str, ""),
        instances=_strings(violation, "instances", ()),
    )


def _read_step(line: JsonObject, trace: Trace) -> TraceStep:
    servers = trace.servers
    step = TraceStep(
        step=_field(line, "step", str),
        server=None if line.get("server") is None else _field(line, "server", str),
        arguments=_field(line, "arguments", dict, {}),
        message=None if line.get("message") is None else _message(line["message"], servers),
        actions=_strings(line, "actions", ()),
        sends=_messages(line, "sends", servers),
        changes=_field(line, "changes", dict, {}),
        history=_field(line, "history", dict, {}),
    )
    if trace.of is not None:
        return _read_other(step, line, servers)
    if step.step == "Send" and step.message is not None:
        step = replace(step, message=None, sends=(*step.sends, step.message))
    _check_roles(step, servers)
    return step


def _read_other(step: TraceStep, line: JsonObject, servers: tuple[str, ...]) -> TraceStep:
    """Return a step of a specification that is not Raft, with what such a step may have more."""
    others = _field(line, "others", dict, {})
    for server in (*others, *([] if step.server is None else [step.server])):
        _known(server, servers)
    return replace(
        step,
        others={server: _field(others, server, dict) for server in others},
        takes=_messages(line, "takes", servers),
        drops=_messages(line, "drops", servers),
        keeps=line.get("keeps") is True,
    )


def _check_roles(step: TraceStep, servers: tuple[str, ...]) -> None:
    """Check that the step names the server and the message that a step of its kind has."""
    if step.step == LOSS:
        if step.server is not None or step.sends or step.changes:
            raise TraceError(f"{LOSS} is a step of the network: no server acts")
    elif step.server is None:
        raise TraceError(f'{step.step} lacks "server"')
    else:
        _known(step.server, servers)
    if step.step not in (*DELIVERIES, LOSS):
        if step.message is not None:
            raise TraceError(f"{step.step} takes no message; {', '.join(DELIVERIES)}, {LOSS} do")
    elif step.message is None:
        raise TraceError(f'{step.step} lacks "message"')
    elif step.step in DELIVERIES and step.message["dest"] != step.server:
        raise TraceError(f"{step.server} receives a message for {step.message['dest']}")
    for message in step.sends:
        if message["source"] != step.server:
            raise TraceError(f"{step.server} sends a message of {message['source']}")


def _messages(line: JsonObject, name: str, servers: tuple[str, ...]) -> tuple[JsonObject, ...]:
    return tuple(_message(message, servers) for message in _field(line, name, list, []))


def _message(value: object, servers: tuple[str, ...]) -> JsonObject:
    if not isinstance(value, dict):
        raise TraceError("a message must be an object")
    _field(value, "type", str)
    _known(_field(value, "source", str), servers)
    _known(_field(value, "dest", str), servers)
    return value


def _known(server: str, servers: tuple[str, ...]) -> None:
    if server not in servers:
        raise TraceError(f'unknown server "{server}"; the header names {", ".join(servers)}')


def _strings(line: JsonObject, name: str, default: object) -> tuple[str, ...]:
    values = _field(line, name, list, default)
    if not all(isinstance(value, str) for value in values):
        raise TraceError(f'"{name}" must be a list of strings')
    return tuple(values)


def _field(line: JsonObject, name: str, kind: type, default: object = _REQUIRED) -> Any:
    """Return the field, checked to be of this kind, or its default where there is one."""
    if name not in line:
        if default is _REQUIRED:
            raise TraceError(f'"{name}" is missing')
        return default
    value = line[name]
    # For Python a bool is an int.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TraceError(f'"{name}" must be {_KINDS[kind]}')
    return value
