"""What an operator is that Python evaluates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Builtin:
    """An operator that Python evaluates.

    `returns` is what is known of its result: "formula" for a Python bool, else "number", "set",
    "function" or "any". `operator_arguments` gives the arity of each argument that is an operator.
    `function` is None where this package does not support the operator. `varies` says of one that
    it may have another value next time, or does something, so that its value is not kept; but that
    of a constant is, where it `is_drawn` at random.
    """

    name: str
    arity: int
    function: Callable[..., Any] | None
    returns: str = "any"
    operator_arguments: Mapping[int, int] = field(default_factory=dict)
    varies: bool = False
    is_drawn: bool = False


def table(*operators: Builtin) -> dict[str, Builtin]:
    """Return operators by their names."""
    return {each.name: each for each in operators}
