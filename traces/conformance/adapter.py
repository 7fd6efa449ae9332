"""An adapter: the process through which an implementation is driven (traces/ADAPTER.md).

One JSON object a line goes to its standard input, and one comes back for each. What the answers
hold is not known here, but what each must have to be understood at all. What is written in Python
may answer in this very process.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from raft_ref.traces.format.features import CHANGES
from raft_ref.traces.format.ndjson import parse_line
from raft_ref.traces.format.trace import JsonObject, TraceError

PATIENCE = 30.0
"""How many seconds an answer may take."""


class AdapterError(Exception):
    """An adapter that cannot be started, or whose answer makes no sense."""


class FailedError(Exception):
    """The implementation failed: it says so, or its process has ended or does not answer."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that an implementation sent: what it is delivered by, and what is known of it."""

    id: Any
    message: JsonObject


@dataclass(frozen=True, slots=True)
class Reply:
    """What an adapter answers: lines of a trace, and the messages that were sent.

    `is_unknown` says that it knows no such step.
    """

    lines: tuple[JsonObject, ...]
    sends: tuple[Sent, ...]
    is_unknown: bool = False


class Answering(Protocol):
    """What answers in this process: a cluster that does what it is asked."""

    def answer(self, request: dict[str, Any], /) -> Mapping[str, Any]:
        """Return the answer to one request."""


AdapterCommand = tuple[str, ...] | Callable[[], Answering]
"""What starts an adapter: a program with its arguments, or what makes one in this process."""

CHANGE: Final = "ChangeMembership"
"""The request for any change of the membership."""


def voters_at_first(servers: Sequence[str]) -> list[str]:
    """Return with whom a cluster begins whose membership can change: all servers but the last."""
    return [*servers[: max(1, len(servers) - 1)]]


class Adapter:
    """A running adapter; it is started again for each cluster that follows on a failure.

    Arguments: the command with its arguments; whether it `has_answered` before, and so is one. What
    ends without any answer is none: no usage is printed again and again for a wrong option.
    """

    def __init__(self, command: Sequence[str], *, has_answered: bool = False) -> None:
        self.command = tuple(command)
        self._has_answered = has_answered
        self.features: frozenset[str] = frozenset()
        """Those that a new cluster is asked to have on."""
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = select.poll()
        self._buffer = b""

    def __enter__(self) -> Adapter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process; the next request starts another."""
        process, self._process, self._buffer = self._process, None, b""
        self._ready = select.poll()
        if process is None:
            return
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        finally:  # an interrupt leaves no process behind
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
            process.wait()

    def ask(self, request: Mapping[str, Any]) -> Reply:
        """Send a request, and return the answer.

        Raises `FailedError` where the implementation fails, `AdapterError` on an answer that makes
        no sense, and where there never was one.
        """
        request = self.as_sent(request)
        process, line = self._running(), msgspec.json.encode(request)
        assert process.stdin is not None
        try:
            process.stdin.write(line + b"\n")
            process.stdin.flush()
            answer = self._line(process)
        except (BrokenPipeError, EOFError):
            self.close()
            code = process.returncode
            how = "closed its output" if code == -signal.SIGKILL else f"ended with exit code {code}"
            raise self._silent(f"the adapter has {how}, at {line.decode()}") from None
        self._has_answered = True
        return _reply(line, answer)

    def _silent(self, why: str) -> AdapterError | FailedError:
        """Return what it is that no answer comes: a failure only of what has answered before."""
        if self._has_answered:
            return FailedError(why)
        return AdapterError(f"{why}, before it has answered anything")

    def as_sent(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a request as it is sent: with what a new cluster is to have, changes as one."""
        step = request["step"]
        if step in CHANGES:
            asked = {"change": step, **request["arguments"]}
            return {**request, "step": CHANGE, "arguments": asked}
        if step != "Init" or not self.features:
            return request
        voters = {"voters": voters_at_first(request["servers"])}
        beside = voters if "Membership" in self.features else {}
        return {**request, "features": sorted(self.features), **beside}

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            try:
                # In a session of its own, so that Ctrl-C is ours alone to handle.
                self._process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=True,
                )
            except OSError as error:
                raise AdapterError(f"{self.command[0]}: {error.strerror}") from None
            assert self._process.stdout is not None
            self._ready.register(self._process.stdout, select.POLLIN)
        return self._process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None
        while b"\n" not in self._buffer:
            if not self._ready.poll(PATIENCE * 1_000):
                self.close()
                raise self._silent(f"no answer in {PATIENCE:.0f} seconds")
            read = os.read(process.stdout.fileno(), 1 << 16)
            if not read:
                raise EOFError
            self._buffer += read
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


class InProcess(Adapter):
    """The same in this very process: what is raised is a failure of the implementation.

    Argument: what makes one that answers; it is made anew for each cluster that follows on a
    failure. Nobody ends an answer that takes for ever.
    """

    def __init__(self, make: Callable[[], Answering]) -> None:
        super().__init__(())
        self._make = make
        self._made: Answering | None = None

    def close(self) -> None:
        """Forget it; the next request makes another."""
        self._made = None

    def ask(self, request: Mapping[str, Any]) -> Reply:
        """Send a request, and return the answer, as `Adapter.ask`."""
        line = msgspec.json.encode(self.as_sent(request))
        try:
            self._made = self._made or self._make()
            answer = self._made.answer(msgspec.json.decode(line))
        except Exception as error:
            self.close()
            raise FailedError(f"{type(error).__name__}: {error}") from error
        return _reply(line, msgspec.json.encode(answer))


def adapter_of(command: AdapterCommand, *, has_answered: bool = False) -> Adapter:
    """Return the adapter that a command starts; `has_answered` is as in `Adapter`."""
    if callable(command):
        return InProcess(command)
    return Adapter(command, has_answered=has_answered)


def words_of(command: AdapterCommand) -> tuple[str, ...]:
    """Return a command as it is told: of what answers in this process, its name."""
    if not callable(command):
        return command
    return (f"{command.__module__}:{getattr(command, '__qualname__', type(command).__name__)}",)


def _reply(line: bytes, answer: bytes) -> Reply:
    try:
        value = parse_line(answer.decode("utf-8", errors="replace"))
        if value.get("error") is not None:
            raise FailedError(str(value["error"]))
        return Reply(
            _objects(value, "lines"),
            tuple(map(_sent, _objects(value, "sends"))),
            bool(value.get("unknown")),
        )
    except TraceError as error:
        asked, said = line.decode(), answer[:200].decode("utf-8", errors="replace")
        raise AdapterError(f"the adapter answers {asked} with {said}: {error}") from None


def _objects(value: JsonObject, name: str) -> tuple[JsonObject, ...]:
    found = value.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise TraceError(f'"{name}" must be a list of objects')
    return tuple(found)


def _sent(value: JsonObject) -> Sent:
    message = value.get("message")
    if "id" not in value or not isinstance(message, dict):
        raise TraceError('each of "sends" has an "id" and a "message"')
    for name in ("type", "source", "dest"):
        if not isinstance(message.get(name), str):
            raise TraceError(f'the "message" of {value["id"]} lacks its "{name}"')
    return Sent(value["id"], message)
