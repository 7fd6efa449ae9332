"""The run that refutes a goal: a shortest way to a fair set of states, and a loop in it.

Of the shortest ways it is the first in the order of steps, as a counterexample of a search is
(explorer/results/counterexample.py), and so is each leg of the loop: one and the same, whichever
engine searched. It is taken again, step by step, before anybody is told of it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from raft_ref.explorer.liveness.assumptions import Fairness
from raft_ref.explorer.liveness.goal import AGAIN, AWAITED, BEGINS
from raft_ref.explorer.liveness.labels import Labels
from raft_ref.explorer.liveness.loops import Places
from raft_ref.explorer.model.system import Event, GlobalState, System, Transition, View
from raft_ref.explorer.results.counterexample import Walk

OnTheWay = Callable[[int, bool, GlobalState], bool]
"""Whether a state, so many steps from the initial one, the goal being due or not, is on a shortest
way to a fair set."""


@dataclass(frozen=True, slots=True)
class Lasso:
    """A run that does not meet its goal: steps from the initial state on, then a loop for ever.

    Where the loop is empty, the run ends. The goal is due after `due` steps.
    """

    initial: View
    prefix: tuple[Event, ...]
    loop: tuple[Event, ...]
    due: int


class FoundLasso(NamedTuple):
    """A lasso, and the states that it stays in for ever."""

    lasso: Lasso
    states: list[GlobalState]


class Ways(NamedTuple):
    """The shortest ways to the fair sets: `reach` steps long."""

    is_on: OnTheWay
    reach: int


class LassoSearch:
    """Finds the lasso, given what each state is asked (see `goal`), the ways, and the fair sets."""

    def __init__(
        self, system: System, labels: Labels, asked: Callable[[GlobalState], int], ways: Ways
    ) -> None:
        self._system = system
        self._labels = labels
        self._asked = asked
        self._ways = ways

    def find(self, places: Places, sets: Sequence[frozenset[GlobalState]]) -> FoundLasso:
        """Return the lasso."""
        strong: set[int] = set()
        while True:
            way = _Way(self._system, self._labels)
            due = self._go(way)
            within = next(states for states in sets if way.state in states)
            loop = _Loop(way, self._labels, places, within, strong)
            if not places[way.state].is_end:
                loop.close()
            missing = loop.denied()
            if not missing:
                break
            strong |= missing
        around = self._demand(way.taken, loop.begin, due, places)
        events = tuple(way.walk.events)
        lasso = Lasso(way.walk.initial, events[: loop.begin], events[loop.begin :], due)
        return FoundLasso(lasso, around)

    def _go(self, way: "_Way") -> int:
        """Go to a fair set, and return after how many steps the goal is due."""
        is_on, reach = self._ways
        due = 0 if is_on(0, True, way.state) and self._asked(way.state) & BEGINS else None
        for number in range(1, reach + 1):
            step = next(s for s in way.steps() if self._leads_on(number, due is not None, s.after))
            way.take(step)
            if due is None and self._begins(number, step.after):
                due = number
        assert due is not None
        return due

    def _leads_on(self, number: int, is_due: bool, after: GlobalState) -> bool:
        if is_due:
            return self._ways.is_on(number, True, after)
        return self._begins(number, after) or self._ways.is_on(number, False, after)

    def _begins(self, number: int, after: GlobalState) -> bool:
        return self._ways.is_on(number, True, after) and bool(self._asked(after) & BEGINS)

    def _demand(
        self, taken: Sequence[Transition], begin: int, due: int, places: Places
    ) -> list[GlobalState]:
        """Take the lasso again; return the states of its loop.

        Raises RuntimeError if it is no run, or not fair, or meets its goal.
        """
        state, states, labels = self._system.initial(), [], []
        for step in taken:
            states.append(state)
            label = next((la for la, each in self._labels.steps(state) if each == step), None)
            _expect(label is not None, "a step is not enabled")
            labels.append(label or 0)
            state = step.after
        states.append(state)
        around = states[begin:]
        _expect(state == states[begin], "the loop does not close")
        _expect(bool(self._asked(states[due]) & BEGINS), "the goal is not due")
        _expect(all(self._asked(each) & AWAITED for each in states[due:]), "the goal is met")
        _expect(any(self._asked(each) & AGAIN for each in around), "the goal is met in the end")
        enabled = [places[each].enabled for each in around]
        is_end = begin == len(taken)
        _expect(not is_end or not enabled[0] & self._labels.moves, "the run does not end")
        _expect(all(label & self._labels.moves for label in labels[begin:]), "no step is at rest")
        for number, fair in enumerate(self._labels.fair):
            is_taken = any(label >> number & 1 for label in labels[begin:])
            times = sum(each >> number & 1 for each in enabled)
            is_met = times == 0 if fair.is_strong else times < len(enabled)
            _expect(is_taken or is_met, f"it lacks {fair}")
        return around


def _expect(what: bool, otherwise: str) -> None:
    if not what:
        raise RuntimeError(f"what was found is no counterexample: {otherwise}")


class _Way:
    """A run that grows, with the steps it took."""

    def __init__(self, system: System, labels: Labels) -> None:
        self.walk = Walk(system)
        self.taken: list[Transition] = []
        self._labels = labels

    @property
    def state(self) -> GlobalState:
        return self.walk.state

    def steps(self) -> list[Transition]:
        return [step for step in self.walk.steps() if step.after != self.state]

    def take(self, step: Transition) -> int:
        self.taken.append(step)
        self.walk.take(step)
        return self._labels.of_step(step)


class _Loop:
    """A loop in a fair set that grows until it is fair."""

    def __init__(
        self,
        way: _Way,
        labels: Labels,
        places: Places,
        within: frozenset[GlobalState],
        strong: set[int],
    ) -> None:
        self._way = way
        self._labels = labels
        self._places = places
        self._within = within
        self.begin = len(way.taken)
        self._entry = way.state
        weak = {n for n, each in enumerate(labels.fair) if not each.is_strong}
        self._to_take = {*strong, *weak}  # to be taken, or of the weak ones not to be enabled
        self._weak = weak
        self._is_to_be_again = True
        self._enabled = self._taken = 0
        self._visit()

    def close(self) -> None:
        """Go round, through all that makes it fair, and back to where it began."""
        while self._to_take or self._is_to_be_again:
            self._leg(self._meets, lambda label: any(label >> n & 1 for n in self._to_take))
        at_entry = self._way.state == self._entry and len(self._way.taken) == self.begin
        if at_entry:
            far = self._distances(lambda state: state == self._entry, lambda label: False)
            self._take(min(self._steps(), key=lambda step: far[step.after]))
        self._leg(lambda state: state == self._entry, lambda label: False)

    def denied(self) -> set[int]:
        """Return what has strong fairness, is enabled in the loop, and not taken."""
        fair: Sequence[Fairness] = self._labels.fair
        lacking = self._enabled & ~self._taken
        return {n for n, each in enumerate(fair) if each.is_strong and lacking >> n & 1}

    def _meets(self, state: GlobalState) -> bool:
        place = self._places[state]
        if self._is_to_be_again and place.is_again:
            return True
        return any(not place.enabled >> n & 1 for n in self._to_take & self._weak)

    def _visit(self) -> None:
        place = self._places[self._way.state]
        self._enabled |= place.enabled
        self._is_to_be_again = self._is_to_be_again and not place.is_again
        self._to_take -= {n for n in self._to_take & self._weak if not place.enabled >> n & 1}

    def _take(self, step: Transition) -> None:
        label = self._way.take(step)
        self._taken |= label
        self._to_take -= {n for n in self._to_take if label >> n & 1}
        self._visit()

    def _steps(self) -> list[Transition]:
        """Return the steps that stay in the set, in their order."""
        return [
            step
            for step in self._way.steps()
            if step.after in self._within and self._labels.of_step(step) & self._labels.moves
        ]

    def _leg(self, is_met: Callable[[GlobalState], bool], is_wanted: Callable[[int], bool]) -> None:
        """Go the first shortest way to a state that meets something, or over a wanted step."""
        far = self._distances(is_met, is_wanted)
        while left := far[self._way.state]:
            step = next(
                each
                for each in self._steps()
                if (left == 1 and is_wanted(self._labels.of_step(each)))
                or far.get(each.after) == left - 1
            )
            self._take(step)
            if left == 1:
                return

    def _distances(
        self, is_met: Callable[[GlobalState], bool], is_wanted: Callable[[int], bool]
    ) -> dict[GlobalState, int]:
        before: defaultdict[GlobalState, list[GlobalState]] = defaultdict(list)
        wanted = []
        for state in self._within:
            for label, after in self._places[state].steps:
                if after in self._within:
                    before[after].append(state)
                    if is_wanted(label):
                        wanted.append(state)
        level = [state for state in self._within if is_met(state)]
        far = dict.fromkeys(level, 0)
        for number in count(1):
            level = [state for after in level for state in before[after]] + wanted
            wanted = []
            level = [state for state in dict.fromkeys(level) if state not in far]
            if not level:
                break
            far |= dict.fromkeys(level, number)
        return far


def bounds_at(labels: Labels, states: Sequence[GlobalState]) -> dict[str, int]:
    """Return how many steps each bound keeps from happening in these states, faults aside."""
    kept: Counter[str] = Counter()
    for state in states:
        for each in labels.forbidden(state):
            kept += each.bounds
    return dict(kept)
