"""Side effects of evaluating, and what it depends on beside the state: Print, TLCGet, warnings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from raft_ref.spec.syntax.errors import NoValueError, Position
from raft_ref.spec.values.value import TRUE, Value, record, show


class Effects:
    """What was printed, warnings by place, and what TLCGet tells.

    `facts` are what is known of the search, by the names under which TLCGet asks for them, and what
    TLCSet has set. `uses` counts what depends on more than the values of variables, or does more.
    """

    def __init__(self) -> None:
        self.printed: list[Value] = []
        self.warnings: dict[Position, str] = {}
        config: dict[str, Value] = {"mode": "bfs", "worker": 1, "depth": -1, "deadlock": TRUE}
        self.facts: dict[Value, Value | Callable[[], Value]] = {"config": record(config)}
        self.uses = 0

    def told(self, name: Value) -> Value:
        """TLCGet(name)."""
        self.uses += 1
        found = self.facts.get(name)
        if found is None:
            raise NoValueError(f"nothing is known of TLCGet({show(name)})")
        return found() if callable(found) else found

    def is_told(self, name: Value) -> bool:
        """Whether TLCGet(name) has a value."""
        self.uses += 1
        return name in self.facts

    def set(self, name: Value, value: Value) -> bool:
        """TLCSet(name, value)."""
        self.uses += 1
        self.facts[name] = value
        return True

    def varying(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function gives that may give another value next time, or does something."""
        self.uses += 1
        return function(*arguments)

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
        printed, warned, uses = len(self.printed), len(self.warnings), self.uses
        try:
            return function(*arguments)
        finally:
            if (len(self.printed), len(self.warnings), self.uses) != (printed, warned, uses):
                del self.printed[printed:]
                for at in list(self.warnings)[warned:]:
                    del self.warnings[at]
                raise ImpureError


class ImpureError(Exception):
    """Something has side effects, so its result cannot stand for evaluating it again."""
