"""Properties of behaviors, as far as single states and steps decide them.

A property may be a conjunction of `[][A]_v`, which is of steps; of `[]P`, an invariant; and of
formulas of the initial state. Anything else needs a check of infinite behaviors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from raft_ref.spec.names.behaviors.expanding import is_step, is_temporal
from raft_ref.spec.names.scope import Meaning, Resolution
from raft_ref.spec.names.substitution import applied
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.syntax.expressions import STEP_OR_STUTTER
from raft_ref.spec.values.standard import LANGUAGE


class When(Enum):
    """Of what a part of a property must hold."""

    INITIALLY = "initially"
    ALWAYS = "always"
    IN_EACH_STEP = "in each step"
    OF_BEHAVIORS = "of whole behaviors"


class Part(NamedTuple):
    """A conjunct of a property: where it stands, and when its formula must hold.

    The formula of a step `[A]_v` is A, and `subscript` is v, which may stay as it is instead.
    """

    at: Position
    when: When
    formula: tree.Expression
    subscript: tree.Expression | None = None


def parts_of(node: tree.Expression, into: Resolution) -> Iterator[Part]:
    """Yield the conjuncts of a property; raises `SpecError` for what no property may be."""
    meaning = into.meanings[node] if isinstance(node, tree.Call) else None
    if isinstance(node, tree.Call) and node.name == "/\\":
        for each in node.arguments:
            yield from parts_of(each, into)
    elif isinstance(meaning, tree.Definition) and not meaning.is_recursive:
        yield from parts_of(applied(node, meaning, into), into)  # type: ignore[arg-type]
    elif is_temporal(node, into.meanings):
        yield _always(node, into)
    elif is_step(node, into.meanings):
        raise SpecError(node.at, "this is of steps, which no property is: write [][A]_v")
    else:
        yield Part(node.at, When.INITIALLY, node)


def _always(node: tree.Expression, into: Resolution) -> Part:
    if isinstance(node, tree.Unsupported) and node.construct == "operator []" and node.operands:
        operand = node.operands[0]
        while isinstance(operand, tree.Call) and is_temporal(operand, into.meanings):
            meaning = into.meanings[operand]
            if not isinstance(meaning, tree.Definition):
                break
            operand = applied(operand, meaning, into)
        if isinstance(operand, tree.Unsupported) and operand.construct == STEP_OR_STUTTER:
            action, subscript = operand.operands
            return Part(node.at, When.IN_EACH_STEP, action, subscript)
        if not is_temporal(operand, into.meanings):
            if is_step(operand, into.meanings):
                raise SpecError(operand.at, "this is of steps: write [][A]_v")
            return Part(node.at, When.ALWAYS, operand)
    return Part(node.at, When.OF_BEHAVIORS, node)


def named(node: tree.Expression, meanings: Mapping[tree.Call, Meaning]) -> tree.Definition | None:
    """Return the operator without parameters that a formula is the name of, if it is one."""
    if isinstance(node, tree.Call) and not node.arguments:
        meaning = meanings[node]
        if isinstance(meaning, tree.Definition) and not meaning.parameters:
            return meaning
    return None


def refuse_temporal(
    node: tree.Node, meanings: Mapping[tree.Call, Meaning], where: str = "in a property"
) -> None:
    """Refuse what has a temporal operator within, also within what it names."""
    waiting, known = [node], set[tree.Node]()
    while waiting:
        each = waiting.pop()
        if isinstance(each, tree.Unsupported):
            raise SpecError(each.at, f"not supported here: {each.construct} {where}")
        if isinstance(each, tree.Call):
            meaning = meanings.get(each)
            if isinstance(meaning, tree.Definition) and meaning not in known:
                known.add(meaning)
                waiting.append(meaning.body)
        waiting += tree.children(each)


class Conjunct(NamedTuple):
    """A part as operators: `formula` must hold, but in a step for which `exempt` does."""

    when: When
    formula: tree.Definition
    exempt: tree.Definition | None


def conjunct_of(part: Part, name: str, text: str, into: Resolution) -> Conjunct:
    """Return a part of a property as operators, whose meanings are noted in `into`."""

    def defined(body: tree.Expression) -> tree.Definition:
        made = tree.Definition(part.at, name, (), body, text=text)
        into.definitions.append(made)
        into.of_modules.add(made)
        return made

    if part.subscript is None:
        return Conjunct(part.when, defined(part.formula), None)
    subscript = part.subscript
    same = tree.Call(subscript.at, "=", (tree.Prime(subscript.at, subscript), subscript))
    into.meanings[same] = LANGUAGE["="]
    return Conjunct(part.when, defined(part.formula), defined(same))
