"""The plain engine: what a search means.

Breadth first, one level of states after the other, so that the first violation found is one of
the shortest. All orders are fixed (servers, actions, messages by their first use), so that the
same search gives the same report on every run.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from explorer.properties import Checker, Kind, Property
from explorer.report import Counterexample, Report, Verdict
from explorer.symmetry import Symmetry, no_symmetry
from explorer.system import GlobalState, System, Transition, View

_STATES_BETWEEN_PROGRESS = 256


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search has come; `queue` are the states found and not expanded yet."""

    distinct_states: int
    transitions: int
    depth: int
    queue: int
    seconds: float


class Search:
    """One breadth-first search of one system; `run` does it.

    Arguments: the system; the properties; whether states that differ by a renaming of servers
    count as one (ValueError if the actor cannot be renamed); what to call with a `Progress` now
    and then.
    """

    def __init__(
        self,
        system: System,
        properties: Sequence[Property],
        symmetry: bool = False,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self._system = system
        self._checker = Checker(system, properties)
        self._symmetry = symmetry
        self._canonical = Symmetry(system).canonical if symmetry else no_symmetry
        self._on_progress = on_progress
        self._max_depth = inf if system.bounds.depth is None else system.bounds.depth
        self._parents: dict[GlobalState, GlobalState | None] = {}
        self._names: Counter[tuple[str, ...]] = Counter()
        self._cut_off: Counter[str] = Counter(dict.fromkeys(system.bounds.as_dict(), 0))
        self._transitions = 0
        self._depth = 0
        self._covered_depth = 0
        self._queue = 0
        self._started = time.monotonic()

    def run(self) -> Report:
        """Search until a property is violated or nothing is left to expand.

        An interrupt (Ctrl-C) ends the search early, and the report says so. Raises `ActorError`
        where an actor breaks its protocol.
        """
        try:
            counterexample = self._levels()
        except KeyboardInterrupt:
            return self._report(Verdict.INCOMPLETE, None)
        if counterexample is not None:
            return self._report(Verdict.VIOLATED, counterexample)
        return self._report(Verdict.HOLDS_WITHIN_BOUNDS, None)

    def views(self) -> Iterator[View]:
        """Yield all states found; with symmetry, one of each that differ by a renaming."""
        return (self._system.view(state) for state in self._parents)

    def _levels(self) -> Counterexample | None:
        initial = self._canonical(self._system.initial())
        self._parents[initial] = None
        self._depth = 1
        if violated := self._checker.violated_by_state(initial):
            return self._counterexample(violated, [initial])
        level = [initial]
        while level:
            if self._depth >= self._max_depth:
                self._cut_off["depth"] = len(level)
                break
            found: list[GlobalState] = []
            for number, state in enumerate(level):
                if number % _STATES_BETWEEN_PROGRESS == 0:
                    self._queue = len(level) - number + len(found)
                    self._on_progress(self._progress())
                if counterexample := self._expand(state, found):
                    self._depth += 1
                    return counterexample
            self._covered_depth = self._depth
            self._depth += bool(found)
            level = found
        self._queue = len(level)
        return None

    def _expand(self, state: GlobalState, found: list[GlobalState]) -> Counterexample | None:
        """Take every step out of a state; add the states that are new to `found`."""
        checker, parents, names = self._checker, self._parents, self._names
        taken = []
        for transition in self._system.steps(state, self._cut_off):
            self._transitions += 1
            names[transition.names] += 1
            canonical = self._canonical(transition.after)
            violated = checker.violated_by_step(state, transition)
            if canonical not in parents:
                parents[canonical] = state
                found.append(canonical)
                violated = violated or checker.violated_by_state(canonical)
            if violated is not None:
                return self._counterexample(violated, [*self._path(state), canonical])
            if checker.reads_expansions:
                taken.append(transition)
        if checker.reads_expansions and (violated := checker.violated_by_expansion(state, taken)):
            return self._counterexample(violated, self._path(state))
        return None

    def _path(self, state: GlobalState) -> list[GlobalState]:
        path: list[GlobalState] = []
        at: GlobalState | None = state
        while at is not None:
            path.append(at)
            at = self._parents[at]
        return path[::-1]

    def _counterexample(self, violated: Property, path: list[GlobalState]) -> Counterexample:
        """Follow a path of canonical states with real steps, the servers under their own names."""
        system, is_of_step = self._system, violated.kind in (Kind.STEP, Kind.LOCAL)
        before = state = system.initial()
        transition: Transition | None = None
        initial, events = system.view(state), []
        for number, target in enumerate(path[1:], start=2):
            shown = violated if is_of_step and number == len(path) else None
            before, transition = state, self._step_to(state, target, shown)
            events.append(system.event(transition))
            state = transition.after
        about = (before, transition) if is_of_step else (state, None)
        evidence = self._checker.evidence(violated, *about)
        return Counterexample(violated, initial, tuple(events), evidence or ())

    def _step_to(
        self, state: GlobalState, target: GlobalState, violated: Property | None
    ) -> Transition:
        """Return the first step from a state to a canonical one, and that violates a property."""
        return next(
            transition
            for transition in self._system.steps(state, Counter())
            if self._canonical(transition.after) == target
            and (violated is None or self._checker.evidence(violated, state, transition))
        )

    def _progress(self) -> Progress:
        return Progress(
            len(self._parents),
            self._transitions,
            self._depth,
            self._queue,
            time.monotonic() - self._started,
        )

    def _report(self, verdict: Verdict, counterexample: Counterexample | None) -> Report:
        actions: Counter[str] = Counter()
        for names, times in self._names.items():
            for name in names:
                actions[name] += times
        declared = self._system.step_names()
        return Report(
            verdict=verdict,
            counterexample=counterexample,
            distinct_states=len(self._parents),
            transitions=self._transitions,
            depth=self._depth,
            covered_depth=self._covered_depth,
            queue=self._queue,
            seconds=time.monotonic() - self._started,
            actions={name: actions[name] for name in dict.fromkeys((*declared, *actions))},
            never_taken=tuple(name for name in declared if not actions[name]),
            cut_off=dict(self._cut_off),
            sometimes=dict(self._checker.sometimes),
            symmetry=self._symmetry,
            bounds=self._system.bounds.as_dict(),
            engine="plain",
        )


def search(
    system: System,
    properties: Sequence[Property],
    symmetry: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Report:
    """Search a system within its bounds, breadth first; see `Search`."""
    return Search(system, properties, symmetry, on_progress).run()
