r"""Indexed formulas: they speak of single elements of a set, or of pairs of them.

`\A i, j \in Server : P(i, j)` is all of its instances, and what an instance reads of a variable
such as `log` is `log[i]` and `log[j]` alone, if P applies the variable to nothing else. Such a
formula can be evaluated instance by instance, each on the part of a state that it reads. The same
goes for `\E`, of which one true instance is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from raft_ref.spec.code.generator import Generator
from raft_ref.spec.names.analysis import Analysis
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.expressions import Declaration

_MOST = 2
"""More names at once would be more instances than there is to be gained."""


@dataclass(frozen=True)
class IndexedFormula:
    """A formula of all or any elements; `indices` are the names that stand for them, one or two."""

    is_universal: bool
    indices: tuple[tree.Bound, ...]
    body: tree.Expression


def indexed_formula_of(
    analysis: Analysis, definition: tree.Definition, domain: str, indexed: frozenset[str]
) -> IndexedFormula | None:
    """Return an operator as an indexed formula; None if it has another shape or reads more.

    Arguments: the operator; the name of the constant or variable that is the set; the variables
    that may be read at the elements only. Of the others anything may be read.
    """
    indices: tuple[tree.Bound, ...] = ()
    node = _behind_names(analysis, definition.body)
    is_universal = isinstance(node, tree.Quantified) and node.is_universal
    while isinstance(node, tree.Quantified) and node.is_universal == is_universal:
        bound = _bound_in(node, domain)
        if bound is None or len(indices) + len(bound) > _MOST:
            break
        indices, node = indices + bound, node.body
        if _reads_only(analysis, node, frozenset(indices), indexed):
            return IndexedFormula(is_universal, indices, node)
    return None


def _behind_names(analysis: Analysis, node: tree.Expression) -> tree.Expression:
    """Return what an expression says that is but the name of another operator."""
    while isinstance(node, tree.Call) and not node.arguments:
        named = analysis.meanings[node]
        if not isinstance(named, tree.Definition) or named.is_recursive or named.parameters:
            break
        node = named.body
    return node


def _bound_in(node: tree.Quantified, domain: str) -> tuple[tree.Bound, ...] | None:
    """Return the names of a quantifier over this set alone."""
    patterns: list[tree.Pattern] = []
    for binding in node.bindings:
        over = binding.domain
        if not isinstance(over, tree.Call) or over.name != domain or over.arguments:
            return None
        patterns += binding.patterns
    if any(pattern.is_tuple for pattern in patterns):
        return None
    return tuple(name for pattern in patterns for name in pattern.names)


def _reads_only(
    analysis: Analysis, node: tree.Node, indices: frozenset[Declaration], indexed: frozenset[str]
) -> bool:
    """Whether all that the node reads of the indexed variables is their values at the indices."""

    def meaning(each: tree.Node) -> Any:
        return analysis.meanings[each] if isinstance(each, tree.Call) else None

    def is_indexed(each: tree.Node) -> bool:
        found = meaning(each)
        return isinstance(found, tree.Variable) and found.name in indexed

    if isinstance(node, tree.Application):
        function = node.function
        if isinstance(function, tree.Prime):
            function = function.operand
        if is_indexed(function):
            return meaning(node.argument) in indices
    if is_indexed(node):
        return False
    called = meaning(node)
    if isinstance(called, tree.Definition) and isinstance(node, tree.Call):
        if called.is_recursive or len(called.parameters) != len(node.arguments):
            return False
        named = zip(called.parameters, node.arguments, strict=True)
        inner = frozenset(name for name, argument in named if meaning(argument) in indices)
        if not _reads_only(analysis, called.body, inner | indices, indexed):
            return False
    return all(_reads_only(analysis, each, indices, indexed) for each in tree.children(node))


def instance_function(
    generator: Generator, definition: tree.Definition, formula: IndexedFormula
) -> Callable[..., Any]:
    """Return a function with the parameters of the definition's, that evaluates one instance.

    Its last argument are the elements that the names are bound to.
    """

    def body() -> str:
        for position, name in enumerate(formula.indices):
            generator.writer.emit(f"{generator.reference(name, False)} = chosen[{position}]")
        return generator.formula(formula.body, False)

    return generator.extra_function(definition, "instance", body, {}, ["chosen"])
