"""What evaluating leaves behind besides values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spec.errors import Position
from spec.values import Value, show


class Notes:
    """What was printed, and warnings by place."""

    def __init__(self) -> None:
        self.printed: list[Value] = []
        self.warnings: dict[Position, str] = {}

    def print(self, shown: Value, value: Any) -> Any:
        """Note what is printed; return the value of the expression that prints."""
        self.printed.append(shown)
        return value

    def outside(self, at: Position, argument: Value) -> None:
        """Note that an EXCEPT at that place is for an argument outside of the domain."""
        reason = f"EXCEPT changes nothing: {show(argument)} is not in the domain"
        self.warnings.setdefault(at, reason)

    @contextmanager
    def none(self) -> Iterator[None]:
        """Raise `NotedError`, and forget what is noted meanwhile, if anything is."""
        printed, warned = len(self.printed), len(self.warnings)
        try:
            yield
        finally:
            is_noted = (len(self.printed), len(self.warnings)) != (printed, warned)
            del self.printed[printed:]
            for at in list(self.warnings)[warned:]:
                del self.warnings[at]
        if is_noted:
            raise NotedError


class NotedError(Exception):
    """Something was noted that must not go unnoticed the next time."""
