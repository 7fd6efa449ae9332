"""One run: an implementation follows a schedule, and each step is held against the spec at once.

The rule: the spec is the oracle, through the profile that reads the lines of the implementation. A
message that an implementation does not send cannot be delivered; that is reported, and is no fault.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from raft_ref.traces.conformance.adapter import Adapter, AdapterError, FailedError, Sent
from raft_ref.traces.conformance.schedule import Command, Origin
from raft_ref.traces.format.flights import LOSS
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.lines.profile import Lines, Profile
from raft_ref.traces.validation.validate import Following, Outcome, Rules, Verdict


@dataclass(frozen=True, slots=True)
class Flight:
    """A message in flight, and where it comes from."""

    sent: Sent
    origin: Origin

    @property
    def channel(self) -> tuple[str, str]:
        """Between which servers it goes."""
        return self.sent.message["source"], self.sent.message["dest"]


@dataclass
class Run:
    """What an implementation did.

    `commands` were taken, `departed` could not be, for want of the message that they deliver;
    `lines` is the trace. `failure` says how the implementation itself failed, if it did; `verdict`
    what the spec says.
    """

    servers: tuple[str, ...]
    commands: list[Command] = field(default_factory=list)
    departed: list[Command] = field(default_factory=list)
    in_flight: list[Flight] = field(default_factory=list)
    lines: list[JsonObject] = field(default_factory=list)
    failure: str = ""
    verdict: Verdict | None = None

    @property
    def is_good(self) -> bool:
        """Whether nothing stands against the implementation."""
        assert self.verdict is not None
        return not self.failure and self.verdict.outcome is not Outcome.REFUSED

    def write(self, path: Path) -> None:
        """Write its lines to a file, to be validated. Raises `OSError` where that fails."""
        lines = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in self.lines)
        path.write_text(lines, encoding="utf-8")


Choose = Callable[[Run], Command | None]
"""What is to happen next in a run; None at its end."""


class Runner:
    """Lets an implementation run; the rules of the spec are looked up once for all runs.

    Arguments: the adapter; the profile that reads its lines; what to call after each line that was
    followed, with the run and its readings. In a network that is `is_fifo`, who receives a message
    has lost those that were sent before it on the same way, and who restarts all that were sent to
    it.
    """

    def __init__(
        self,
        adapter: Adapter,
        profile: Profile,
        on_line: Callable[[Run, Following], None] = lambda run, following: None,
        *,
        is_fifo: bool = False,
    ) -> None:
        self._is_fifo = is_fifo
        self._adapter = adapter
        self._profile = profile
        self._on_line = on_line
        self._rules: dict[tuple[str, ...], Rules] = {}

    def run(self, servers: tuple[str, ...], choose: Choose, name: str = "the run") -> Run:
        """Start a cluster afresh, and let it run.

        Raises `AdapterError` where the adapter makes no sense.
        """
        run = Run(servers)
        path = Path(name)
        try:
            recording = self._profile(Lines(self._happening(run, choose)))
            if run.failure:
                run.verdict = Verdict(path)
                return run
            if recording.servers not in self._rules:
                self._rules[recording.servers] = Rules(recording.servers)
            following = Following(path, recording, self._rules[recording.servers])
            run.verdict = following.verdict
            for event in recording.events:
                goes_on = following.follows(event)
                run.verdict = following.verdict
                if not goes_on:
                    break
                self._on_line(run, following)
        except TraceError as error:
            if not run.failure:
                at = run.lines[-1] if run.lines else None
                raise AdapterError(f"{name}, line {len(run.lines)} ({at}): {error}") from None
            run.verdict = run.verdict or Verdict(path)
        return run

    def _happening(self, run: Run, choose: Choose) -> Iterator[JsonObject]:
        """Yield the lines as they are written; the next step is taken once they are all read."""
        try:
            yield from self._asked(run, {"step": "Init", "servers": [*run.servers]}, 0)
            while (command := choose(run)) is not None:
                flight = None
                if command.message is not None:
                    flight = found(run.in_flight, command)
                    if flight is None:
                        run.departed.append(command)
                        continue
                    self._taken(run, flight, command)
                elif command.step == "Restart" and self._is_fifo:
                    # A connection ends with the process that it leads to.
                    run.in_flight[:] = [f for f in run.in_flight if f.channel[1] != command.server]
                run.commands.append(command)
                if command.step != LOSS:
                    yield from self._asked(run, _request(run, command, flight), command.label)
        except FailedError as error:
            run.failure = str(error)

    def _taken(self, run: Run, flight: Flight, command: Command) -> None:
        if self._is_fifo:
            before = run.in_flight[: run.in_flight.index(flight)]
            lost = [each for each in before if each.channel == flight.channel]
            run.in_flight[:] = [each for each in run.in_flight if each not in (flight, *lost)]
        elif command.step != "ReceiveDuplicate":
            run.in_flight.remove(flight)

    def _asked(self, run: Run, request: JsonObject, label: int) -> Iterator[JsonObject]:
        reply = self._adapter.ask(request)
        for place, sent in enumerate(reply.sends):
            if sent.message["dest"] not in run.servers:
                raise AdapterError(f"a message is sent to {sent.message['dest']}, no server")
            run.in_flight.append(Flight(sent, Origin(label, place)))
        for line in reply.lines:
            run.lines.append(line)
            yield line


def _request(run: Run, command: Command, flight: Flight | None) -> JsonObject:
    if flight is not None:
        message = flight.sent.message
        # In the spec the network is a set, and a message that was sent twice is one.
        is_there = any(each.sent.message == message for each in run.in_flight)
        step = "ReceiveDuplicate" if is_there else "Receive"
        return {"step": step, "server": message["dest"], "id": flight.sent.id}
    return {"step": command.step, "server": command.server, "arguments": command.arguments}


def found(in_flight: list[Flight], command: Command) -> Flight | None:
    """Return the message in flight that a command is about.

    That is the one from the same origin, or else the most alike of the same type between the same
    servers.
    """
    message = command.message
    assert message is not None
    alike = []
    for flight in in_flight:
        if command.origin is not None and flight.origin == command.origin:
            return flight
        if all(flight.sent.message[name] == message[name] for name in ("type", "source", "dest")):
            alike.append(flight)
    return min(alike, key=lambda each: _differences(each.sent.message, message), default=None)


def _differences(one: JsonObject, other: JsonObject) -> int:
    return sum(name in other and other[name] != value for name, value in one.items())
