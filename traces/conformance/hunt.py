"""The hunt: schedules drawn by chance, towards states of the spec that were not seen before.

As in ModelFuzz (Gulcan and others, arXiv 2410.02307) the states of the spec guide it: later
schedules begin as one did that came to a state which is seldom seen. What is likely is drawn anew
for each schedule, as in `explorer.walks.swarm`.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from raft_ref.traces.conformance.adapter import Adapter
from raft_ref.traces.conformance.run import Flight, Run, Runner
from raft_ref.traces.conformance.schedule import Command
from raft_ref.traces.format.flights import LOSS
from raft_ref.traces.validation.lines.profile import Profile
from raft_ref.traces.validation.rules.protocol import ServerState
from raft_ref.traces.validation.validate import Following

_WEIGHTS = {
    "Receive": (64,),
    "ReceiveDuplicate": (0, 1, 8),
    LOSS: (0, 1, 8),
    "Restart": (0, 1, 2),
    "Timeout": (1, 4),
    "ClientRequest": (1, 4, 16),
    "AppendEntries": (4, 16),
    "InstallSnapshot": (4,),
    "CompactLog": (0, 1, 4),
}
"""From which weights those of a schedule are drawn, for each kind of step."""
OF_MESSAGES = ("Receive", "ReceiveDuplicate", LOSS)
_OF_SERVER = (0, 1, 4, 16)
_OF_NEWER = (1.0, 1.3, 2.0)


@dataclass
class Hunted:
    """What a hunt did.

    `runs` schedules were followed, `inconclusive` of them to no verdict, `steps` taken in all.
    `seen` says how often each state of the spec was seen, told apart by what `shape` keeps,
    `actions` how often each action of the spec was taken. `found` is the last run, if something
    stands against it.
    """

    runs: int = 0
    steps: int = 0
    seen: Counter[Any] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    inconclusive: int = 0
    found: Run | None = None
    seconds: float = 0.0


class _Way(NamedTuple):
    """How a state was come to first: by so many of these steps."""

    shape: Any
    commands: list[Command]
    steps: int


class Hunt:
    """A hunt.

    Arguments: the adapter; the profile that reads its lines; the servers; the seed, and how many
    schedules of how many steps each; what to call after each, with what was done so far; whether
    messages between two servers come in the order in which they were sent, and none twice.
    """

    def __init__(
        self,
        adapter: Adapter,
        profile: Profile,
        servers: tuple[str, ...],
        seed: int,
        runs: int,
        steps: int,
        on_run: Callable[[Hunted, Run], None] = lambda hunted, run: None,
        *,
        is_fifo: bool = False,
    ) -> None:
        self.runner = Runner(adapter, profile, self._look, is_fifo=is_fifo)
        self._is_fifo = is_fifo
        self._servers = servers
        self._seed, self._runs, self._steps = seed, runs, steps
        self._on_run = on_run
        self._ways: list[_Way] = []
        self._states: dict[str, ServerState] = {}
        self.hunted = Hunted()

    def run(self) -> Hunted:
        """Hunt until something is found, or all schedules are done, or on Ctrl-C."""
        hunted, started = self.hunted, time.monotonic()
        try:
            while hunted.runs < self._runs and hunted.found is None:
                run = self._one(random.Random(f"{self._seed} {hunted.runs}"))
                hunted.seconds = time.monotonic() - started
                self._on_run(hunted, run)
        except KeyboardInterrupt:
            pass
        hunted.seconds = time.monotonic() - started
        return hunted

    def _one(self, chance: random.Random) -> Run:
        self._states = {}
        draw = _Draw(chance, self._steps, self._begun(chance), self._reading, self._is_fifo)
        run = self.runner.run(self._servers, draw.choose)
        hunted = self.hunted
        hunted.runs += 1
        hunted.steps += len(run.commands)
        assert run.verdict is not None
        hunted.actions += run.verdict.actions
        hunted.inconclusive += run.verdict.outcome.value == "inconclusive"
        if not run.is_good:
            hunted.found = run
        return run

    def _begun(self, chance: random.Random) -> list[Command]:
        """Return how a schedule begins: as one that came to a state which is seldom seen."""
        if not self._ways or chance.random() < 0.5:
            return []
        some = [chance.choice(self._ways) for _ in range(16)]
        seldom = min(some, key=lambda way: (self.hunted.seen[way.shape], way.steps))
        return seldom.commands[: seldom.steps]

    def _reading(self) -> Mapping[str, ServerState]:
        return self._states

    def _look(self, run: Run, following: Following) -> None:
        self._states = following.states
        shown = shape(self._states.values())
        if shown not in self.hunted.seen:
            self._ways.append(_Way(shown, run.commands, len(run.commands)))
        self.hunted.seen[shown] += 1


def shape(states: Iterable[ServerState]) -> Any:
    """Return what of a cluster's state makes it a new one: not who is who, and not how high."""
    found = [*states]
    logs = [_last_terms(state) for state in found]
    terms = {state.current_term for state in found}.union(*logs)
    rank = {term: place for place, term in enumerate(sorted(terms))}
    lowest = min((state.commit_index for state in found), default=0)
    return tuple(
        sorted(
            (
                state.role,
                rank[state.current_term],
                state.commit_index - lowest,
                state.log.index - lowest,
                state.compacted - lowest,
                len(state.votes_granted),
                tuple(rank[term] for term in log),
            )
            for state, log in zip(found, logs, strict=True)
        )
    )


