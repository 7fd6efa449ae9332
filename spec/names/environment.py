"""What names stand for in an action that is written out in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

from raft_ref.spec.syntax import expressions as tree

Values: TypeAlias = Mapping[tree.Variable, str]
"""The variables that have a value yet, each with the text that gives it."""


@dataclass(frozen=True)
class Scope:
    """What the names in an action stand for, and the operators in whose place it is written.

    `late` are the definitions of a LET that read what has no value yet where the LET stands.
    """

    locals: Mapping[Any, Local] = field(default_factory=dict)
    late: tuple[tree.Definition, ...] = ()
    inside: tuple[tree.Definition, ...] = ()

    def with_locals(self, more: Mapping[Any, Local]) -> Scope:
        """Return the scope with more names."""
        return replace(self, locals={**self.locals, **more})


class Local(NamedTuple):
    """What stands for a name: a text, to be called if `is_delayed`, or an expression elsewhere.

    If there are both, the expression is for where the name is primed.
    """

    text: str | None
    is_delayed: bool = False
    expression: tree.Expression | None = None
    scope: Scope = Scope()


class Goal(NamedTuple):
    """In an action: the primed (or, of initial states, unprimed) variables that have values yet."""

    primed: bool
    texts: Values
