"""States that a native core keeps, and expands by tables of numbers.

The core (explorer/core/row_search.hpp) takes the steps out of a state by what it has been told of
actions, properties and constraints, and asks for what it does not know. It leaves every state as it
is of which there is more to say than counts: so what violates, fails or has effects is found by the
search in Python alone, as ever. All that is found is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from raft_ref.spec.checker.kept import Origin
from raft_ref.spec.checker.symmetry import CanonicalRows
from raft_ref.spec.code.predicate import Predicate
from raft_ref.spec.steps.answers import ActionOfSearch, Answers
from raft_ref.spec.steps.interning import Interner, Memoized, Row
from raft_ref.spec.steps.slots.answers import SlotAnswers
from raft_ref.spec.steps.slots.layout import SlotInterner
from raft_ref.spec.steps.slots.reading import Later, Trace

MOST_ANSWERS: Final = 1 << 24
"""After so many answers, about a gigabyte, the core forgets all and asks anew."""

_NOWHERE: Final = 2**32 - 1
"""Where the core is told that an initial state comes from."""


class Core(NamedTuple):
    """A native core: what makes one of a model and a setting, and the memory it may use (bytes)."""

    make: Callable[[Any, Any], Any]
    memory: int
    most_answers: int = MOST_ANSWERS


class Verdicts(NamedTuple):
    """What is demanded of states and steps, all of it memoized.

    Of a demand on steps there is the condition, and the one in which it is not demanded.
    """

    invariants: Sequence[Memoized]
    constraints: Sequence[Memoized]
    step_constraints: Sequence[Memoized]
    demands: Sequence[tuple[Memoized, Memoized | None]]


@dataclass(frozen=True)
class _Setting:
    """The attributes of explorer::RowSetting."""

    places: int
    groups: list[list[int]]
    last_places: list[int]
    actions: list[ActionOfSearch]
    conditions: list[tuple[list[int], list[int], bool]]
    invariants: list[int]
    constraints: list[int]
    step_constraints: list[int]
    demands: list[tuple[int, int | None]]
    view: list[int] | None
    is_symmetric: bool
    check_deadlock: bool
    memory: int
    most_answers: int


class _Conditions:
    """Conditions of states or steps, each under a number."""

    def __init__(self, interner: Interner) -> None:
        self._interner = interner
        self.listed: list[tuple[Memoized, bool]] = []

    def number(self, condition: Memoized, *, of_step: bool) -> int:
        """Return the number of one more."""
        self.listed.append((condition, of_step))
        return len(self.listed) - 1

    def numbers(self, conditions: Iterable[Memoized], *, of_step: bool) -> list[int]:
        """Return the numbers of some more."""
        return [self.number(each, of_step=of_step) for each in conditions]

    @property
    def reads(self) -> list[tuple[list[int], list[int], bool]]:
        """What each reads of the state, and of the next one; or whether its answers tell that."""
        return [
            ([], [], True)
            if self._is_traced(each)
            else (each.places, each.places_primed if of_step else [], False)
            for each, of_step in self.listed
        ]

    def _is_traced(self, condition: Memoized) -> bool:
        """Whether it reads what has slots."""
        read = condition.formula.reads | condition.formula.reads_primed
        return isinstance(condition.formula, Predicate) and any(
            len(self._interner.columns(place)) > 1
            for place, name in enumerate(self._interner.variables)
            if name in read
        )

    def traced_holds(self, number: int, before: Row, after: Row) -> tuple[list[int], bool | None]:
        """Whether one holds, and what it read: the columns of the state, then those of the next."""
        condition, of_step = self.listed[number]
        interner, formula = self._interner, condition.formula
        assert isinstance(interner, SlotInterner)
        assert isinstance(formula, Predicate)
        trace = Trace()
        values = interner.read_all(formula.reads, before, trace)
        primed = interner.read_all(formula.reads_primed, after, Later(trace, len(interner.tables)))
        try:
            holds = formula.holds_of_slots(values, primed if of_step else None)
        except Exception:  # any: it may do what the condition does not
            return list(trace), None
        return list(trace), holds

    def holds(self, number: int, before: Row, after: Row) -> bool:
        """Whether one holds of a step, or of the state `before`."""
        condition, of_step = self.listed[number]
        return bool(condition.computed(before, after) if of_step else condition.computed(before))


class _Model:
    """What the core asks; see explorer/core/row_model.hpp."""

    def __init__(
        self,
        answers: Answers,
        conditions: _Conditions,
        key: Callable[[Row], Any] | None,
        interner: Interner,
    ) -> None:
        self.may_pick, self.elements = answers.may_pick, answers.elements
        self.paths, self.residual = answers.paths, answers.residual
        self.computed, self.forget = answers.computed, answers.forget
        if isinstance(answers, SlotAnswers):
            self.traced_may_pick, self.traced_paths = answers.traced_may_pick, answers.traced_paths
        self.whole = interner.whole
        self.holds, self.traced_holds = conditions.holds, conditions.traced_holds
        self.view = key
        self.least = key.least if isinstance(key, CanonicalRows) else None


class InCore:
    """The states of a native core.

    Arguments: the core, the interner of rows, what actions do, what is demanded, what is the same
    for states that count as one (None: nothing) and what of a row it reads (None: if it is
    symmetry), and whether a state without successors is to be told of.
    """

    def __init__(
        self,
        core: Core,
        interner: Interner,
        answers: Answers,
        verdicts: Verdicts,
        key: Callable[[Row], Any] | None,
        view: list[int] | None,
        *,
        check_deadlock: bool,
    ) -> None:
        conditions = _Conditions(interner)
        setting = _Setting(
            places=len(interner.tables),
            groups=[[*interner.columns(each)] for each in range(len(interner.variables))],
            last_places=interner.last_columns,
            actions=answers.actions,
            invariants=conditions.numbers(verdicts.invariants, of_step=False),
            constraints=conditions.numbers(verdicts.constraints, of_step=False),
            step_constraints=conditions.numbers(verdicts.step_constraints, of_step=True),
            demands=[
                (
                    conditions.number(condition, of_step=True),
                    None if exempt is None else conditions.number(exempt, of_step=True),
                )
                for condition, exempt in verdicts.demands
            ],
            conditions=conditions.reads,
            view=view,
            is_symmetric=isinstance(key, CanonicalRows),
            check_deadlock=check_deadlock,
            memory=core.memory,
            most_answers=core.most_answers,
        )
        self._core = core.make(_Model(answers, conditions, key, interner), setting)
        self._origins: dict[int, Origin] = {}
        self.numbers = _Known(self._core)

    def __len__(self) -> int:
        return len(self._core)

    def row(self, number: int) -> Row:
        """Return a state."""
        row: Row = self._core.row(number)
        return row

    def origin(self, number: int) -> Origin | int:
        """Return how a state was first reached, or from which state alone."""
        found = self._origins.get(number)
        parent: int = self._core.parent(number)
        return parent if found is None else found

    def keep(self, key: Any, row: Row, origin: Origin) -> None:
        """Keep one more."""
        self._origins[len(self._core)] = origin
        self._core.keep(_as_row(key), row, _NOWHERE if origin.number is None else origin.number)

    def expand(self, number: int, end: int) -> int:
        """Expand states from one on; return the first before `end` that is left, or `end`."""
        left: int = self._core.expand(number, end)
        return left

    @property
    def counts(self) -> Sequence[tuple[int, int]]:
        """How many successors each action gave in this, and how many of them were new."""
        counts: list[tuple[int, int]] = self._core.counts()
        return counts


class _Known:
    """The keys that a core knows."""

    def __init__(self, core: Any) -> None:
        self._core = core

    def __contains__(self, key: Any) -> bool:
        is_known: bool = self._core.is_known(_as_row(key))
        return is_known


def _as_row(key: Any) -> Row:
    return key if isinstance(key, tuple) else (key,)