def _last_terms(state: ServerState) -> list[int]:
    first = max(state.compacted, state.log.index - 3)
    return [int(str(entry[1])) for entry in state.log.entries(first)]


def _oldest(in_flight: list[Flight], kind: str) -> list[Flight]:
    """Return the oldest message of each channel; none is received twice."""
    found: dict[tuple[str, str], Flight] = {}
    for flight in in_flight:
        found.setdefault(flight.channel, flight)
    return [] if kind == "ReceiveDuplicate" else [*found.values()]


class _Draw:
    """Draws the steps of one schedule, behind how it begins.

    `states` tells what the spec says of the servers, so that what is drawn can happen.
    """

    def __init__(
        self,
        chance: random.Random,
        steps: int,
        begun: list[Command],
        states: Callable[[], Mapping[str, ServerState]],
        is_fifo: bool,
    ) -> None:
        self._chance = chance
        self._is_fifo = is_fifo
        self._states = states
        self._left = steps
        self._begun = begun[::-1]
        self._weights = {kind: chance.choice(some) for kind, some in _WEIGHTS.items()}
        self._newer = chance.choice(_OF_NEWER)
        self._of_server: dict[str, int] = {}
        self._values = 0

    def choose(self, run: Run) -> Command | None:
        """Return the next step."""
        if self._left <= 0:
            return None
        self._left -= 1
        if self._begun:
            return self._begun.pop()
        return self._drawn(run)

    def _drawn(self, run: Run) -> Command:
        able = {kind: self._able(kind, run) for kind, weight in self._weights.items() if weight}
        kinds = {kind: self._weights[kind] for kind, those in able.items() if those}
        (kind,) = self._chance.choices([*kinds], [*kinds.values()])
        if kind in OF_MESSAGES:
            flights: Sequence[Flight] = able[kind]
            weights = [
                self._weight(run, flight.sent.message["dest"]) * self._newer**age
                for age, flight in enumerate(flights)
            ]
            flight = self._picked(flights, weights)
            message = flight.sent.message
            server = None if kind == LOSS else message["dest"]
            return Command(kind, server, message=message, origin=flight.origin)
        server = self._picked(able[kind], [self._weight(run, each) for each in able[kind]])
        return Command(kind, server, self._arguments(kind, run, server))

    def _able(self, kind: str, run: Run) -> Sequence[Any]:
        """Return the servers that can take such a step, or the messages that it can be about."""
        if kind in OF_MESSAGES:
            return _oldest(run.in_flight, kind) if self._is_fifo else run.in_flight
        states = self._states()
        able = []
        for server in run.servers:
            state = states.get(server)
            is_leader = state is not None and state.role == "Leader"
            has_more = state is not None and state.commit_index > state.compacted
            if {"CompactLog": has_more, "Timeout": not is_leader, "Restart": True}.get(
                kind, is_leader
            ):
                able.append(server)
        return able

    def _arguments(self, kind: str, run: Run, server: str) -> dict[str, Any]:
        match kind:
            case "ClientRequest":
                self._values += 1
                return {"value": f"v{self._values}"}
            case "AppendEntries" | "InstallSnapshot":
                peer = self._chance.choice([each for each in run.servers if each != server])
                of_entries = {"count": self._chance.randrange(3)}
                return {"peer": peer, **(of_entries if kind == "AppendEntries" else {})}
            case "CompactLog":
                state = self._states()[server]
                return {"index": self._chance.randint(state.compacted + 1, state.commit_index)}
            case _:
                return {}

    def _weight(self, run: Run, server: str) -> int:
        if not self._of_server:
            self._of_server = {each: self._chance.choice(_OF_SERVER) for each in run.servers}
        return self._of_server[server]

    def _picked(self, choices: Any, weights: list[float] | list[int]) -> Any:
        if not any(weights):
            return self._chance.choice(choices)
        return self._chance.choices(choices, weights)[0]
