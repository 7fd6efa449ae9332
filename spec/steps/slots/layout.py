"""States as rows in which a function has a column for each of its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from raft_ref.spec.steps.interning import Interner, Row, State, Table
from raft_ref.spec.steps.slots.reading import Columns, OneColumn, Trace
from raft_ref.spec.values.value import Domain, Value


@dataclass(frozen=True)
class Unfit:
    """In the first column of a variable, a value with another domain than its columns have."""

    value: Value


class _Nothing:
    """What stands in the other columns then, under the number 0, which nothing else has there."""


_NOTHING: Final[Any] = _Nothing()


class SlotInterner(Interner):
    """The tables of all columns.

    Arguments: the variables; for some of them, by their places, the arguments that have columns.
    """

    def __init__(self, variables: Sequence[str], domains: Mapping[int, Domain]) -> None:
        super().__init__(variables)
        self.domains = domains
        self._columns: list[list[int]] = []
        self.tables = []
        for place in range(len(self.variables)):
            size = len(domains[place]) if place in domains else 1
            self._columns.append(list(range(len(self.tables), len(self.tables) + size)))
            self.tables += [Table() for _ in range(size)]
        for place in domains:
            for column in self._columns[place][1:]:
                self.tables[column][_NOTHING]  # its number is given at first use
        self._at = {
            place: dict(zip(domain, self._columns[place], strict=True))
            for place, domain in domains.items()
        }
        self.wholes = [Table() for _ in variables]

    def columns(self, place: int) -> Sequence[int]:
        """Return where a row has the value of a variable."""
        return self._columns[place]

    @property
    def last_columns(self) -> list[int]:
        """The last column of each variable that has several: 0 is there if a value does not fit."""
        return [self._columns[place][-1] for place in self.domains]

    def value(self, place: int, row: Row) -> Value:
        """Return the value of a variable in a row."""
        columns = self._columns[place]
        column = columns[0]
        first: Any = self.tables[column].values_by_number[row[column]]
        value: Value = first
        if len(columns) == 1:
            return value
        if type(first) is Unfit:
            return first.value
        rest = [self.tables[each].values_by_number[row[each]] for each in columns[1:]]
        value = (self.domains[place], first, *rest)
        return value

    def numbers(self, place: int, value: Any) -> Iterator[tuple[int, int]]:
        """Yield the columns of a variable, each with what is there for a value."""
        columns, domain = self._columns[place], self.domains.get(place)
        if domain is None:
            parts: Sequence[Any] = (value,)
        elif type(value) is tuple and value[0] is domain:
            parts = value[1:]
        else:
            parts = (Unfit(value), *[_NOTHING] * (len(domain) - 1))
        for column, part in zip(columns, parts, strict=True):
            yield column, self.tables[column][part]

    def changed(self, place: int, changes: Mapping[Value, Value]) -> Iterator[tuple[int, int]]:
        """Yield the columns of some arguments of a variable, each with the number that is there."""
        for argument, value in changes.items():
            column = self._at[place][argument]
            yield column, self.tables[column][value]

    def row(self, state: State) -> Row:
        """Return a state as numbers."""
        return tuple(
            number for place, value in enumerate(state) for _, number in self.numbers(place, value)
        )

    def state(self, row: Row) -> State:
        """Return the state that a row stands for."""
        return tuple([self.value(place, row) for place in range(len(self.variables))])

    def whole(self, place: int, row: Row) -> int:
        """Return the number of the value of a variable as a whole."""
        if place in self.domains:
            return self.wholes[place][self.value(place, row)]
        return row[self._columns[place][0]]

    @property
    def whole_tables(self) -> Sequence[Table]:
        """The tables of the values of variables as wholes."""
        return [
            table if place in self.domains else self.tables[self._columns[place][0]]
            for place, table in enumerate(self.wholes)
        ]

    def whole_row(self, row: Row) -> Row:
        """Return a row of the numbers of variables' values."""
        return tuple([self.whole(place, row) for place in range(len(self.variables))])

    def read_all(
        self, names: Iterable[str], row: Row, trace: Trace
    ) -> dict[str, OneColumn | Columns]:
        """Return what stands for variables by name; see `read`."""
        return {name: self.read(self.variables.index(name), row, trace) for name in names}

    def read(self, place: int, row: Row, trace: Trace) -> OneColumn | Columns:
        """Return what stands for a variable in a row, which notes in a trace what is read of it."""
        domain = self.domains.get(place)
        if domain is None:
            column = self._columns[place][0]
            return OneColumn(trace, column, self.tables[column], row)
        return Columns(trace, domain, self._at[place], self.tables, row)
