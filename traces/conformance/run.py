"""One run: an implementation follows a schedule, and each step is held against the spec at once.

The rule: the spec is the oracle, through the profile that reads the lines of the implementation. A
message that an implementation does not send cannot be delivered; that is reported, and is no fault.
Where the spec has no answer any more, the implementation may go on alone: then it is watched for
consequences.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from raft_ref.traces.conformance.adapter import Adapter, AdapterError, FailedError, Reply, Sent
from raft_ref.traces.conformance.consequences import Consequence, Witness
from raft_ref.traces.conformance.schedule import Command, Origin
from raft_ref.traces.format.flights import LOSS
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.following import Following, Rules
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import Lines, Profile, Recording
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.verdict import Outcome, Verdict


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

    `commands` were taken, each with the message that it delivered; `departed` could not be, for
    want of the message that they deliver, and `idle` were answered with nothing; `unknown` are the
    steps that the adapter does not know. `lines` is the trace. `failure` says how the
    implementation itself failed, if it did; `verdict` what the spec says, and `refused_at` after
    how many commands it refused; `adopted` how often it went on behind which kind. `consequence`
    is what came of that, if anything did; `witness` saw it. `features` were asked to be on.
    """

    servers: tuple[str, ...]
    commands: list[Command] = field(default_factory=list)
    departed: list[Command] = field(default_factory=list)
    idle: list[Command] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    in_flight: list[Flight] = field(default_factory=list)
    lines: list[JsonObject] = field(default_factory=list)
    failure: str = ""
    verdict: Verdict | None = None
    refused_at: int | None = None
    adopted: Counter[str] = field(default_factory=Counter)
    consequence: Consequence | None = None
    witness: Witness | None = None
    features: frozenset[str] = frozenset()

    @property
    def is_good(self) -> bool:
        """Whether nothing stands against the implementation."""
        if self.failure or self.consequence:
            return False
        return self.verdict is None or self.verdict.outcome is not Outcome.REFUSED

    def write(self, path: Path) -> None:
        """Write its lines to a file, to be validated. Raises `OSError` where that fails."""
        lines = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in self.lines)
        path.write_text(lines, encoding="utf-8")


Choose = Callable[[Run], Command | None]
"""What is to happen next in a run; None at its end."""


def following(commands: Iterable[Command]) -> Choose:
    """Return what chooses these commands, one after the other."""
    left = iter([*commands])
    return lambda run: next(left, None)


class Adopted(NamedTuple):
    """A refusal behind which the spec goes on: of what kind it is, and from which state."""

    kind: str
    world: World


class _Asked(NamedTuple):
    """A command that was chosen, and what the adapter is asked for it; None for a loss."""

    command: Command
    request: dict[str, Any] | None


