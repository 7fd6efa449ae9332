"""The environment: what each name stands for where an action is written out in place.

Arguments of an action are passed by name: what stands for a parameter may be an expression, which
is evaluated in the environment of the call (together they are a closure).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeAlias

from raft_ref.spec.syntax import expressions as tree

Values: TypeAlias = Mapping[tree.Variable, str]
"""The variables that have a value yet, each with the text that gives it."""


@dataclass(frozen=True)
class Environment:
    """What the names in an action stand for, and the operators in whose place it is written.

    `late` are the definitions of a LET that read what has no value yet where the LET stands.
    """

    locals: Mapping[Any, Local] = field(default_factory=dict)
    late: tuple[tree.Definition, ...] = ()
    inside: tuple[tree.Definition, ...] = ()

    def with_locals(self, more: Mapping[Any, Local]) -> Environment:
        """Return the environment with more names."""
        return replace(self, locals={**self.locals, **more})


class Local(NamedTuple):
    """What stands for a name: a text, to be called if `is_delayed`, or a closure.

    If there are both, the closure is for where the name is primed.
    """

    text: str | None
    is_delayed: bool = False
    expression: tree.Expression | None = None
    environment: Environment = Environment()


EMPTY: Final = Environment()


class Assignment(NamedTuple):
    """In an action: the primed (or, of initial states, unprimed) variables that have values yet."""

    primed: bool
    texts: Values
