"""The hunt: schedules drawn by chance, towards states of the spec that were not seen before.

As in ModelFuzz (Gulcan and others, arXiv 2410.02307) the states of the spec guide it: later
schedules begin as one did that came to a state, or met a branch of the spec, that is seldom seen.

The rule: schedules are of `ISLANDS` that know nothing of each other, so that what a seed finds does
not depend on how many processes work.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from raft_ref.traces.conformance.adapter import Adapter, AdapterError, FailedError
from raft_ref.traces.conformance.hunting.coverage import (
    POSSIBLE,
    Coverage,
    Pair,
    covered,
    is_otherwise_in_raft,
    pairs,
)
from raft_ref.traces.conformance.hunting.departures import behind_known, kind
from raft_ref.traces.conformance.hunting.draws import Draw, Likely
from raft_ref.traces.conformance.run import Run, Runner
from raft_ref.traces.conformance.schedule import Command
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.following import Following
from raft_ref.traces.validation.lines.profile import Profile
from raft_ref.traces.validation.moves.world import Step
from raft_ref.traces.validation.rules.protocol import ServerState

ISLANDS = 8
TICKS = 100
"""How often a clock ticks before something must have come of it."""


@dataclass
class Hunted:
    """What a hunt did.

    `runs` schedules were followed, `inconclusive` of them to no verdict, `steps` taken in all;
    `idle` were answered with nothing. `seen` says how often each state of the spec was seen, told
    apart by what `shape` keeps, `actions` how often each action of the spec was taken, `asked` how
    often each step was asked for and `told` how often that was answered. `unknown` are the steps
    that the adapter does not know, `of_features` those that are asked for since features are on.
    `changes` says how often leaders began which change of the membership. `found` is the last run,
    if something stands against it that is not known; `known` how often what is known was met.
    `is_interrupted` says that Ctrl-C has ended it.
    """

    runs: int = 0
    steps: int = 0
    seen: Counter[Any] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    coverage: Coverage = field(default_factory=Coverage)
    unknown: set[str] = field(default_factory=set)
    of_features: set[str] = field(default_factory=set)
    inconclusive: int = 0
    found: Run | None = None
    seconds: float = 0.0
    is_interrupted: bool = False

    def add(self, run: Run) -> None:
        """Count a run."""
        self.runs += 1
        self.steps += len(run.commands)
        self.asked.update(command.step for command in run.commands)
        self.told.update(command.step for command in run.commands)
        self.told.subtract(command.step for command in run.idle)
        self.unknown |= run.unknown
        self.known += run.adopted
        assert run.verdict is not None
        self.actions += run.verdict.actions
        self.changes += run.verdict.changes
        self.inconclusive += run.verdict.outcome.value == "inconclusive"

    def merge(self, other: Hunted) -> None:
        """Add what another part of the hunt did meanwhile."""
        self.coverage.merge(other.coverage, self.steps)
        self.runs += other.runs
        self.steps += other.steps
        self.inconclusive += other.inconclusive
        self.is_interrupted |= other.is_interrupted
        for name in ("seen", "actions", "asked", "told", "known", "changes"):
            getattr(self, name).update(getattr(other, name))
        self.unknown |= other.unknown
        self.of_features |= other.of_features


class _Way(NamedTuple):
    """How something was come to first: by so many of these steps."""

    shape: Any
    commands: list[Command]
    steps: int


class Hunt:
    """A hunt.

    Arguments: the adapter; the profile that reads its lines; the servers; the seed, and how many
    schedules of how many steps each; what to call after each, with what was done so far; whether
    messages between two servers come in the order in which they were sent, and none twice; what is
    likely; the kinds of departures that are known, which end a schedule and not the hunt.
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
        likely: Likely | None = None,
        known: frozenset[str] = frozenset(),
    ) -> None:
        adopted = behind_known(known)
        self.runner = Runner(adapter, profile, self._look, is_fifo=is_fifo, adopted=adopted)
        self.servers = servers
        self._seed, self._runs, self._steps = seed, runs, steps
        self._on_run = on_run
        self._likely = likely or Likely()
        self.known = known
        self.unknown: frozenset[str] = frozenset()
        """The steps that are not asked for, since the adapter does not know them."""
        self._islands = [_Island() for _ in range(ISLANDS)]
        self._now = self._islands[0]
        self._states: Mapping[str, ServerState] = {}
        self._following: Following | None = None
        self._last: Step | None = None
        self._draw: Draw | None = None
        self._own: set[Pair] = set()
        """What the schedule at hand has met with steps of its own."""
        self.hunted = self._begun()

    def _begun(self) -> Hunted:
        return Hunted(of_features={*self._likely.of_features})

    def probe(self) -> None:
        """Find out whether the adapter knows `Tick`: it does, or nothing comes of many.

        Raises `AdapterError` where it is none that could begin.
        """
        with suppress(FailedError):
            self.runner.adapter.ask({"step": "Init", "servers": [*self.servers]})
            if self._does_tick():
                return
        self.unknown = frozenset({"Tick"})

    def _does_tick(self) -> bool:
        asked = {"step": "Tick", "server": self.servers[0], "arguments": {}}
        with suppress(AdapterError):
            for _ in range(TICKS):
                reply = self.runner.adapter.ask(asked)
                if reply.lines or reply.sends:
                    return True
                if reply.is_unknown:
                    break
        return False

    def run(self) -> Hunted:
        """Hunt until something is found, or all schedules are done, or on Ctrl-C."""
        hunted, started = self.hunted, time.monotonic()
        try:
            self.probe()
            while hunted.runs < self._runs and hunted.found is None:
                run = self.one(hunted.runs)
                hunted.seconds = time.monotonic() - started
                self._on_run(hunted, run)
        except KeyboardInterrupt:
            hunted.is_interrupted = True
        hunted.seconds = time.monotonic() - started
        return hunted

    def begin_anew(self) -> None:
        """Count what is done from now on apart from what was."""
        self.hunted = self._begun()

    def one(self, number: int) -> Run:
        """Follow the schedule of a number."""
        chance = random.Random(f"{self._seed} {number}")
        self._now, self._states, self._last = self._islands[number % ISLANDS], {}, None
        self._following, self._own = None, set()
        likely = replace(self._likely, without=self._likely.without | self.unknown)
        self._draw = draw = Draw(
            chance, self._steps, self._now.begun(chance), lambda: self._states, likely,
            is_fifo=self.runner.is_fifo, configurations=self._configurations,
            variables=self._variables,
        )  # fmt: skip
        run = self.runner.run(self.servers, draw.choose)
        hunted = self.hunted
        hunted.unknown |= self.unknown
        hunted.add(run)
        hunted.coverage.schedules.update(self._own)
        if not run.is_good:
            found = kind(run)
            if found in self.known:
                hunted.known[found] += 1
            else:
                hunted.found = run
        return run

    def _configurations(self) -> Mapping[str, JsonObject]:
        return {} if self._following is None else self._following.configurations

    def _variables(self, server: str) -> Mapping[str, Any]:
        return {} if self._following is None else self._following.variables(server)

    def _look(self, run: Run, following: Following) -> None:
        hunted = self.hunted
        self._states = following.states
        self._following = following
        shown = shape(self._states.values())
        self._now.met(shown, run)
        hunted.seen[shown] += 1
        for step in self._new_steps(following):
            met = [*pairs(step)]
            for pair in met:
                self._now.met(pair, run)
            if is_otherwise_in_raft(step):
                met = [*covered(step)]
            hunted.coverage.add(met, hunted.steps + len(run.commands))
            if self._draw is not None and self._draw.is_begun:
                self._own.update(POSSIBLE.intersection(met))

    def _new_steps(self, following: Following) -> list[Step]:
        """Return the steps that were settled since the last look."""
        last = following.verdict.last
        new: list[Step] = []
        for step in reversed(last):
            if step is self._last:
                break
            new.append(step)
        if last:
            self._last = last[-1]
        return new[::-1]