class Runner:
    """Lets an implementation run; the rules of the spec are looked up once for all runs.

    Arguments: the adapter; the profile that reads its lines; what to call after each line that was
    followed, with the run and its readings. In a network that is `is_fifo`, who receives a message
    has lost those that were sent before it on the same way, and who restarts all that were sent to
    it. `adopted` says from which state the spec goes on behind what it refuses, if it does.
    """

    def __init__(
        self,
        adapter: Adapter,
        profile: Profile,
        on_line: Callable[[Run, Following], None] = lambda run, following: None,
        *,
        is_fifo: bool = False,
        adopted: Callable[[Verdict], Adopted | None] = lambda verdict: None,
    ) -> None:
        self._adopted = adopted
        self.is_fifo = is_fifo
        self.adapter = adapter
        self._profile = profile
        self._on_line = on_line
        self._rules: dict[Any, Rules] = {}

    def run(
        self,
        servers: tuple[str, ...],
        choose: Choose,
        name: str = "the run",
        *,
        goes_on: bool = False,
    ) -> Run:
        """Start a cluster afresh, and let it run to its end or to what the spec refuses.

        What is refused `goes_on` alone, if so asked, to the end or to a consequence. Raises
        `AdapterError` where the adapter makes no sense.
        """

        def held(run: Run, recording: Recording) -> None:
            self._held(run, recording, Path(name), goes_on=goes_on)

        return self._runs(Run(servers, features=self.adapter.features), choose, name, held)

    def alone(self, servers: tuple[str, ...], choose: Choose) -> Run:
        """Start a cluster afresh, and let it run to a consequence, whatever the spec says."""
        run = Run(servers, features=self.adapter.features)
        return self._runs(run, choose, "the run", self._unheld)

    def _runs(
        self,
        run: Run,
        choose: Choose,
        name: str,
        held: Callable[[Run, Recording], None],
    ) -> Run:
        lines = self._happening(run, choose)
        try:
            recording = self._profile(Lines(lines))
            if not run.failure:
                run.witness = Witness(recording.servers, recording.initial)
                held(run, recording)
        except TraceError as error:
            # What departs from the spec may tell what makes no sense; that says nothing new.
            if not run.failure and run.refused_at is None:
                at = run.lines[-1] if run.lines else None
                raise AdapterError(f"{name}, line {len(run.lines)} ({at}): {error}") from None
        run.verdict = run.verdict or Verdict(Path(name))
        return run

    def _held(self, run: Run, recording: Recording, path: Path, *, goes_on: bool) -> None:
        """Hold the lines against the spec, as long as that follows them."""
        known = recording.servers, recording.features
        if known not in self._rules:
            self._rules[known] = Rules(*known, is_kept=True)
        held = Following(path, recording, self._rules[known])
        run.verdict = held.verdict
        for event in recording.events:
            self._seen(run, event)
            if run.refused_at is None:
                is_followed = held.follows(event) or self._goes_on_from(run, held)
                run.verdict = held.verdict
                if is_followed:
                    self._on_line(run, held)
                    continue
                run.refused_at = len(run.commands)
                if not goes_on:
                    break
            if run.consequence is not None and run.refused_at is not None:
                break

    def _goes_on_from(self, run: Run, held: Following) -> bool:
        """Let the spec go on behind what is known; say whether it does."""
        if held.verdict.outcome is not Outcome.REFUSED:
            return False
        found = self._adopted(held.verdict)
        if found is None:
            return False
        run.adopted[found.kind] += 1
        held.adopts(found.world)
        return True

    def _unheld(self, run: Run, recording: Recording) -> None:
        for event in recording.events:
            self._seen(run, event)
            if run.consequence is not None:
                break

    @staticmethod
    def _seen(run: Run, event: Event) -> None:
        assert run.witness is not None
        run.witness.see(event)
        run.consequence = run.witness.found

    # ---- What the adapter is asked

    def _happening(self, run: Run, choose: Choose) -> Iterator[JsonObject]:
        """Yield the lines as they are written; the next step is taken once they are all read."""
        try:
            reply = self.adapter.ask({"step": "Init", "servers": [*run.servers]})
            yield from self._told(run, reply, 0)
            for command, request in self._chosen(run, choose):
                run.commands.append(command)
                if request is None:
                    continue
                reply = self.adapter.ask(request)
                if reply.is_unknown:
                    run.unknown.add(command.step)
                if not reply.lines and not reply.sends:
                    run.idle.append(command)
                yield from self._told(run, reply, command.label)
        except FailedError as error:
            run.failure = str(error)

    def _chosen(self, run: Run, choose: Choose) -> Iterator[_Asked]:
        while (command := choose(run)) is not None:
            if command.message is not None:
                flight = found(run.in_flight, command)
                if flight is None:
                    run.departed.append(command)
                    continue
                # What a schedule says of a message is what is delivered in this very run.
                command = replace(
                    command, message=flight.sent.message, origin=flight.origin,
                    place=_place(run.in_flight, flight),
                )  # fmt: skip
                self._taken(run, flight, command)
                yield _Asked(command, None if command.step == LOSS else _delivery(run, flight))
                continue
            if command.step == "Restart" and self.is_fifo:
                # A connection ends with the process that it leads to.
                run.in_flight[:] = [f for f in run.in_flight if f.channel[1] != command.server]
            yield _Asked(command, _request(command))

    def _taken(self, run: Run, flight: Flight, command: Command) -> None:
        if self.is_fifo:
            before = run.in_flight[: run.in_flight.index(flight)]
            lost = [each for each in before if each.channel == flight.channel]
            run.in_flight[:] = [each for each in run.in_flight if each not in (flight, *lost)]
        elif command.step != "ReceiveDuplicate":
            run.in_flight.remove(flight)

    def _told(self, run: Run, reply: Reply, label: int) -> Iterator[JsonObject]:
        for place, sent in enumerate(reply.sends):
            if sent.message["dest"] not in run.servers:
                raise AdapterError(f"a message is sent to {sent.message['dest']}, no server")
            run.in_flight.append(Flight(sent, Origin(label, place)))
        for line in reply.lines:
            run.lines.append(line)
            yield line


def _request(command: Command) -> dict[str, Any]:
    return {"step": command.step, "server": command.server, "arguments": command.arguments}


def _delivery(run: Run, flight: Flight) -> dict[str, Any]:
    message = flight.sent.message
    # In the spec the network is a set, and a message that was sent twice is one.
    is_there = any(each.sent.message == message for each in run.in_flight)
    step = "ReceiveDuplicate" if is_there else "Receive"
    return {"step": step, "server": message["dest"], "id": flight.sent.id}


def found(in_flight: list[Flight], command: Command) -> Flight | None:
    """Return the message in flight that a command is about.

    That is the one from the same origin, or else the most alike of the same type between the same
    servers; of several that are, the one in its place.
    """
    message = command.message
    assert message is not None
    alike = []
    for flight in in_flight:
        if command.origin is not None and flight.origin == command.origin:
            return flight
        if all(flight.sent.message[name] == message[name] for name in ("type", "source", "dest")):
            alike.append(flight)
    if not alike:
        return None
    differences = [_differences(each.sent.message, message) for each in alike]
    least = [f for f, count in zip(alike, differences, strict=True) if count == min(differences)]
    return least[min(command.place, len(least) - 1)]


def _place(in_flight: list[Flight], flight: Flight) -> int:
    """Return how many messages with the same contents were sent before one, and are in flight."""
    same = [each for each in in_flight if each.sent.message == flight.sent.message]
    return next(place for place, each in enumerate(same) if each is flight)


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    return sum(name in other and other[name] != value for name, value in one.items())
