"""Random search: long walks through a system, beyond what can be searched exhaustively.

A walk is a function of its seed alone: each starts with nothing interned, so that no walk before
it can change the order of the steps that it chooses from. That bounds the memory too: of a walk
that is over, one number for each distinct state is kept, to count them.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from raft_ref.explorer.model.properties import OF_ALL_THAT_FOLLOWS, Checker, Property
from raft_ref.explorer.model.system import System, Transition, View
from raft_ref.explorer.results.behavior import Behavior, counterexample, violated_by
from raft_ref.explorer.results.counterexample import Counterexample
from raft_ref.explorer.results.report import Report, Verdict, coverage
from raft_ref.explorer.walks.shrink import Shrinker
from raft_ref.explorer.walks.swarm import Swarm


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
    show that anything holds, its `depth` is that of the longest walk, and its `distinct_states`
    are counted by their hash. `seed`, `runs` and `steps` are what was asked for, `runs_done` the
    walks that came to their end without a violation. `found` is there exactly if there is one.
    """

    report: Report
    seed: int
    runs: int
    steps: int
    runs_done: int
    found: Found | None


class RandomSearch:
    """One random search of one system; `run` does it.

    Arguments: the system, of which each walk gets a copy with nothing interned; the properties;
    the seed; how many walks, and of how many steps each; what to call with a `WalkProgress` now
    and then. Walk number n is the first walk of the seed ``seed + n - 1``. Raises ValueError on a
    property of all that may follow a state, because a walk is one way, and on numbers below 1.
    """

    def __init__(
        self,
        system: System,
        properties: Sequence[Property],
        seed: int,
        runs: int,
        steps: int,
        on_progress: Callable[[WalkProgress], None] = lambda progress: None,
    ) -> None:
        if of_all := [prop.name for prop in properties if prop.kind in OF_ALL_THAT_FOLLOWS]:
            raise ValueError(
                f"the property {of_all[0]} is of all that may follow a state, and a walk is one way"
            )
        if least := [name for name, n in (("runs", runs), ("steps", steps)) if n < 1]:
            raise ValueError(f"{least[0]}: expected 1 or more")
        if seed < 0:
            # `random` takes the absolute value, so two seeds would be one.
            raise ValueError("seed: expected 0 or more")
        self._system = system
        self._properties = properties
        self._seed, self._runs, self._steps = seed, runs, steps
        self._on_progress = on_progress
        self._names: Counter[tuple[str, ...]] = Counter()
        self._cut_off: Counter[str] = Counter(dict.fromkeys(system.bounds.as_dict(), 0))
        self._sometimes = {prop.name: False for prop in properties if prop.is_sometimes}
        self._distinct: set[int] = set()
        self._transitions = 0
        self._longest = 0
        self._started = time.monotonic()

    def run(self) -> WalkReport:
        """Walk until a property is violated or all walks are done.

        An interrupt (Ctrl-C) ends the search early, and the report says so. Raises `ActorError`
        where an actor breaks its protocol.
        """
        done = 0
        try:
            while done < self._runs:
                self._progress(done + 1)
                if found := self._walk(self._seed + done):
                    return self._report(done, *found)
                done += 1
        except KeyboardInterrupt:
            pass
        return self._report(done, None, None)

    def _walk(self, seed: int) -> tuple[Counterexample, Found] | None:
        """Take one walk; return the violation that it comes to, shrunk."""
        system = self._system.anew()
        checker = Checker(system, self._properties)
        try:
            behavior = self._behavior(system, checker, Swarm(seed))
        finally:
            for name, reached in checker.sometimes.items():
                self._sometimes[name] |= reached
        if behavior.violated is None:
            return None
        shrinker, is_minimal = Shrinker(system, checker, behavior), False
        try:
            shrinker.run()
            is_minimal = True
        except KeyboardInterrupt:
            pass
        shown = counterexample(system, shrinker.best)
        return shown, Found(seed, len(behavior.steps), is_minimal)

    def _behavior(self, system: System, checker: Checker, swarm: Swarm) -> Behavior:
        """Take steps until there are enough, none is left, or one violates a property."""
        state = system.initial()
        taken: list[Transition] = []
        self._distinct.add(self._hash(system.view(state)))
        violated = checker.violated_by_state(state)
        while violated is None and len(taken) < self._steps:
            steps = list(system.steps(state, self._cut_off))
            if not steps:
                break
            step = swarm.choose(steps)
            violated = violated_by(checker, state, step)
            taken.append(step)
            state = step.after
            self._count(step, len(taken), system.view(state))
        return Behavior(tuple(taken), violated)

    def _count(self, step: Transition, length: int, after: View) -> None:
        self._transitions += 1
        self._names[step.names] += 1
        self._longest = max(self._longest, length)
        self._distinct.add(self._hash(after))

    def _hash(self, view: View) -> int:
        """Return what a state is counted by; the order in a set of messages is the walk's own."""
        is_set = self._system.network_kind == "set"
        messages = frozenset(view.messages) if is_set else view.messages
        counters = view.restarts, view.drops, view.duplicates
        return hash((tuple(view.states.values()), messages, view.history, counters))

    def _progress(self, run: int) -> None:
        seconds = time.monotonic() - self._started
        distinct = len(self._distinct)
        self._on_progress(WalkProgress(run, self._runs, distinct, self._transitions, seconds))

    def _report(
        self, done: int, counterexample: Counterexample | None, found: Found | None
    ) -> WalkReport:
        verdict = Verdict.INCOMPLETE if found is None else Verdict.VIOLATED
        report = self._covered(verdict, counterexample)
        return WalkReport(report, self._seed, self._runs, self._steps, done, found)

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
            engine="random",
        )


def random_search(
    system: System,
    properties: Sequence[Property],
    seed: int,
    runs: int,
    steps: int,
    on_progress: Callable[[WalkProgress], None] = lambda progress: None,
) -> WalkReport:
    """Take random walks through a system within its bounds; see `RandomSearch`."""
    return RandomSearch(system, properties, seed, runs, steps, on_progress).run()
