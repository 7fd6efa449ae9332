"""The embedded checker: all states of a specification, breadth first, counted as TLC counts.

The first state or step found that violates something is at the end of a shortest behavior. What a
constraint rejects is checked and counted as generated, but neither kept nor expanded. Where states
count as one (SYMMETRY, VIEW), the first of them that was found stands for all.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from raft_ref.spec.checker.core import Core, InCore, Verdicts
from raft_ref.spec.checker.kept import InPython, Kept, Origin
from raft_ref.spec.checker.liveness import Graph, Lasso, Liveness
from raft_ref.spec.checker.symmetry import CanonicalRows, Renaming, canonical_values
from raft_ref.spec.checker.verdict import (
    DEADLOCK,
    Action,
    Behavior,
    Coverage,
    Progress,
    Report,
    Step,
    Verdict,
)
from raft_ref.spec.steps.answers import Answers
from raft_ref.spec.steps.interning import Formula, Interner, Memoized, Row, State
from raft_ref.spec.steps.slots.actions import SlotActions
from raft_ref.spec.syntax.errors import NoValueError, Position, SpecError
from raft_ref.spec.temporal import NO_BEHAVIORS, Behaviors, Demand
from raft_ref.spec.values.value import Value, record

_STATES_BETWEEN_PROGRESS = 256


class Successors(Protocol):
    """The next-state relation of a model, on rows."""

    @property
    def names(self) -> Sequence[Action]:
        """The actions, in the order in which they are taken; one may be there several times."""

    def answers(self) -> Answers:
        """Return what a native search asks of them."""

    def successors(self, row: Row) -> Sequence[tuple[Action, tuple[Value, ...], Row]]:
        """Return all steps out of a state: action, values of the names that it binds, next state.

        Raises `SpecError` where TLC has an error.
        """


class Model(Protocol):
    """What a specification says may happen: initial states, and the successors of each state."""

    @property
    def variables(self) -> Sequence[str]:
        """The variables, in the order of a state's values."""

    @property
    def actions(self) -> Sequence[Action]:
        """The actions that can lead to a successor."""

    @property
    def printed(self) -> Sequence[Value]:
        """What Print and PrintT have shown so far."""

    @property
    def facts(self) -> dict[Value, Value | Callable[[], Value]]:
        """What TLCGet tells, by its names."""

    @property
    def warnings(self) -> Sequence[str]:
        """What TLC warns of, each with its place."""

    def initial(self) -> Sequence[State]:
        """Return the initial states, one that is found twice being listed twice."""

    def memoized(self, interner: Interner) -> Successors:
        """Return the next-state relation on the rows of an interner."""

    def slotted(self) -> SlotActions | None:
        """Return it on rows with slots, for a core; None if there are none."""


class Condition(Formula, Protocol):
    """A formula that is true or false of a state, or of a step."""

    @property
    def text(self) -> str:
        """Its source."""

    def holds(self, values: Mapping[str, Value], primed: Mapping[str, Value] | None = None) -> bool:
        """Whether it is true. Raises `SpecError` where it has no value."""

    def failing_instances(
        self, values: Mapping[str, Value], primed: Mapping[str, Value] | None = None
    ) -> Sequence[str]:
        """Return what falsifies it, if it quantifies over something."""


class Expression(Formula, Protocol):
    """An expression with a value in each state."""

    def listed(self) -> frozenset[str] | None:
        """Return the variables that it lists; None if it is more than a list."""

    def value(
        self, values: Mapping[str, Value], primed: Mapping[str, Value] | None = None
    ) -> Value:
        """Return the value. Raises `SpecError` where there is none."""


class Property(NamedTuple):
    """A condition to check, the name of the property that demands it, and where it stands.

    A step in which `exempt` holds need not satisfy the condition.
    """

    name: str
    at: Position
    condition: Condition
    exempt: Condition | None = None


