"""What can be wrong with a specification, and where."""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """A place in a TLA+ file: lines and columns count from 1, tabs stop every 8 columns."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Context(NamedTuple):
    """What was being evaluated: the operators, the innermost first, and names bound to values."""

    operators: tuple[str, ...]
    bound: tuple[tuple[str, str], ...]


class SpecError(Exception):
    """A specification that cannot be read, or an expression that has no value.

    Its text is `file:line:column: reason`, and below it, a line each, the `others` that were found
    in the same go.
    """

    def __init__(self, position: Position, reason: str, others: tuple[SpecError, ...] = ()) -> None:
        super().__init__("\n".join([f"{position}: {reason}", *map(str, others)]))
        self.position = position
        self.reason = reason
        self.others = others
        self.context: Context | None = None
        """What was being evaluated, if anything was."""


class NoValueError(Exception):
    """An operator applied to values for which TLA+ (or TLC) gives it no meaning.

    It knows no place: who evaluates turns it into a `SpecError` at the subexpression.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
