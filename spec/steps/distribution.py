r"""An action that begins with a choice falls apart: (A \/ B) /\ C is A /\ C, and then B /\ C.

The parts give the same steps in the same order, and go by the same name: only their stages are
their own, so that each reads no more than it needs. Where the choice comes later nothing is
distributed: what stands before it would be evaluated again for each part. Nor is it where the
action is one of each element of a set: all parts of the first come before those of the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from raft_ref.spec.names.analysis import Analysis
from raft_ref.spec.names.labels import Label
from raft_ref.spec.steps.binding_times import conjuncts_of
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.values.standard import LANGUAGE


def parts_of(label: Label, analysis: Analysis) -> list[Label]:
    """Return the actions of which an action is the disjunction, if only of itself."""
    if label.bound:
        return [label]
    first, *rest = conjuncts_of(label.node) or (label.node,)
    parts = list(_conjunctions(first, rest, frozenset(), analysis)) if rest else []
    if len(parts) < 2:
        return [label]
    return [replace(label, node=_conjunction(label.node, each, analysis)) for each in parts]


def _conjunctions(
    first: tree.Expression,
    rest: Sequence[tree.Expression],
    inside: frozenset[tree.Definition],
    analysis: Analysis,
) -> Iterator[tuple[tree.Expression, ...]]:
    """Yield the conjuncts of each part of a conjunction, whose first conjunct is given apart."""
    if isinstance(first, tree.Call) and first.name == "/\\":
        first, *more = first.arguments
        yield from _conjunctions(first, (*more, *rest), inside, analysis)
        return
    if isinstance(first, tree.Call) and first.name == "\\/":
        for each in first.arguments:
            yield from _conjunctions(each, rest, inside, analysis)
        return
    if isinstance(first, tree.Call):
        meaning = analysis.meanings[first]
        if isinstance(meaning, tree.Definition) and _is_plain(meaning, inside, analysis):
            parts = list(_conjunctions(meaning.body, rest, inside | {meaning}, analysis))
            if len(parts) > 1:
                yield from parts
                return
    yield (first, *rest)


def _is_plain(
    definition: tree.Definition, inside: frozenset[tree.Definition], analysis: Analysis
) -> bool:
    """Whether a definition means the same wherever its body is written."""
    is_of_let = analysis.is_of_let(definition)
    return not (definition.parameters or definition.is_recursive or is_of_let) and (
        definition not in inside
    )


def _conjunction(
    node: tree.Expression, conjuncts: tuple[tree.Expression, ...], analysis: Analysis
) -> tree.Expression:
    found = tree.Call(node.at, "/\\", conjuncts)
    analysis.meanings[found] = LANGUAGE["/\\"]
    return found
