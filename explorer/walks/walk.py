"""Random search: long walks through a system, beyond what can be searched exhaustively.

A walk is a function of its seed alone: neither the walks before it nor who takes it changes what it
chooses from. So the walks of many processes, or of many machines, are those of one.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from raft_ref.explorer.engines.choice import EngineError, EngineName
from raft_ref.explorer.engines.memory import resident_bytes, usable_bytes
from raft_ref.explorer.model.properties import OF_ALL_THAT_FOLLOWS, Checker, Property
from raft_ref.explorer.model.system import System
from raft_ref.explorer.results.behavior import counterexample
from raft_ref.explorer.results.counterexample import Counterexample
from raft_ref.explorer.results.report import Report, Verdict, coverage
from raft_ref.explorer.walks.chance import SEEDS
from raft_ref.explorer.walks.crew import Crew, Make
from raft_ref.explorer.walks.distinct import counter_of_hashes
from raft_ref.explorer.walks.shrink import Shrinker
from raft_ref.explorer.walks.walker import PlainWalker, Walked, behavior_of


@dataclass(frozen=True, slots=True)
class WalkProgress:
    """How far a random search has come: the walk that it is in, and what all did so far."""

    run: int
    runs: int
    distinct_states: int
    transitions: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """Where a violation was found.

    `seed` is the walk's own, `steps` how many it took to the violation, and `is_minimal` whether
    no single step of the counterexample can be left out (an interrupt can end shrinking early).
    """

    seed: int
    steps: int
    is_minimal: bool


@dataclass(frozen=True, slots=True)
class WalkReport:
    """The outcome of a random search.

    `report` says what was covered; its verdict is VIOLATED or INCOMPLETE, because walks cannot
    show that anything holds, its `depth` is that of the longest walk, its `distinct_states` are
    counted by their hash, and its `cut_off` are steps that were drawn and are not within bounds.
    `seed`, `runs`, `steps` and `shard` are what was asked for, `runs_done` the walks that came to
    their end without a violation. `found` is there exactly if there is one.
    """

    report: Report
    seed: int
    runs: int
    steps: int
    runs_done: int
    found: Found | None
    shard: "Shard"

    @property
    def planned(self) -> int:
        """How many walks were asked for, of this shard."""
        return len(self.shard.seeds(self.seed, self.runs))


@dataclass(frozen=True, slots=True)
class Shard:
    """Every so many-th walk: `number` of `count`, from 1 on."""

    number: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def seeds(self, seed: int, runs: int) -> range:
        """Return the seeds of its walks, of so many from a seed on."""
        return range(seed + self.number - 1, seed + runs, self.count)


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """Who walks, and with how much of the machine.

    `engine` is as in `search`; `jobs` is how many processes walk at a time (None: one for each
    core), and `memory` how many bytes they may use together (None: most of what is available). A
    process that has used its share is followed by one that begins with nothing; where there is one
    alone, the search ends. `shard` says which of the walks are taken. Raises ValueError on numbers
    that make no sense.
    """

    engine: EngineName = "auto"
    jobs: int | None = 1
    memory: int | None = None
    shard: Shard = Shard()

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise ValueError("jobs: expected 1 or more")
        if not 1 <= self.shard.number <= self.shard.count:
            raise ValueError(f"shard {self.shard}: expected K/N, with K from 1 to N")


class RandomSearch:
    """One random search of one system; `run` does it.

    Arguments: the system, of which each who walks gets a copy with nothing interned; the
    properties; the seed; how many walks, and of how many steps each; what to call with a
    `WalkProgress` now and then; who walks. Walk number n is the first walk of the seed
    ``seed + n - 1``. What is found does not depend on the engine, nor on how many walk. Raises
    ValueError on a property of all that may follow a state, because a walk is one way, and on
    numbers that make no sense; `EngineError` where ``"native"`` is asked for and was not built.
    """

    def __init__(
        self,
        system: System,
        properties: Sequence[Property],
        seed: int,
        runs: int,
        steps: int,
        on_progress: Callable[[WalkProgress], None] = lambda progress: None,
        limits: WalkLimits = WalkLimits(),
    ) -> None:
        if of_all := [prop.name for prop in properties if prop.kind in OF_ALL_THAT_FOLLOWS]:
            raise ValueError(
                f"the property {of_all[0]} is of all that may follow a state, and a walk is one way"
            )
        if least := [name for name, n in (("runs", runs), ("steps", steps)) if n < 1]:
            raise ValueError(f"{least[0]}: expected 1 or more")
        if not 0 <= seed <= SEEDS - runs:
            raise ValueError("seed: expected 0 or more, and less than 2^64 to the last walk")
        self._system = system
        self._properties = properties
        self._seed, self._runs, self._steps = seed, runs, steps
        self._on_progress = on_progress
        self._shard = limits.shard
        self._seeds = limits.shard.seeds(seed, runs)
        self._jobs = min(limits.jobs or os.cpu_count() or 1, max(1, len(self._seeds)))
        self._memory = usable_bytes() if limits.memory is None else limits.memory
        self._make, self._engine = _maker(system, properties, limits.engine)
        self._names: Counter[tuple[str, ...]] = Counter()
        self._cut_off: Counter[str] = Counter(dict.fromkeys(system.bounds.as_dict(), 0))
        self._sometimes = {prop.name: False for prop in properties if prop.is_sometimes}
        self._distinct = counter_of_hashes()
        self._transitions = 0
        self._longest = 0
        self._stopped_by: str | None = None
        self._started = time.monotonic()

    def run(self) -> WalkReport:
        """Walk until a property is violated or all walks are done.

        An interrupt (Ctrl-C) ends the search early, and the report says so: it is of the walks
        that came to their end. Raises `ActorError` where an actor breaks its protocol.
        """
        done, found = 0, None
        walks = self._walks()
        try:
            for walked in walks:
                self._count(walked)
                if walked.is_violated:
                    found = self._found(self._seeds[done], walked.steps)
                    break
                done += 1
                self._progress(done)
                if self._is_full() and done < len(self._seeds):
                    self._stopped_by = "the limit on memory"
                    break
        except KeyboardInterrupt:
            self._stopped_by = "interrupt"
        finally:
            walks.close()
        return self._report(done, found)

    def _walks(self) -> Generator[Walked, None, None]:
        """Yield the walks, in the order of their seeds."""
        self._progress(0)
        if self._jobs == 1:
            walker = self._make()
            for seed in self._seeds:
                yield walker.walk(seed, self._steps)
            return
        # The last share is this process's own, which counts.
        share = self._memory // (self._jobs + 1)
        crew = Crew(self._jobs, self._make, self._seeds, self._steps, share)
        try:
            yield from crew.walks()
        finally:
            crew.end()

    def _is_full(self) -> bool:
        return resident_bytes() > self._memory // (1 if self._jobs == 1 else self._jobs + 1)

    def _found(self, seed: int, steps: int) -> tuple[Counterexample, Found]:
        """Take a walk again that violates a property, and shrink it."""
        system = self._system.anew()
        checker = Checker(system, self._properties)
        behavior = behavior_of(system, checker, seed, self._steps, Counter())
        assert behavior.violated is not None, "a walk is the same whoever takes it"
        assert len(behavior.steps) == steps, "a walk is the same whoever takes it"
        shrinker, is_minimal = Shrinker(system, checker, behavior), False
        try:
            shrinker.run()
            is_minimal = True
        except KeyboardInterrupt:
            pass
        return counterexample(system, shrinker.best), Found(seed, steps, is_minimal)

    def _count(self, walked: Walked) -> None:
        self._transitions += walked.steps
        self._longest = max(self._longest, walked.steps)
        for names, times in walked.names.items():
            self._names[names] += times
        for bound, times in walked.cut_off.items():
            self._cut_off[bound] += times
        for name in walked.reached:
            self._sometimes[name] = True
        self._distinct.add(walked.hashes)

    def _progress(self, done: int) -> None:
        seconds = time.monotonic() - self._started
        run, runs, distinct = min(done + 1, len(self._seeds)), len(self._seeds), len(self._distinct)
        self._on_progress(WalkProgress(run, runs, distinct, self._transitions, seconds))

    def _report(self, done: int, found: tuple[Counterexample, Found] | None) -> WalkReport:
        verdict = Verdict.INCOMPLETE if found is None else Verdict.VIOLATED
        shown, how = (None, None) if found is None else found
        report = self._covered(verdict, shown)
        return WalkReport(report, self._seed, self._runs, self._steps, done, how, self._shard)

    def _covered(self, verdict: Verdict, counterexample: Counterexample | None) -> Report:
        return Report(
            verdict=verdict,
            counterexample=counterexample,
            distinct_states=len(self._distinct),
            transitions=self._transitions,
            depth=self._longest + 1,
            covered_depth=0,
            queue=0,
            seconds=time.monotonic() - self._started,
            **coverage(self._system, self._names),
            cut_off=dict(self._cut_off),
            sometimes=dict(self._sometimes),
            symmetry=(),
            bounds=self._system.bounds.as_dict(),
            engine=f"random, {self._engine}, {self._jobs} at a time",
            stopped_by=self._stopped_by,
        )


def _maker(system: System, properties: Sequence[Property], engine: EngineName) -> tuple[Make, str]:
    """Return what makes walkers, and who they are."""
    if engine != "plain":
        try:
            # Here and not above, because it is not there where no compiler was.
            from raft_ref.explorer.walks.native_walker import NativeWalker  # noqa: PLC0415
        except ImportError as error:
            if engine == "native":
                raise EngineError("the native engine was not built") from error
        else:
            return lambda: NativeWalker(system, properties), "native engine"
    return lambda: PlainWalker(system, properties), "plain engine"


def random_search(
    system: System,
    properties: Sequence[Property],
    seed: int,
    runs: int,
    steps: int,
    on_progress: Callable[[WalkProgress], None] = lambda progress: None,
    limits: WalkLimits = WalkLimits(),
) -> WalkReport:
    """Take random walks through a system within its bounds; see `RandomSearch`."""
    return RandomSearch(system, properties, seed, runs, steps, on_progress, limits).run()