class _Island:
    """Schedules that begin as others of the same island did."""

    def __init__(self) -> None:
        self._ways: list[_Way] = []
        self._pairs: list[_Way] = []
        self._seen: Counter[Any] = Counter()

    def met(self, shown: Any, run: Run) -> None:
        """Remember how something was come to first."""
        if shown not in self._seen:
            ways = self._pairs if isinstance(shown, Pair) else self._ways
            ways.append(_Way(shown, run.commands, len(run.commands)))
        self._seen[shown] += 1

    def begun(self, chance: random.Random) -> list[Command]:
        """Return how a schedule begins: as one that came to what is seldom seen."""
        if not self._ways or chance.random() < 0.5:
            return []
        ways = self._pairs if self._pairs and chance.random() < 0.25 else self._ways
        some = [chance.choice(ways) for _ in range(16)]
        seldom = min(some, key=lambda way: (self._seen[way.shape], way.steps))
        return seldom.commands[: seldom.steps]


def shape(states: Iterable[ServerState]) -> Any:
    """Return what of a cluster's state makes it a new one: not who is who, and not how high."""
    found = [*states]
    logs = [_last_terms(state) for state in found]
    terms = {state.current_term for state in found}.union(*logs)
    rank = {term: place for place, term in enumerate(sorted(terms))}
    lowest = min([state.commit_index for state in found], default=0)
    return tuple(
        sorted([
            (
                state.role,
                rank[state.current_term],
                state.commit_index - lowest,
                state.log.index - lowest,
                state.compacted - lowest,
                len(state.votes_granted),
                tuple([rank[term] for term in log]),
            )
            for state, log in zip(found, logs, strict=True)
        ])
    )  # fmt: skip


def _last_terms(state: ServerState) -> list[int]:
    found, log, left = list[int](), state.log, 3
    while log.index > state.compacted and left and log.previous is not None:
        found.append(log.term)
        log, left = log.previous, left - 1
    return found[::-1]
