"""States as rows of small integers: each value of a variable is kept once, under a number.

What a formula reads of a row is a short tuple of integers, quick to hash; so its verdict is
computed once for each combination of what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Protocol, TypeAlias

from raft_ref.spec.values.value import Value

State: TypeAlias = tuple[Value, ...]
"""The values of a module's variables, in the order of their declaration."""

Row: TypeAlias = tuple[int, ...]
"""The same as numbers."""


class Table(dict[Value, int]):
    """The number of each value of one variable, given at its first use; `values` is the inverse."""

    def __init__(self) -> None:
        super().__init__()
        self.values_by_number: list[Value] = []

    def __missing__(self, value: Value) -> int:
        number = self[value] = len(self.values_by_number)
        self.values_by_number.append(value)
        return number


class Interner:
    """The tables of all variables of a model.

    A row has a column for each variable. In `slots.layout` is one in which some have more.
    """

    def __init__(self, variables: Sequence[str]) -> None:
        self.variables = tuple(variables)
        self.tables = [Table() for _ in variables]

    def columns(self, place: int) -> Sequence[int]:
        """Return where a row has the value of a variable."""
        return (place,)

    @property
    def last_columns(self) -> list[int]:
        """The last column of each variable that has several."""
        return []

    def value(self, place: int, row: Row) -> Value:
        """Return the value of a variable in a row."""
        return self.tables[place].values_by_number[row[place]]

    def whole(self, place: int, row: Row) -> int:
        """Return the number of the value of a variable as a whole."""
        return row[place]

    @property
    def whole_tables(self) -> Sequence[Table]:
        """The tables of the values of variables as wholes."""
        return self.tables

    def whole_row(self, row: Row) -> Row:
        """Return a row of the numbers of variables' values."""
        return row

    def row(self, state: State) -> Row:
        """Return a state as numbers."""
        return tuple([table[value] for table, value in zip(self.tables, state, strict=True)])

    def state(self, row: Row) -> State:
        """Return the state that a row stands for."""
        return tuple(
            [table.values_by_number[number] for table, number in zip(self.tables, row, strict=True)]
        )


class Formula(Protocol):
    """An operator of a module that is evaluated in a state, or in a step of two."""

    @property
    def reads(self) -> frozenset[str]:
        """The variables that it reads in the state."""

    @property
    def reads_primed(self) -> frozenset[str]:
        """The variables that it reads in the next state."""


class Memoized:
    """Some function of a formula, on rows; computed once for each combination of what it reads.

    Arguments: the formula, what to compute from one or two mappings of variables to values, and
    the interner of the rows.
    """

    def __init__(self, formula: Formula, compute: Callable[..., Any], interner: Interner) -> None:
        self._compute = compute
        self.formula = formula
        self._reads = _Selection(formula.reads, interner)
        self._reads_primed = _Selection(formula.reads_primed, interner)
        self._of_states: dict[Any, Any] = {}
        self._of_steps: dict[Any, Any] = {}
        self.varies: bool = getattr(formula, "varies", False)
        if self.varies:  # what TLCGet tells is no part of the state
            self._of_states, self._of_steps = _Forgetful(), _Forgetful()

    @property
    def places(self) -> list[int]:
        """Where a row has what is read of the state."""
        return self._reads.places

    @property
    def places_primed(self) -> list[int]:
        """Where a row has what is read of the next state."""
        return self._reads_primed.places

    def computed(self, before: Row, after: Row | None = None) -> Any:
        """Return the result in a state, or in a step, computed anew."""
        values = [self._reads.values(before)]
        if after is not None:
            values.append(self._reads_primed.values(after))
        return self._compute(*values)

    def of_state(self, row: Row) -> Any:
        """Return the result in a state."""
        key = self._reads.key(row)
        found = self._of_states.get(key)
        if found is None:
            found = self._of_states[key] = self._compute(self._reads.values(row))
        return found

    def of_step(self, before: Row, after: Row) -> Any:
        """Return the result in a step."""
        key = self._reads.key(before), self._reads_primed.key(after)
        found = self._of_steps.get(key)
        if found is None:
            values = self._reads.values(before), self._reads_primed.values(after)
            found = self._of_steps[key] = self._compute(*values)
        return found


class _Forgetful(dict[Any, Any]):
    """Keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


class _Selection:
    """Some of the variables of a row."""

    def __init__(self, names: frozenset[str], interner: Interner) -> None:
        self._names = sorted(names)
        self._variables = [interner.variables.index(name) for name in self._names]
        self.places = [each for place in self._variables for each in interner.columns(place)]
        self._value = interner.value
        self.key: Callable[[Row], Any] = itemgetter(*self.places) if names else _nothing

    def values(self, row: Row) -> dict[str, Value]:
        """Return the values of the variables."""
        return {
            name: self._value(place, row)
            for name, place in zip(self._names, self._variables, strict=True)
        }


def _nothing(row: Row) -> tuple[()]:
    return ()
