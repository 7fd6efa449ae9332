"""How names of variables are generated where it is to be told which parts of them are read.

In this text what stands for a variable is an object: `at(argument)` is what it maps an argument to,
`whole()` is its value. So of a function for each server, `currentTerm[i]` reads one slot, wherever
it stands: an operator is given the object. Both raise where there is no such value, or none that
can be told in parts.
"""

from __future__ import annotations

from typing import Final

from raft_ref.spec.code.forms import FORMS
from raft_ref.spec.code.generator import Code, Form, Generator
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.values.builtin import Builtin


def variable_behind(
    generator: Generator, node: tree.Expression, primed: bool
) -> tuple[tree.Variable, bool] | None:
    """Return the variable that an expression is, and whether it is primed."""
    names = generator.locals
    while True:
        if node in generator.given and not primed:
            return None
        if isinstance(node, tree.Prime) and not primed:
            node, primed = node.operand, True
            continue
        if not isinstance(node, tree.Call) or node.arguments:
            return None
        meaning = generator.analysis.meanings[node]
        local = None if isinstance(meaning, Builtin) else names.get(meaning)
        if local is None:
            return (meaning, primed) if isinstance(meaning, tree.Variable) else None
        if local.expression is None or (local.text is not None and not primed):
            return None
        node, names = local.expression, local.environment.locals


def _call(generator: Generator, node: tree.Call, primed: bool) -> Code:
    meaning = generator.analysis.meanings[node]
    if isinstance(meaning, tree.Variable) and meaning not in generator.locals:
        return Code(generator.valued(generator.reference(meaning, primed, node.at)))
    return FORMS[tree.Call](generator, node, primed)


def _application(generator: Generator, node: tree.Application, primed: bool) -> Code:
    found = variable_behind(generator, node.function, primed)
    if found is None:
        return FORMS[tree.Application](generator, node, primed)
    generator.by_slot.add(found[0])
    name = generator.reference(*found, node.at)
    argument = generator.value(node.argument, primed).text
    return Code(generator.writer.named(f"{name}.at({argument})"))


SLOT_FORMS: Final[dict[type, Form]] = {
    **FORMS,
    tree.Call: _call,
    tree.Application: _application,
}
