r"""Binding times: which variables are static, and which dynamic, when an action is specialized.

Dynamic are the variables that have a new value in almost every state, while an action hardly looks
at them: sets, or bags, that some action picks an element of: `\E m \in messages : Receive(m)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from raft_ref.spec.names.analysis import Analysis
from raft_ref.spec.names.labels import Label
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.expressions import Declaration


class Division(NamedTuple):
    """The variables that are dynamic as they are, and those that are primed; others are static."""

    unprimed: frozenset[tree.Variable]
    primed: frozenset[tree.Variable]

    def is_dynamic(self, name: Declaration, primed: bool) -> bool:
        """Whether a name is that of a dynamic variable."""
        return name in (self.primed if primed else self.unprimed)


def dynamic_variables(labels: Sequence[Label], analysis: Analysis) -> frozenset[tree.Variable]:
    r"""Return the variables that an \E of some action picks elements of."""
    nodes = [each for label in labels for each in (*label.steps, *conjuncts_of(label.node))]
    return frozenset().union(*[picked_from(each, analysis) for each in nodes])


def conjuncts_of(node: tree.Expression) -> tuple[tree.Expression, ...]:
    """Return the conjuncts of a conjunction; of anything else none."""
    return node.arguments if isinstance(node, tree.Call) and node.name == "/\\" else ()


def picked_from(node: tree.Expression, analysis: Analysis) -> frozenset[tree.Variable]:
    r"""Return the variables that an expression picks elements of, if it is an \E."""
    if not isinstance(node, tree.Quantified) or node.is_universal:
        return frozenset()
    found = [_base(each.domain, analysis, frozenset()) for each in node.bindings]
    return frozenset(each for each in found if isinstance(each, tree.Variable))


def _base(
    node: tree.Expression, analysis: Analysis, inside: frozenset[tree.Definition]
) -> Declaration | None:
    """Return the variable or parameter of which a set is all, a part or the domain."""
    match node:
        case tree.SetFilter():
            return _base(node.bindings[0].domain, analysis, inside)
        case tree.Call(name="DOMAIN"):
            return _base(node.arguments[0], analysis, inside)
        case tree.Call():
            meaning = analysis.meanings[node]
            if isinstance(meaning, tree.Variable | tree.Parameter):
                return meaning
            if isinstance(meaning, tree.Definition) and meaning not in inside:
                found = _base(meaning.body, analysis, inside | {meaning})
                given = dict(zip(meaning.parameters, node.arguments, strict=False))
                if isinstance(found, tree.Parameter) and found in given:
                    return _base(given[found], analysis, inside)
                return found
    return None
