"""The definition of liveness, in Python: the runs within the bounds, and which of them are fair."""

from collections.abc import Callable, Collection, Container, Iterator
from functools import cache

from raft_ref.explorer.liveness.goal import AGAIN, AWAITED, BEGINS, Form, Goal
from raft_ref.explorer.liveness.labels import Labels
from raft_ref.explorer.liveness.lasso import FoundLasso, LassoSearch, Ways, bounds_at
from raft_ref.explorer.liveness.loops import Place, fair_sets, nearest
from raft_ref.explorer.liveness.report import Answer
from raft_ref.explorer.model.system import GlobalState, System

Node = tuple[GlobalState, bool]
"""A state, and whether the goal is due."""


class PlainLiveness:
    """Answers whether a goal is met.

    Arguments: the system; all its states; the goal; the labels of its steps; what to call now and
    then with how many states are still to be looked at.
    """

    def __init__(
        self,
        system: System,
        states: Collection[GlobalState],
        goal: Goal,
        labels: Labels,
        on_left: Callable[[int], None] = lambda left: None,
    ) -> None:
        self._system = system
        self._states = states
        self._labels = labels
        self._roams = goal.form is not Form.EVENTUALLY
        self._on_left = on_left
        initial = system.initial()
        self.asked = cache(lambda state: goal.asked(system.view(state), state == initial))

    def answer(self) -> Answer:
        """Return what is found of the goal."""
        enabled = self._enabled()
        never = tuple(f for n, f in enumerate(self._labels.fair) if not enabled >> n & 1)
        levels = self._levels()
        far = {state: n for n, level in enumerate(levels) for state, is_due in level if is_due}
        clear = self._found(far, levels, without_bounds=True)
        found = clear or self._found(far, levels, without_bounds=False)
        if found is None:
            return Answer(len(far), never)
        kept = {} if clear else bounds_at(self._labels, found.states)
        return Answer(len(far), never, found.lasso, kept)

    def _enabled(self) -> int:
        """Return the labels of all steps in one."""
        enabled = 0
        for number, state in enumerate(self._states):
            if number % 256 == 0:
                self._on_left(len(self._states) - number)
            for label, _ in self._labels.steps(state):
                enabled |= label
        return enabled

    def _levels(self) -> list[set[Node]]:
        """Return, by number of steps, what is first reached in so many."""
        levels = [set(self._beginnings(self._system.initial()))]
        met = set(levels[0])
        while levels[-1]:
            level = {after for node in levels[-1] for after in self._follow(node)} - met
            met |= level
            levels.append(level)
        return levels[:-1]

    def _beginnings(self, state: GlobalState) -> Iterator[Node]:
        if self.asked(state) & BEGINS:
            yield state, True
        if self._roams:
            yield state, False

    def _follow(self, node: Node) -> Iterator[Node]:
        state, is_due = node
        for _, step in self._labels.steps(state):
            if not is_due:
                yield from self._beginnings(step.after)
            elif self.asked(step.after) & AWAITED:
                yield step.after, True

    def _found(
        self, far: dict[GlobalState, int], levels: list[set[Node]], *, without_bounds: bool
    ) -> FoundLasso | None:
        """Return the lasso, and the states of its loop; None if there is none."""
        places = {
            state: place_of(self._labels, self.asked, state, far, without_bounds) for state in far
        }

        def sets(most: int) -> list[frozenset[GlobalState]]:
            near = {state: place for state, place in places.items() if far[state] <= most}
            return list(fair_sets(near, self._labels.fair))

        if not sets(len(levels)):
            return None
        found = sets(nearest(len(levels), lambda most: bool(sets(most))))
        ways = self._ways(levels, {state for states in found for state in states}, far)
        search = LassoSearch(self._system, self._labels, self.asked, ways)
        return search.find(places, found)

    def _ways(
        self, levels: list[set[Node]], targets: set[GlobalState], far: dict[GlobalState, int]
    ) -> Ways:
        """Return the shortest ways to any of the targets."""
        reach = min(far[state] for state in targets)
        ways = [{(state, True) for state in targets if far[state] == reach}]
        for level in reversed(levels[:reach]):
            ways.append({n for n in level if not ways[-1].isdisjoint(self._follow(n))})
        ways.reverse()
        return Ways(lambda number, is_due, state: (state, is_due) in ways[number], reach)


def place_of(
    labels: Labels,
    asked: Callable[[GlobalState], int],
    state: GlobalState,
    within: Container[GlobalState],
    without_bounds: bool,
) -> Place:
    """Return a state as a run has it that stays within some states for ever.

    With `without_bounds`, what bounds forbid counts as enabled.
    """
    steps, enabled = [], 0
    for label, step in labels.steps(state):
        enabled |= label
        if label & labels.moves and step.after in within:
            steps.append((label, step.after))
    if without_bounds:
        for each in labels.forbidden(state):
            enabled |= each.label
    is_end = not enabled & labels.moves
    return Place(tuple(steps), enabled, is_end, bool(asked(state) & AGAIN))
