"""The plain engine: what a search means.

Breadth first, one level of states after the other; a level in which a violation is met is the last,
and is searched whole. So the counterexample is one of the shortest, and no number of the report
depends on the order in which the states of a level come.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from math import inf

from raft_ref.explorer.engines.memory import resident_bytes
from raft_ref.explorer.model.properties import Checker, Kind, Property, demand_reducible
from raft_ref.explorer.model.renaming import Renamed
from raft_ref.explorer.model.symmetry import Symmetry, no_symmetry
from raft_ref.explorer.model.system import GlobalState, System, Transition, View
from raft_ref.explorer.results.counterexample import (
    Counterexample,
    OnTheWay,
    first_counterexample,
)
from raft_ref.explorer.results.larger import MOST_PLACES, Larger
from raft_ref.explorer.results.progress import (
    Outlook,
    cut_off_from,
    demand_unbounded_depth,
    first_way,
    good_states,
)
from raft_ref.explorer.results.report import Progress, Report, Verdict, coverage

_STATES_BETWEEN_PROGRESS = 256


class _OutOfMemoryError(Exception):
    """The process uses more memory than it may."""


class Search:
    """One breadth-first search of one system; `run` does it.

    Arguments: the system; the properties; the symmetry, which says by a renaming of what states
    may differ that count as one (see `what_is_renamed`); what to call with a
    `Progress` now and then; how many bytes of memory the process may use (None: no limit).
    Raises ValueError where the system is reduced and a property could tell, and where progress is
    asked for within a bound on depth.
    """

    def __init__(
        self,
        system: System,
        properties: Sequence[Property],
        symmetry: bool | Sequence[Renamed] = False,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        memory: int | None = None,
    ) -> None:
        if system.reduced:
            demand_reducible(system, properties)
        demand_unbounded_depth(system, properties)
        self._system = system
        self._checker = Checker(system, properties)
        self._of_progress = [prop for prop in properties if prop.kind is Kind.PROGRESS]
        self._outlooks: dict[str, Outlook] = {}
        self._symmetry = Symmetry(system, symmetry) if symmetry else None
        self._canonical = no_symmetry if self._symmetry is None else self._symmetry.canonical
        self._on_progress = on_progress
        self._max_depth = inf if system.bounds.depth is None else system.bounds.depth
        self._seen: set[GlobalState] = set()
        self._levels_expanded: list[list[GlobalState]] = []
        self._names: Counter[tuple[str, ...]] = Counter()
        self._cut_off: Counter[str] = Counter(dict.fromkeys(system.bounds.as_dict(), 0))
        self._transitions = 0
        self._depth = 0
        self._covered_depth = 0
        self._queue = 1
        self._stopped_by: str | None = None
        self._memory = memory
        self._started = time.monotonic()

    def run(self) -> Report:
        """Search until a property is violated or nothing is left to expand.

        An interrupt (Ctrl-C) ends the search early, and the report says so. Raises `ActorError`
        where an actor breaks its protocol.
        """
        try:
            counterexample = self._levels() or self._lack_of_progress()
        except KeyboardInterrupt:
            self._stopped_by = "interrupt"
        except _OutOfMemoryError:
            self._stopped_by = "the limit on memory"
        if self._stopped_by is not None:
            return self._report(Verdict.INCOMPLETE, None)
        if counterexample is not None:
            return self._report(Verdict.VIOLATED, counterexample)
        return self._report(Verdict.HOLDS_WITHIN_BOUNDS, None)

    def views(self) -> Iterator[View]:
        """Yield all states found; with symmetry, one of each that differ by a renaming."""
        return map(self._system.view, self._seen)

    def states(self) -> Collection[GlobalState]:
        """Return all states found, as `views` shows them."""
        return self._seen

    def _levels(self) -> Counterexample | None:
        initial = self._canonical(self._system.initial())
        self._seen.add(initial)
        level = [initial]
        self._depth = 1
        if self._checker.violated_by_state(initial):
            return self._counterexample(set())
        while level:
            if self._depth >= self._max_depth:
                self._cut_off["depth"] = len(level)
                break
            self._levels_expanded.append(level)
            found, violating = self._expand_level(level)
            self._covered_depth = self._depth
            self._depth += bool(found)
            level = found
            self._queue = len(level)
            if violating:
                return self._counterexample(violating)
        return None

    def _expand_level(self, level: list[GlobalState]) -> tuple[list[GlobalState], set[GlobalState]]:
        """Return the states that are found new, and those of the level that show a violation."""
        found: list[GlobalState] = []
        bad: set[GlobalState] = set()
        by_steps, by_expansion = set(), set()
        for number, state in enumerate(level):
            if number % _STATES_BETWEEN_PROGRESS == 0:
                self._queue = len(level) - number + len(found)
                self._on_progress(self._progress())
                self._demand_memory()
            taken = []
            for transition in self._system.steps(state, self._cut_off):
                taken.append(transition)
                if self._take(state, transition, found, bad):
                    by_steps.add(state)
            if self._checker.violated_by_expansion(state, taken):
                by_expansion.add(state)
        # What a state and its steps violate together is violated before the last step.
        return found, by_expansion or by_steps

    def _demand_memory(self) -> None:
        if self._memory is not None and resident_bytes() > self._memory:
            raise _OutOfMemoryError

    def _take(
        self,
        state: GlobalState,
        transition: Transition,
        found: list[GlobalState],
        bad: set[GlobalState],
    ) -> bool:
        """Take one step, and tell whether it violates something.

        A state that is new is added to `found`, and if it violates something to `bad`.
        """
        self._transitions += 1
        self._names[transition.names] += 1
        after = self._canonical(transition.after)
        if after not in self._seen:
            self._seen.add(after)
            found.append(after)
            if self._checker.violated_by_state(after):
                bad.add(after)
        return self._checker.violated_by_step(state, transition) is not None or after in bad

    def _counterexample(self, violating: set[GlobalState]) -> Counterexample:
        """Return the first of the shortest ways to a violation, which shows in these states."""
        reach = max(0, len(self._levels_expanded) - 1)
        ways = self._ways_to(violating, reach)
        return first_counterexample(self._system, self._checker, self._is_on(ways), reach)

    def _ways_to(self, targets: set[GlobalState], reach: int) -> list[set[GlobalState]]:
        """Return, by number of steps, what is on a shortest way to these, so many steps away."""
        ways = [targets]
        for level in reversed(self._levels_expanded[:reach]):
            ways.append({state for state in level if self._leads_to(state, ways[-1])})
        ways.reverse()
        return ways

    def _is_on(self, ways: list[set[GlobalState]]) -> OnTheWay:
        return lambda number, state: self._canonical(state) in ways[number]

    def _lack_of_progress(self) -> Counterexample | None:
        """Return the first of the shortest ways to a state where something is due for ever."""
        for prop in self._of_progress:
            due, goals = set(), []
            for state in self._with_progress(self._seen):
                view = self._system.view(state)
                if prop.premise(view):
                    due.add(state)
                if prop.holds(view):
                    goals.append(state)
            good = good_states(self._with_progress(self._seen), self._follow, goals)
            stuck = due - good
            if way := self._way_to_stuck(prop, stuck, len(due)):
                return way
        return None

    def _way_to_stuck(
        self, prop: Property, stuck: set[GlobalState], due: int
    ) -> Counterexample | None:
        """Return the way to a stuck state, unless bounds alone keep all from the goal."""
        larger, left = Larger(self._system, prop), set(stuck)
        while left:
            way, last = self._way_to(prop, left)
            if not larger.reaches_goal(last.nodes, last.history):
                cut_off = cut_off_from(self._system, last, self._canonical)
                kept = len(stuck) - len(left)
                self._outlooks[prop.name] = Outlook(due, len(left), cut_off, kept)
                return way
            here = self._canonical(last)
            apart = {(here.nodes, here.history)}
            places = sorted({(state.nodes, state.history) for state in left})[:MOST_PLACES]
            apart |= {place for place in places if larger.walks_to_goal(*place)}
            left = {state for state in left if (state.nodes, state.history) not in apart}
        self._outlooks[prop.name] = Outlook(due, 0, {}, len(stuck))
        return None

    def _with_progress(self, states: Collection[GlobalState]) -> Iterator[GlobalState]:
        for number, state in enumerate(states):
            if number % _STATES_BETWEEN_PROGRESS == 0:
                self._on_progress(replace(self._progress(), undecided=len(states) - number))
                self._demand_memory()
            yield state

    def _follow(self, state: GlobalState) -> Iterator[GlobalState]:
        steps = self._system.steps(state, Counter())
        return (self._canonical(step.after) for step in steps)

    def _way_to(
        self, prop: Property, stuck: set[GlobalState]
    ) -> tuple[Counterexample, GlobalState]:
        levels = enumerate(self._levels_expanded)
        reach = next(number for number, level in levels if not stuck.isdisjoint(level))
        ways = self._ways_to(stuck.intersection(self._levels_expanded[reach]), reach)
        return first_way(self._system, prop, self._is_on(ways), reach)

    def _leads_to(self, state: GlobalState, targets: set[GlobalState]) -> bool:
        return not targets.isdisjoint(self._follow(state))

    def _progress(self) -> Progress:
        return Progress(
            len(self._seen),
            self._transitions,
            self._depth,
            self._queue,
            time.monotonic() - self._started,
        )

    def _report(self, verdict: Verdict, counterexample: Counterexample | None) -> Report:
        return Report(
            verdict=verdict,
            counterexample=counterexample,
            distinct_states=len(self._seen),
            transitions=self._transitions,
            depth=self._depth,
            covered_depth=self._covered_depth,
            queue=self._queue,
            seconds=time.monotonic() - self._started,
            **coverage(self._system, self._names),
            cut_off=dict(self._cut_off),
            sometimes=dict(self._checker.sometimes),
            symmetry=() if self._symmetry is None else self._symmetry.renamed,
            bounds=self._system.bounds.as_dict(),
            engine="plain engine",
            stopped_by=self._stopped_by,
            progress=self._outlooks if self._stopped_by is None else {},
        )
