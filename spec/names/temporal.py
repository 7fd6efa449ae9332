r"""Specification formulas: `Init /\ [][Next]_vars` and what else is conjoined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from raft_ref.spec.names.analysis import Analysis
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.syntax.expressions import STEP_OR_STUTTER
from raft_ref.spec.values.standard import LANGUAGE


@dataclass(frozen=True)
class Specification:
    """What a specification formula says.

    `ignored` are its other temporal conjuncts, fairness for example, as their text.
    """

    init: tree.Definition
    next: tree.Definition
    ignored: tuple[str, ...]


def specification_of(definition: tree.Definition, analysis: Analysis) -> Specification:
    """Take a specification formula apart.

    Raises `SpecError` if it has no initial predicate, or not exactly one `[][Next]_vars`.
    """
    init: list[tree.Expression] = []
    relations: list[tree.Expression] = []
    ignored: list[str] = []
    for each in _conjuncts(definition.body, analysis):
        if _is_relation(each):
            relations.append(each.operands[0].operands[0])  # type: ignore[union-attr]
        elif _is_temporal(each, analysis):
            ignored.append(next(e.text for e in _nodes(each) if isinstance(e, tree.Unsupported)))
        else:
            init.append(each)
    if not init or len(relations) != 1:
        reason = f"{definition.name} is not of the form Init /\\ [][Next]_vars"
        raise SpecError(definition.at, reason)
    first = init[0]
    if init[1:]:
        first = tree.Call(definition.at, "/\\", tuple(init))
        analysis.meanings[first] = LANGUAGE["/\\"]
    return Specification(
        _named(definition, first, analysis),
        _named(definition, relations[0], analysis),
        tuple(ignored),
    )


def _conjuncts(node: tree.Expression, analysis: Analysis) -> Iterator[tree.Expression]:
    if isinstance(node, tree.Call):
        meaning = analysis.meanings[node]
        if node.name == "/\\":
            for each in node.arguments:
                yield from _conjuncts(each, analysis)
            return
        if isinstance(meaning, tree.Definition) and _is_temporal(node, analysis):
            yield from _conjuncts(meaning.body, analysis)
            return
    yield node


def _is_relation(node: tree.Expression) -> bool:
    if not isinstance(node, tree.Unsupported) or node.construct != "operator []":
        return False
    inner = node.operands[0]
    return isinstance(inner, tree.Unsupported) and inner.construct == STEP_OR_STUTTER


def _is_temporal(node: tree.Node, analysis: Analysis) -> bool:
    if isinstance(node, tree.Unsupported):
        return True
    if isinstance(node, tree.Call):
        meaning = analysis.meanings[node]
        if isinstance(meaning, tree.Definition) and not meaning.is_recursive:
            return _is_temporal(meaning.body, analysis)
    return any(_is_temporal(each, analysis) for each in tree.children(node))


def _nodes(node: tree.Node) -> Iterator[tree.Node]:
    yield node
    for each in tree.children(node):
        yield from _nodes(each)


def _named(owner: tree.Definition, node: tree.Expression, analysis: Analysis) -> tree.Definition:
    """Return the operator that a formula names, or one that stands for the formula."""
    if isinstance(node, tree.Call) and not node.arguments:
        meaning = analysis.meanings[node]
        if isinstance(meaning, tree.Definition):
            return meaning
    return tree.Definition(node.at, owner.name, (), node)
