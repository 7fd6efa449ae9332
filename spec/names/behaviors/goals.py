"""Goals: formulas of behaviors that say what must come in the end, as `P ~> Q` does."""

from __future__ import annotations

from typing import Final

from raft_ref.spec.names.behaviors.properties import named, refuse_temporal
from raft_ref.spec.names.scope import Resolution
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError

FORMS: Final = ("<>P", "[]<>P", "<>[]P", "P ~> Q")
"""What a goal may look like; P and Q are formulas of states."""

_OPERATORS: Final = {"operator <>": "<>", "operator []": "[]"}


def goal_of(definition: tree.Definition, into: Resolution) -> tuple[str, list[tree.Definition]]:
    """Return the form of a goal, and its P and Q as operators, whose meanings are noted.

    What a name stands for is looked at as well. Raises `SpecError` for what has no such form.
    """
    node = _meant(definition.body, into)
    if isinstance(node, tree.Unsupported) and node.construct == "operator ~>":
        return "P ~> Q", [
            _defined(each, name, into) for each, name in zip(node.operands, "PQ", strict=True)
        ]
    form = ""
    while isinstance(node, tree.Unsupported) and node.construct in _OPERATORS:
        form += _OPERATORS[node.construct]
        node = _meant(node.operands[0], into)
    form += "P"
    if form not in FORMS:
        raise SpecError(definition.body.at, f"expected a goal: {', '.join(FORMS)}")
    return form, [_defined(node, "P", into)]


def _meant(node: tree.Expression, resolution: Resolution) -> tree.Expression:
    """Return the temporal formula that a name stands for, or the formula itself."""
    found = node
    while (definition := named(found, resolution.meanings)) is not None:
        found = definition.body
    return found if isinstance(found, tree.Unsupported) else node


def _defined(node: tree.Expression, name: str, into: Resolution) -> tree.Definition:
    refuse_temporal(node, into.meanings, "within a goal")
    made = tree.Definition(node.at, name, (), node)
    into.definitions.append(made)
    into.of_modules.add(made)
    return made
