"""What stands for a variable in text that tells which parts of it are read; see `code.forms`.

What is read is noted in a trace: the columns of a row, in the order in which they were first looked
at. Given the same numbers there, all of it comes out the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raft_ref.spec.steps.interning import Row, Table
from raft_ref.spec.values.runtime import domain_from
from raft_ref.spec.values.value import Domain, Value


class Trace(dict[int, None]):
    """The columns read, in order."""


class Later(Trace):
    """Notes what is read of the next state in a trace, behind the columns of the state."""

    def __init__(self, trace: Trace, columns: int) -> None:
        super().__init__()
        self._trace = trace
        self._columns = columns

    def __setitem__(self, column: int, value: None) -> None:
        self._trace[self._columns + column] = value


@dataclass(frozen=True)
class Held:
    """A variable whose value is at hand."""

    value: Any

    def at(self, argument: Value) -> Value:
        """Return what it maps an argument to."""
        found: Value = self.value[self.value[0][argument]]
        return found

    def whole(self) -> Value:
        """Return its value."""
        found: Value = self.value
        return found


class OneColumn:
    """A variable in one column of a row."""

    def __init__(self, trace: Trace, column: int, table: Table, row: Row) -> None:
        self._trace = trace
        self._column = column
        self._value: Any = table.values_by_number[row[column]]

    def at(self, argument: Value) -> Value:
        """Return what it maps an argument to."""
        value: Any = self.whole()
        found: Value = value[value[0][argument]]
        return found

    def whole(self) -> Value:
        """Return its value."""
        self._trace[self._column] = None
        found: Value = self._value
        return found

    def demand(self, argument: Value) -> None:
        """Raise KeyError if something is no argument."""
        self.at(argument)


class Columns:
    """A variable in several columns, one for each argument."""

    def __init__(
        self,
        trace: Trace,
        domain: Domain,
        columns: Mapping[Value, int],
        tables: Sequence[Table],
        row: Row,
    ) -> None:
        self.domain = domain
        self.columns = columns
        self._trace = trace
        self._tables = tables
        self._row = row

    def at(self, argument: Value) -> Value:
        """Return what it maps an argument to."""
        return self._read(self.columns[argument])

    def whole(self) -> Value:
        """Return its value."""
        value: Value = (self.domain, *map(self._read, self.columns.values()))
        return value

    def demand(self, argument: Value) -> None:
        """Raise KeyError if something is no argument."""
        self.columns[argument]

    def _read(self, column: int) -> Value:
        self._trace[column] = None
        return self._tables[column].values_by_number[self._row[column]]


class Edit:
    """A variable as another one is, but for some arguments."""

    def __init__(self, base: OneColumn | Columns) -> None:
        self.base = base
        self.changes: dict[Value, Value] = {}

    def put(self, argument: Value, value: Value) -> None:
        """Change what it maps an argument to; raises KeyError if it is none."""
        self.base.demand(argument)
        self.changes[argument] = value

    def at(self, argument: Value) -> Value:
        """Return what it maps an argument to."""
        if argument in self.changes:
            return self.changes[argument]
        return self.base.at(argument)

    def whole(self) -> Value:
        """Return its value."""
        if not self.changes:
            return self.base.whole()
        value: Any = list(self.base.whole())  # type: ignore[arg-type]
        for argument, result in self.changes.items():
            value[value[0][argument]] = result
        return tuple(value)

    def columns(self, domain: Domain) -> Mapping[Value, Value] | None:
        """Return the changes, if they are all there is to it: its arguments are the domain's."""
        is_known = isinstance(self.base, Columns) and self.base.domain is domain
        return self.changes if is_known else None


class Mapped(Edit):
    """The same of which the arguments are given: a set."""

    def __init__(self, base: OneColumn | Columns, arguments: Any) -> None:
        super().__init__(base)
        self.domain: Domain = domain_from(arguments)  # type: ignore[assignment]

    def put(self, argument: Value, value: Value) -> None:
        """Set what it maps an argument to."""
        self.changes[argument] = value

    def whole(self) -> Value:
        """Return its value."""
        value: Value = (self.domain, *[self.at(argument) for argument in self.domain])
        return value

    def columns(self, domain: Domain) -> Mapping[Value, Value] | None:
        """Return the changes, if that is all there is to it."""
        return super().columns(domain) if self.domain is domain else None
