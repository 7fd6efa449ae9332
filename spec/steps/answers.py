"""What a native search asks of actions: their stages, as numbers.

The search (explorer/core/row_search.hpp) remembers what `memoization` does, in tables of its own,
and asks on a miss only. States are rows, and elements that actions pick have numbers, too. Whatever
fails or has effects raises an exception: there is no answer then, and the search leaves the state
to whoever asks the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from raft_ref.spec.code.effects import Effects
from raft_ref.spec.steps.interning import Interner, Row, Table
from raft_ref.spec.steps.residuals import Residual, demand_values
from raft_ref.spec.steps.specialization import GeneratingExtension, distinct

Asked: TypeAlias = tuple[int, int | None, tuple[tuple[int, bool], ...]]
"""The number of a residual with its static parts; where its result goes, and what it reads."""

Path: TypeAlias = tuple[bool, list[tuple[int, int]], list[Asked]]
"""Whether a path is dead, the new numbers at places, and the residuals."""


class ActionOfSearch(NamedTuple):
    """What a search must know of an action: see explorer::RowSetting::Action.

    That is what it reads, and what the sets read of which it picks elements; whether it is not to
    be remembered; and whether its answers tell what they depend on, and tests come before them.
    """

    reads: list[int]
    sets: list[list[int]]
    is_computed: bool = False
    is_traced: bool = False
    has_guard: bool = False


class Answers:
    """The answers about every action of a specification.

    Arguments: for each action its generating extension (None: it has none), and a function from a
    state to its successors.
    """

    def __init__(
        self,
        actions: Sequence[tuple[GeneratingExtension | None, Callable[..., list[Any]]]],
        interner: Interner,
        effects: Effects,
    ) -> None:
        self._extensions = [extension for extension, _ in actions]
        self._successors = [successors for _, successors in actions]
        self._interner = interner
        self._tables = interner.tables
        self._effects = effects
        self._elements = Table()
        self._residuals: list[tuple[Residual, tuple[Any, ...]]] = []
        self._numbers: dict[tuple[Any, ...], int] = {}

    @property
    def actions(self) -> list[ActionOfSearch]:
        """Of each action what the search must know."""
        return [
            ActionOfSearch([], [], is_computed=True)
            if each is None
            else ActionOfSearch(
                list(each.reads), [[p for p, _ in set_.inputs] for set_ in each.domains]
            )
            for each in self._extensions
        ]

    def may_pick(self, action: int, row: Row) -> bool:
        """Whether the tests hold that come before an action picks elements."""
        extension = self._extension(action)
        if extension.guard is None:
            return True
        return bool(self._ends(extension.guard, self._read(extension, row)))

    def elements(self, action: int, place: int, row: Row) -> list[int]:
        """Return the numbers of the elements of one of the sets of which an action picks."""
        found = self._result(self._extension(action).domains[place], (), row, row)
        return [self._elements[each] for each in found]

    def paths(self, action: int, row: Row, picked: Sequence[int]) -> list[Path]:
        """Return the ways to take an action, with these elements."""
        extension = self._extension(action)
        elements = [self._elements.values_by_number[each] for each in picked]
        ends = self._ends(extension.body, self._read(extension, row), *elements)
        return [self._path(*end) for end in distinct(ends)]

    def residual(self, number: int, before: Row, after: Row) -> int:
        """Return the result of a residual: a number, or of a test 1 or 0."""
        residual, given = self._residuals[number]
        result = self._result(residual, given, before, after)
        if residual.to is None:
            return int(bool(result))
        return self._tables[self._interner.columns(residual.to)[0]][result]

    def computed(self, action: int, row: Row) -> list[Row]:
        """Return where an action leads, computed anew."""
        state = self._interner.state(row)
        found = self._effects.purely(self._successors[action], state)
        return [self._interner.row(after) for _, _, after in found]

    def forget(self) -> None:
        """Give the numbers of residuals anew."""
        self._residuals.clear()
        self._numbers.clear()

    def _extension(self, action: int) -> GeneratingExtension:
        extension = self._extensions[action]
        assert extension is not None
        return extension

    def _read(self, extension: GeneratingExtension, row: Row) -> tuple[Any, ...]:
        return tuple([self._tables[each].values_by_number[row[each]] for each in extension.reads])

    def _ends(self, run: Callable[..., None], *given: Any) -> list[Any]:
        found: list[Any] = []
        self._effects.purely(run, found.append, *given)
        return found

    def _path(self, arguments: Any, changes: Any, residuals: Any) -> Path:
        numbers = [(place, self._tables[place][value]) for place, value in changes]
        return arguments is None, numbers, [self._asked(*each) for each in residuals]

    def _asked(self, residual: Residual, *given: Any) -> Asked:
        demand_values(given)
        number = self._numbers.setdefault((residual, *given), len(self._residuals))
        if number == len(self._residuals):
            self._residuals.append((residual, given))
        return number, residual.to, residual.inputs

    def _result(self, residual: Residual, given: tuple[Any, ...], before: Row, after: Row) -> Any:
        values = [
            self._tables[place].values_by_number[(after if primed else before)[place]]
            for place, primed in residual.inputs
        ]
        return self._effects.purely(residual.function, *given, *values)
