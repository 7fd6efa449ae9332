r"""How a next-state relation falls apart into named actions, as TLC reports them.

Disjunctions, \E, LET and calls of operators are looked through; anything else is one action. Its
name is that of the operator that it stands in, and its place its own; only where it stands under
an \E over a set that varies, and in no operator of its own there, TLC's place is that of the \E.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from raft_ref.spec.names.analysis import Analysis
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position
from raft_ref.spec.syntax.expressions import Declaration


@dataclass(frozen=True, eq=False)
class ActionName:
    """An action of the next-state relation: its operator, its place, the names that it binds."""

    name: str
    position: Position
    parameters: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.parameters)})" if self.parameters else self.name


@dataclass(frozen=True)
class Label:
    """An action: how to get from the relation to it, and what it is."""

    name: str
    position: Position
    steps: tuple[tree.Quantified | tree.Let | tree.Call, ...]
    node: tree.Expression
    bound: tuple[Declaration, ...]

    @property
    def action(self) -> ActionName:
        """Return how the action is called."""
        return ActionName(self.name, self.position, tuple(each.name for each in self.bound))


def labels_of(definition: tree.Definition, analysis: Analysis) -> list[Label]:
    """Return the actions of a next-state relation."""
    start = Label(definition.name, definition.body.at, (), definition.body, ())
    return list(_split(start, None, frozenset({definition}), analysis))


def _split(
    label: Label,
    varying: Position | None,
    inside: frozenset[tree.Definition],
    analysis: Analysis,
) -> Iterator[Label]:
    node, steps = label.node, (*label.steps, label.node)
    match node:
        case tree.Quantified(is_universal=False):
            names = tuple(n for each in node.bindings for p in each.patterns for n in p.names)
            is_constant = all(not analysis.reads(each.domain) for each in node.bindings)
            at = varying or (None if is_constant else node.at)
            inner = _replaced(label, label.name, steps, node.body, (*label.bound, *names))
            yield from _split(inner, at, inside, analysis)
            return
        case tree.Let():
            inner = _replaced(label, label.name, steps, node.body, label.bound)
            yield from _split(inner, varying, inside, analysis)
            return
        case tree.Call(name="\\/"):
            for each in node.arguments:
                inner = _replaced(label, label.name, label.steps, each, label.bound)
                yield from _split(inner, varying, inside, analysis)
            return
        case tree.Call():
            meaning = analysis.meanings[node]
            if isinstance(meaning, tree.Definition) and meaning not in inside:
                bound = _values(meaning, node, label, analysis)
                inner = _replaced(label, node.name, steps, meaning.body, bound)
                yield from _split(inner, None, inside | {meaning}, analysis)
                return
    yield Label(label.name, varying or node.at, label.steps, node, label.bound)


def _values(
    definition: tree.Definition, call: tree.Call, label: Label, analysis: Analysis
) -> tuple[Declaration, ...]:
    """Return the parameters that stand for values, not for operators or actions."""
    return tuple(
        parameter
        for parameter, argument in zip(definition.parameters, call.arguments, strict=True)
        if not parameter.arity
        and not any(
            (isinstance(name, tree.Variable) and primed)
            or (isinstance(name, tree.Parameter) and name not in label.bound)
            for name, primed in analysis.reads(argument)
        )
    )


def _replaced(
    label: Label,
    name: str,
    steps: tuple[object, ...],
    node: tree.Expression,
    bound: tuple[Declaration, ...],
) -> Label:
    return Label(name, label.position, steps, node, bound)  # type: ignore[arg-type]