@dataclass(frozen=True)
class Task:
    """What to check of a model; see `spec.checker.task.task_of` for how a configuration says it.

    `invariants` hold in every state, `initial_properties` in the initial ones, `step_properties`
    in every step. `renamings` are those of a symmetry, the identity left out. `depth` bounds the
    levels of states, the initial one included. `behaviors` are the properties of whole behaviors,
    with what is assumed of these. `postconditions` hold when the search is over. `assumptions`
    counts the ASSUMEs that hold. `left_aside` is what the search takes no notice of: constants that
    the module does not know, for example. `alias` is what is shown of a state; `unchecked` are
    properties that cannot be checked, each with the reason. `processes` is the set of those, if
    somebody says which they are.
    """

    model: Model
    invariants: tuple[Property, ...] = ()
    initial_properties: tuple[Property, ...] = ()
    step_properties: tuple[Property, ...] = ()
    constraints: tuple[Condition, ...] = ()
    action_constraints: tuple[Condition, ...] = ()
    renamings: tuple[Renaming, ...] = ()
    view: Expression | None = None
    check_deadlock: bool = True
    depth: int | None = None
    left_aside: tuple[str, ...] = ()
    behaviors: Behaviors = NO_BEHAVIORS
    postconditions: tuple[Property, ...] = ()
    assumptions: int = 0
    alias: Expression | None = None
    unchecked: tuple[str, ...] = ()
    processes: Value | None = None

    @property
    def asks_nothing(self) -> bool:
        """Whether there is no property at all that could be violated."""
        properties = (*self.invariants, *self.initial_properties, *self.step_properties)
        of_behaviors = (*self.behaviors.demands, *self.behaviors.refused)
        is_of_behavior = bool(self.model.variables) and self.check_deadlock
        asked = (*properties, *of_behaviors, *self.postconditions, *self.unchecked)
        return not (asked or is_of_behavior or (self.assumptions and not self.model.variables))


class _Test:
    """A property, and its verdicts on rows."""

    def __init__(self, prop: Property, interner: Interner) -> None:
        self.prop = prop
        self.condition = _memoized(prop.condition, interner)
        self.exempt = None if prop.exempt is None else _memoized(prop.exempt, interner)
        self.holds_in_state = self.condition.of_state

    def holds_in_step(self, before: Row, after: Row) -> bool:
        """Whether a step satisfies the property."""
        if self.condition.of_step(before, after):
            return True
        return self.exempt is not None and bool(self.exempt.of_step(before, after))


def _memoized(condition: Condition, interner: Interner) -> Memoized:
    return Memoized(condition, condition.holds, interner)


class _End(NamedTuple):
    """Why a search ends early: at a kept state, or after one more step from there."""

    verdict: Verdict
    after: int | None
    step: Step | None
    prop: Property | Demand | None = None
    error: SpecError | None = None
    loop: Lasso | None = None


