"""Side effects of evaluating: what Print shows, and warnings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from raft_ref.spec.syntax.errors import Position
from raft_ref.spec.values.value import Value, show


class Effects:
    """What was printed, and warnings by place."""

    def __init__(self) -> None:
        self.printed: list[Value] = []
        self.warnings: dict[Position, str] = {}

    def print(self, shown: Value, value: Any) -> Any:
        """Keep what is printed; return the value of the expression that prints."""
        self.printed.append(shown)
        return value

    def warn_outside(self, at: Position, argument: Value) -> None:
        """Warn that an EXCEPT at that place is for an argument outside of the domain."""
        reason = f"EXCEPT changes nothing: {show(argument)} is not in the domain"
        self.warnings.setdefault(at, reason)

    def purely(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return a function's result; if it has effects, undo them and raise `ImpureError`."""
        printed, warned = len(self.printed), len(self.warnings)
        try:
            return function(*arguments)
        finally:
            if len(self.printed) != printed or len(self.warnings) != warned:
                del self.printed[printed:]
                for at in list(self.warnings)[warned:]:
                    del self.warnings[at]
                raise ImpureError


class ImpureError(Exception):
    """Something has side effects, so its result cannot stand for evaluating it again."""
