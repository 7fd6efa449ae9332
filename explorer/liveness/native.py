"""Liveness with the engine in C++ (explorer/core/liveness.hpp), which knows integers only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from raft_ref.explorer._core import Ending, Live
from raft_ref.explorer.engines.native import NativeSearch
from raft_ref.explorer.engines.native_model import NativeModel, Shape, as_shape
from raft_ref.explorer.liveness.goal import Form, Goal
from raft_ref.explorer.liveness.labels import Labels
from raft_ref.explorer.liveness.lasso import FoundLasso, LassoSearch, Ways, bounds_at
from raft_ref.explorer.liveness.loops import fair_sets
from raft_ref.explorer.liveness.plain import place_of
from raft_ref.explorer.liveness.report import Answer
from raft_ref.explorer.model.system import GlobalState, System
from raft_ref.explorer.results.progress import OF_SERVERS


@dataclass(frozen=True, slots=True)
class _Assumed:
    """The attributes of explorer::Assumed."""

    labels: list[list[int]]
    lost: int
    fair: int
    strong: int
    begins_anywhere: bool
    of_servers: bool


class _Questions:
    """What the engine asks: see explorer::LiveQuestions."""

    def __init__(self, system: System, goal: Goal, labels: Labels) -> None:
        self._system = system
        self._goal = goal
        self._labels = labels

    def asked(self, shape: Shape) -> int:
        """Return what there is to say of a state, but for where a run begins."""
        return self._goal.asked(self._system.view(self.state(shape)))

    def kept(self, nodes: Sequence[int]) -> int:
        """Return the labels of what servers would do, but for the bounds on their own state."""
        label = 0
        for position, node in enumerate(nodes):
            for step in self._system.local.actions(node):
                if step.exceeded:
                    fitting = self._labels.fitting(step.action)
                    label |= self._labels.of(step.names, position, fitting)
        return label

    def state(self, shape: Any) -> GlobalState:
        """Return a state that the engine has."""
        nodes, messages, history, faults = shape
        network = self._system.network
        in_flight = network.add(network.empty, tuple(message - 1 for message in messages))
        return GlobalState(tuple(nodes), in_flight, history, *faults)


class NativeLiveness:
    """Answers whether a goal is met, as `PlainLiveness` does.

    Arguments: the system; a search of it that has covered everything, without symmetry; the goal;
    the labels of its steps.
    """

    def __init__(self, system: System, search: NativeSearch, goal: Goal, labels: Labels) -> None:
        self._system = system
        self._search = search
        self._labels = labels
        self._goal = goal
        initial = system.initial()
        self.asked_of = cache(lambda state: goal.asked(system.view(state), state == initial))
        # Another object than this one, which has the engine: who is in a circle with it stays.
        self._questions = _Questions(system, goal, labels)
        self._live = Live(search.core, self._questions, self._assumed(search.model))

    def answer(self) -> Answer | None:
        """Return what is found of the goal; None if that was stopped. `ending` says by what."""
        initial = self._system.initial()
        found = self._live.answer(initial.nodes, initial.history, self._search.heartbeat_looking)
        self.ending = found.ending
        if found.ending != Ending.COVERED:
            return None
        fair = enumerate(self._labels.fair)
        never = tuple(each for n, each in fair if not found.enabled >> n & 1)
        if not found.is_refuted:
            return Answer(found.awaited, never)
        run = self._lasso(found.is_clear)
        if run is None:
            self.ending = Ending.INTERRUPTED
            return None
        kept = {} if found.is_clear else bounds_at(self._labels, run.states)
        return Answer(found.awaited, never, run.lasso, kept)

    def _lasso(self, is_clear: bool) -> FoundLasso | None:
        beat: Callable[[Any], None] = self._search.heartbeat_looking
        states = [self._questions.state(shape) for shape in self._live.nearest(beat)]
        if not states:
            return None
        within = frozenset(states)
        places = {
            state: place_of(self._labels, self.asked_of, state, within, is_clear)
            for state in states
        }
        sets = list(fair_sets(places, self._labels.fair))
        targets = [as_shape(self._system, state) for found in sets for state in found]
        reach = self._live.find_ways(targets, beat)
        if reach < 0:
            return None
        ways = Ways(self._is_on_the_way, reach)
        return LassoSearch(self._system, self._labels, self.asked_of, ways).find(places, sets)

    def _is_on_the_way(self, number: int, is_due: bool, state: GlobalState) -> bool:
        return self._live.is_on_the_way(number, is_due, as_shape(self._system, state))

    def _assumed(self, model: NativeModel) -> _Assumed:
        positions = range(len(self._system.servers))
        fair = self._labels.fair
        return _Assumed(
            labels=[
                [self._labels.of(names, p, mark) for p in positions] for names, mark in model.kinds
            ],
            lost=self._labels.of(("DropMessage",), -1, self._labels.fitting(None)),
            fair=len(fair),
            strong=sum(1 << n for n, each in enumerate(fair) if each.is_strong),
            begins_anywhere=self._goal.form is not Form.EVENTUALLY,
            of_servers=self._goal.reads <= OF_SERVERS,
        )