class Search:
    """One search; `run` does it.

    Arguments: what to check, what to call with a `Progress` now and then, and the native core that
    does what is ordinary (None: all is done in Python). What is found is the same.
    """

    def __init__(
        self,
        task: Task,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        core: Core | None = None,
    ) -> None:
        self._task = task
        self._model = task.model
        self._on_progress = on_progress
        is_in_core = core is not None and _may_be_in_core(task)
        slotted = task.model.slotted() if is_in_core else None
        self._interner = Interner(task.model.variables) if slotted is None else slotted.interner
        self._invariants = self._tests(task.invariants)
        self._initial_properties = self._tests(task.initial_properties)
        self._step_properties = self._tests(task.step_properties)
        self._constraints = [_memoized(each, self._interner) for each in task.constraints]
        self._action_constraints = [
            _memoized(each, self._interner) for each in task.action_constraints
        ]
        self._level = 0  # TLC's: that of the state out of which a step is taken
        self._key = self._keys()
        actions = self._model.memoized(self._interner) if slotted is None else slotted
        self._successors = actions.successors
        self._counts: dict[Action, list[int]] = {action: [0, 0] for action in task.model.actions}
        self._own_generated = 0
        self._depth = 0
        self._covered_depth = 0
        self._queue = 0
        self._started = time.monotonic()
        self._edges: list[list[int]] | None = [] if task.behaviors.demands else None
        self._unchecked = [*task.unchecked]
        self._unchecked += [f"{name}: {error}" for name, error in task.behaviors.refused]
        if task.behaviors.demands and self._key is not None:
            self._edges = None
            self._leave("it is not sound where states count as one, by SYMMETRY or VIEW")
        self._names = actions.names
        self._kept: Kept = InPython()
        if core is not None and is_in_core:
            self._kept = self._within(core, actions)
        self._tell()

    def _within(self, core: Core, actions: Successors) -> Kept:
        """Return where a core keeps states."""
        asked = self._task.view
        view = None if asked is None else Memoized(asked, asked.value, self._interner)
        verdicts = Verdicts(
            [each.condition for each in self._invariants],
            self._constraints,
            self._action_constraints,
            [(each.condition, each.exempt) for each in self._step_properties],
        )
        return InCore(
            core,
            self._interner,
            actions.answers(),
            verdicts,
            self._key,
            None if view is None or isinstance(self._key, CanonicalRows) else view.places,
            check_deadlock=self._task.check_deadlock,
        )

    @property
    def _generated(self) -> int:
        return self._own_generated + sum(generated for generated, _ in self._kept.counts)

    def _tell(self) -> None:
        """Let TLCGet tell how far the search has come."""
        facts = self._model.facts
        facts["level"] = lambda: self._level
        facts["diameter"] = lambda: self._depth
        facts["distinct"] = lambda: len(self._kept)
        facts["generated"] = lambda: self._generated
        facts["queue"] = lambda: self._queue
        facts["duration"] = lambda: int(time.monotonic() - self._started)
        numbers = ("distinct", "generated", "queue", "diameter", "duration")
        facts["stats"] = lambda: record({name: _fact(facts[name]) for name in numbers})

    def _leave(self, reason: str) -> None:
        """Leave the properties of behaviors unchecked."""
        names = dict.fromkeys(each.name for each in self._task.behaviors.demands)
        self._unchecked += [f"{name}: {reason}" for name in names]

    def run(self) -> Report:
        """Search until something is violated, fails, or nothing is left to expand.

        An interrupt (Ctrl-C), or too little memory, ends it early, and the report says so.
        Raises `SpecError` where there are no initial states to be had.
        """
        try:
            end = self._levels()
            if end.verdict is Verdict.HOLDS:
                end = self._of_behaviors() or self._afterwards() or end
        except (KeyboardInterrupt, MemoryError):  # as much as the core may have, for example
            end = _End(Verdict.INCOMPLETE, None, None)
        if end.verdict is not Verdict.HOLDS and self._edges is not None and end.loop is None:
            self._leave("this needs the whole graph of states")
        if end.verdict in (Verdict.HOLDS, Verdict.HOLDS_WITHIN_BOUNDS):
            if self._task.asks_nothing:
                end = end._replace(verdict=Verdict.NOTHING_ASKED)
            elif self._unchecked:
                end = end._replace(verdict=Verdict.HOLDS_IN_PART)
        return self._report(end)

    def _of_behaviors(self) -> _End | None:
        """Check the properties of whole behaviors, on the graph of all states."""
        if self._edges is None:
            return None
        assert isinstance(self._kept, InPython)
        graph = Graph(self._kept.rows, self._edges, self._kept.initial)
        liveness = Liveness(graph, self._task.behaviors, self._interner)
        for demand in self._task.behaviors.demands:
            try:
                found = liveness.counterexample(demand.formula)
            except SpecError as error:
                return _End(Verdict.ERROR, None, None, error=error)
            if found is not None:
                return _End(Verdict.VIOLATED, None, None, demand, loop=found)
        return None

    def _afterwards(self) -> _End | None:
        """Evaluate what must hold when the search is over."""
        for each in self._task.postconditions:
            try:
                if not each.condition.holds({}):
                    return _End(Verdict.VIOLATED, None, None, each)
            except SpecError as error:
                return _End(Verdict.ERROR, None, None, error=error)
        return None

    def states(self) -> Iterator[State]:
        """Yield all states found, of those that count as one the first."""
        return (self._interner.state(self._kept.row(each)) for each in range(len(self._kept)))

    # Levels

    def _levels(self) -> _End:
        if end := self._begin():
            return end
        level = range(len(self._kept))
        while level:
            if self._depth == self._task.depth:
                self._queue = len(level)
                return _End(Verdict.HOLDS_WITHIN_BOUNDS, None, None)
            for start in range(level.start, level.stop, _STATES_BETWEEN_PROGRESS):
                stop = min(start + _STATES_BETWEEN_PROGRESS, level.stop)
                self._queue = len(self._kept) - start
                self._on_progress(self._progress())
                if end := self._expand_all(start, stop):
                    self._depth += len(self._kept) > level.stop
                    return end
            self._covered_depth = self._depth
            level = range(level.stop, len(self._kept))
            self._depth += bool(level)
        self._queue = 0
        return _End(Verdict.HOLDS, None, None)

    def _expand_all(self, start: int, end: int) -> _End | None:
        """Expand states: those that are left here, the others where they are kept."""
        while (start := self._kept.expand(start, end)) < end:
            if found := self._expand(start):
                return found
            start += 1
        return None

    def _begin(self) -> _End | None:
        initial = self._model.initial()
        self._depth = 1 if self._model.variables else 0
        self._own_generated = len(initial)
        for state in initial:
            step = Step(None, (), state)
            try:
                row = self._interner.row(state)
                key = row if self._key is None else self._key(row)
                if key in self._kept.numbers:
                    continue
                if all(each.of_state(row) for each in self._constraints):
                    self._kept.keep(key, row, Origin(None, None, ()))
                failed = _first(self._invariants, row) or _first(self._initial_properties, row)
            except (SpecError, NoValueError) as error:
                return _End(Verdict.ERROR, None, step, error=self._placed(error))
            if failed is not None:
                return _End(Verdict.VIOLATED, None, step, failed)
        return None

    def _expand(self, number: int) -> _End | None:
        """Take every step out of a state; keep the states that are new."""
        before = self._kept.row(number)
        numbers, key_of = self._kept.numbers, self._key
        has_step_properties = bool(self._step_properties)
        is_constrained = bool(self._constraints or self._action_constraints)
        taken: tuple[Action, tuple[Value, ...], Row] | None = None
        self._level = self._depth
        to: list[int] | None = None
        if self._edges is not None:
            to = []
            self._edges.append(to)
        try:
            steps = self._successors(before)
            self._own_generated += len(steps)
            for taken in steps:
                action, arguments, row = taken
                counts = self._counts[action]
                counts[0] += 1
                key = row if key_of is None else key_of(row)
                is_new = key not in numbers
                if not is_new and to is not None and self._is_edge(before, row):
                    to.append(numbers[key])  # type: ignore[index]  # edges are of `InPython`
                if not is_new and not has_step_properties:
                    continue
                if is_new and (not is_constrained or self._is_within(before, row)):
                    counts[1] += 1
                    if to is not None:
                        to.append(len(self._kept))
                    self._kept.keep(key, row, Origin(number, action, arguments))
                failed = _first(self._invariants, row) if is_new else None
                for test in self._step_properties:
                    if failed is None and not test.holds_in_step(before, row):
                        failed = test.prop
                if failed is not None:
                    return _End(Verdict.VIOLATED, number, self._step(taken), failed)
        except (SpecError, NoValueError) as error:
            step = None if taken is None else self._step(taken)
            return _End(Verdict.ERROR, number, step, error=self._placed(error))
        if not steps and self._task.check_deadlock:
            return _End(Verdict.VIOLATED, number, None)
        return None

    def _placed(self, error: SpecError | NoValueError) -> SpecError:
        """Return an error with a place: that of a value is the relation's."""
        if isinstance(error, SpecError):
            return error
        actions = [*self._model.actions]
        at = actions[0].position if actions else Position("", 1, 1)
        return SpecError(at, f"a state cannot be told from others: {error.reason}")

    def _step(self, taken: tuple[Action, tuple[Value, ...], Row]) -> Step:
        action, arguments, row = taken
        return Step(action, arguments, self._interner.state(row))

    def _is_edge(self, before: Row, after: Row) -> bool:
        """Whether behaviors may take a step to a state that is known."""
        return all(each.of_step(before, after) for each in self._action_constraints)

    def _is_within(self, before: Row, after: Row) -> bool:
        """Whether no constraint rejects a step."""
        return all(each.of_state(after) for each in self._constraints) and all(
            each.of_step(before, after) for each in self._action_constraints
        )

    # Formulas

    def _tests(self, properties: Iterable[Property]) -> list[_Test]:
        return [_Test(each, self._interner) for each in properties]

    def _keys(self) -> Callable[[Row], Any] | None:
        """Return what is the same for states that count as one; None for the row itself."""
        seen = None if self._task.view is None else self._task.view.listed()
        if self._task.view is not None and seen is None:
            view = Memoized(self._task.view, self._task.view.value, self._interner)
            # Of a view alone: what it leaves out must not tell states apart that look the same.
            canonical_view = canonical_values(self._task.renamings)
            return lambda row: canonical_view(view.of_state(row))
        if not self._task.renamings and seen is None:
            return None
        return CanonicalRows(self._interner, self._task.renamings, seen)

    # Reports

    def _behavior(self, end: _End) -> Behavior | None:
        if end.loop is not None:
            return self._lasso(end.loop)
        steps = [] if end.step is None else [end.step]
        number = end.after
        while number is not None:
            row, origin = self._kept.row(number), self._kept.origin(number)
            if isinstance(origin, Origin):
                steps.append(Step(origin.action, origin.arguments, self._interner.state(row)))
                number = origin.number
            else:
                steps.append(self._step_between(self._kept.row(origin), row))
                number = origin
        return Behavior(self._interner.variables, tuple(steps[::-1])) if steps else None

    def _lasso(self, loop: Lasso) -> Behavior:
        """Return a behavior that ends in a circle."""
        numbers = [*loop.stem, *loop.cycle[1:]]
        steps = [Step(None, (), self._interner.state(self._kept.row(numbers[0])))]
        for before, after in itertools.pairwise(numbers):
            steps.append(self._step_between(self._kept.row(before), self._kept.row(after)))
        back_to = len(loop.stem) - 1
        # It ends before the state to which it returns.
        again = steps.pop() if len(loop.cycle) > 1 else None
        return Behavior(self._interner.variables, tuple(steps), back_to, again)

    def _step_between(self, before: Row, after: Row) -> Step:
        return self._step(next(each for each in self._successors(before) if each[2] == after))

    def _progress(self) -> Progress:
        return Progress(
            len(self._kept),
            self._generated,
            self._depth,
            self._queue,
            time.monotonic() - self._started,
        )

    def _report(self, end: _End) -> Report:
        is_violated = end.verdict is Verdict.VIOLATED
        return Report(
            verdict=end.verdict,
            violated=end.prop.name if end.prop else DEADLOCK if is_violated else None,
            violated_at=end.prop.at if end.prop else None,
            error=end.error,
            counterexample=self._behavior(end),
            distinct_states=len(self._kept),
            generated_states=self._generated,
            depth=self._depth,
            covered_depth=self._covered_depth,
            queue=self._queue,
            seconds=time.monotonic() - self._started,
            actions=self._coverage(),
            renamings=len(self._task.renamings) + 1,
            unchecked=tuple(self._unchecked),
        )

    def _coverage(self) -> dict[str, Coverage]:
        found: dict[str, Coverage] = {}
        core = zip(self._names, self._kept.counts, strict=False)
        for action, (generated, distinct) in (*self._counts.items(), *core):
            earlier = found.get(action.name, Coverage(0, 0))
            found[action.name] = Coverage(
                earlier.generated + generated, earlier.distinct + distinct
            )
        return found


def _may_be_in_core(task: Task) -> bool:
    """Whether what is done can be remembered, and no graph of states is asked for."""
    formulas: list[Formula | None] = [each.condition for each in task.invariants]
    formulas += [*task.constraints, *task.action_constraints, task.view]
    formulas += [each for prop in task.step_properties for each in (prop.condition, prop.exempt)]
    varies = any(getattr(each, "varies", False) for each in formulas)
    is_of_behaviors = bool(task.behaviors.demands) and not (task.renamings or task.view)
    return not varies and not is_of_behaviors and bool(task.model.variables)


def _fact(told: Value | Callable[[], Value]) -> Value:
    return told() if callable(told) else told


def _first(tests: Iterable[_Test], row: Row) -> Property | None:
    """Return the first property that a state violates."""
    for test in tests:
        if not test.holds_in_state(row):
            return test.prop
    return None


def check(task: Task, on_progress: Callable[[Progress], None] = lambda progress: None) -> Report:
    """Check a task; see `Search`."""
    return Search(task, on_progress).run()
