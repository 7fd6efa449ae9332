r"""Specification formulas: `Init /\ [][Next]_vars` and what else is conjoined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from raft_ref.spec.names.behaviors.expanding import is_temporal
from raft_ref.spec.names.scope import Resolution
from raft_ref.spec.names.substitution import applied
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.syntax.expressions import STEP_OR_STUTTER
from raft_ref.spec.values.standard import LANGUAGE


@dataclass(frozen=True)
class Specification:
    """What a specification formula says.

    `temporal` are its other conjuncts, fairness for example, and `ignored` these as their text.
    """

    init: tree.Definition
    next: tree.Definition
    temporal: tuple[tree.Expression, ...]
    ignored: tuple[str, ...]


def specification_of(definition: tree.Definition, into: Resolution) -> Specification:
    """Take a specification formula apart; what is new is noted in `into`.

    Raises `SpecError` if it has no initial predicate, or not exactly one `[][Next]_vars`.
    """
    init: list[tree.Expression] = []
    relations: list[tree.Expression] = []
    others: list[tree.Expression] = []
    for each in _conjuncts(definition.body, into):
        if _is_relation(each):
            relations.append(each.operands[0].operands[0])  # type: ignore[union-attr]
        elif is_temporal(each, into.meanings):
            others.append(each)
        else:
            init.append(each)
    if not init or len(relations) != 1:
        reason = f"{definition.name} is not of the form Init /\\ [][Next]_vars"
        raise SpecError(definition.at, reason)
    first = init[0]
    if init[1:]:
        first = tree.Call(definition.at, "/\\", tuple(init))
        into.meanings[first] = LANGUAGE["/\\"]
    texts = (
        next(e.text for e in _nodes(o, into) if isinstance(e, tree.Unsupported)) for o in others
    )
    return Specification(
        _named(definition, first, into),
        _named(definition, relations[0], into),
        tuple(others),
        tuple(texts),
    )


def _conjuncts(node: tree.Expression, into: Resolution) -> Iterator[tree.Expression]:
    if isinstance(node, tree.Call):
        meaning = into.meanings[node]
        if node.name == "/\\":
            for each in node.arguments:
                yield from _conjuncts(each, into)
            return
        if isinstance(meaning, tree.Definition) and is_temporal(node, into.meanings):
            yield from _conjuncts(applied(node, meaning, into), into)
            return
    yield node


def _is_relation(node: tree.Expression) -> bool:
    if not isinstance(node, tree.Unsupported) or node.construct != "operator []":
        return False
    inner = node.operands[0]
    return isinstance(inner, tree.Unsupported) and inner.construct == STEP_OR_STUTTER


def _nodes(node: tree.Node, into: Resolution) -> Iterator[tree.Node]:
    yield node
    meaning = into.meanings.get(node) if isinstance(node, tree.Call) else None
    if isinstance(meaning, tree.Definition) and not meaning.is_recursive:
        yield from _nodes(meaning.body, into)
    for each in tree.children(node):
        yield from _nodes(each, into)


def _named(owner: tree.Definition, node: tree.Expression, into: Resolution) -> tree.Definition:
    """Return the operator that a formula names, or one that stands for the formula."""
    if isinstance(node, tree.Call) and not node.arguments:
        meaning = into.meanings[node]
        if isinstance(meaning, tree.Definition):
            return meaning
    made = tree.Definition(node.at, owner.name, (), node)
    into.definitions.append(made)
    into.of_modules.add(made)
    return made
