"""Small models: the fewest servers, quorums, terms, indices and values that satisfy formulas.

Where sorts are of a fixed size z3 always finds out, and what it finds is what a person can read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cmp_to_key
from itertools import product
from typing import Any, NamedTuple

import z3

from raft_ref.spec.proof.relations import (
    ZERO,
    Formula,
    Index,
    Quorum,
    Read,
    Round,
    Server,
    State,
    Term,
    Value,
    index_le,
    member,
    term_le,
)

SIZES: Mapping[Any, Sequence[int]] = {
    Server: (1, 2, 3, 4),
    Quorum: (1, 2, 3),
    Term: (1, 2, 3, 4),
    Index: (1, 2, 3),
    Value: (1, 2),
}
"""How many elements of each sort there may be."""

SIZES_WITH_READS: Mapping[Any, Sequence[int]] = {**SIZES, Read: (1,), Round: (1,)}

_GROWING = (
    (1, 1, 1, 2, 1), (2, 1, 2, 2, 1), (2, 2, 2, 2, 1), (2, 2, 2, 3, 2), (3, 2, 3, 3, 2),
    (4, 3, 4, 3, 2),
)  # fmt: skip
"""Sizes of the first sorts, each of which allows what the one before allows."""

_PREFIXES = {
    Server: "s", Quorum: "q", Term: "", Index: "", Value: "v", Read: "r", Round: "h",
}  # fmt: skip

Element = str | int
"""Of a sort: servers, quorums and values are named, terms and indices count (indices from 0)."""

Facts = Mapping[str, frozenset[tuple[Element, ...]]]
"""The relations of a state."""


class Model(NamedTuple):
    """A model in z3, and its elements by sort, in their order, each with a name."""

    solution: Any
    elements: Mapping[Any, Mapping[Any, Element]]

    def name(self, constant: Formula) -> Element:
        """Return what a constant stands for."""
        return self.elements[constant.sort()][self.solution.eval(constant, True)]

    def named(self, sort: Any) -> tuple[Element, ...]:
        """Return the elements of a sort."""
        return tuple(self.elements[sort].values())

    def facts(self, state: State) -> Facts:
        """Return the relations of a state."""
        return {
            name: frozenset(self._holding(state.relations[name], sorts))
            for name, sorts in state.sorts.items()
        }

    def quorums(self) -> dict[Element, frozenset[Element]]:
        """Return the servers of each quorum."""
        return {
            quorum: frozenset(
                server for (server, among) in self._holding(member, (Server, Quorum))
                if among == quorum
            )
            for quorum in self.named(Quorum)
        }  # fmt: skip

    def _holding(self, relation: Any, sorts: Sequence[Any]) -> Iterator[tuple[Element, ...]]:
        for arguments in product(*(self.elements[sort].items() for sort in sorts)):
            if z3.is_true(self.solution.eval(relation(*(each for each, _ in arguments)), True)):
                yield tuple(name for _, name in arguments)


def smallest_model(
    formulas: Sequence[Formula],
    seconds: float,
    state: State | None = None,
    sizes: Mapping[Any, Sequence[int]] = SIZES,
) -> Model | None:
    """Return the smallest model of formulas, by how many elements the sorts have together.

    With `state` no fact of that state can be left out either. None if there is none of the sizes
    tried, or none is found in so many seconds.
    """
    deadline = time.monotonic() + seconds
    large_enough = [_large_enough(formulas, sizes, sort) for sort in sizes]
    for size in sorted(product(*large_enough), key=lambda each: (sum(each), each)):
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        solver, constants = _bounded(formulas, dict(zip(sizes, size, strict=True)), left)
        if solver.check() == z3.sat:
            if state is None:
                return _read(solver.model(), constants)
            return _read(_fewest(_instantiated(formulas, constants), constants, state), constants)
    return None


def _large_enough(
    formulas: Sequence[Formula], sizes: Mapping[Any, Sequence[int]], sort: Any
) -> Sequence[int]:
    """Return the sizes of a sort but for small ones that are soon seen to be too small."""
    counts = {each: several[-1] for each, several in sizes.items()}
    tried = sizes[sort]
    while len(tried) > 1:
        solver, _ = _bounded(formulas, counts | {sort: tried[0]}, 0.5)
        if solver.check() != z3.unsat:
            break
        tried = tried[1:]
    return tried


def has_model(
    formulas: Sequence[Formula], seconds: float, sizes: Mapping[Any, Sequence[int]] = SIZES
) -> bool:
    """Return whether a small model of formulas is found in so many seconds.

    It need not be the smallest, and that is found sooner: few sizes are tried.
    """
    deadline = time.monotonic() + seconds
    for size in _GROWING:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        counts = dict.fromkeys(sizes, 1) | dict(zip(SIZES, size, strict=True))
        if _bounded(formulas, counts, left)[0].check() == z3.sat:
            return True
    return False


def _bounded(
    formulas: Sequence[Formula], counts: Mapping[Any, int], seconds: float
) -> tuple[Any, Mapping[Any, list[Any]]]:
    """Return a solver of formulas with at most so many elements, and constants for these."""
    solver = z3.Solver()
    solver.set("timeout", max(1, int(seconds * 1000)), "ctrl_c", False)
    solver.add(*formulas)
    constants: dict[Any, list[Any]] = {}
    for sort, count in counts.items():
        constants[sort] = [z3.Const(f"{sort}{number}", sort) for number in range(count)]
        some = z3.Const("any", sort)
        solver.add(z3.ForAll([some], z3.Or(*[some == each for each in constants[sort]])))
    return solver, constants


def _instantiated(formulas: Sequence[Formula], constants: Mapping[Any, list[Any]]) -> Any:
    """Return a solver of formulas about these constants alone, without any quantifiers.

    That takes a moment to write down; then it is asked as often as one likes.
    """

    def instances(formula: Formula) -> Formula:
        if not _has_quantifiers(formula):
            return formula
        if not z3.is_quantifier(formula):
            return formula.decl()(*map(instances, formula.children()))
        body, is_deep = formula.body(), _has_quantifiers(formula.body())
        sorts = [formula.var_sort(number) for number in range(formula.num_vars())]
        parts = [
            z3.substitute_vars(body, *reversed(each))
            for each in product(*(constants[sort] for sort in sorts))
        ]
        parts = [*map(instances, parts)] if is_deep else parts
        return z3.And(*parts) if formula.is_forall() else z3.Or(*parts)

    solver = z3.Solver()
    solver.add(*map(instances, formulas))
    for each in frozenset[Any]().union(*map(_named_elements, formulas)):
        solver.add(z3.Or(*[each == one for one in constants[each.sort()]]))
    return solver


def _has_quantifiers(formula: Formula) -> bool:
    return z3.is_quantifier(formula) or any(map(_has_quantifiers, formula.children()))


def _named_elements(formula: Formula) -> frozenset[Any]:
    """Return the constants in a formula that stand for elements of a sort."""
    if z3.is_const(formula) and not z3.is_bool(formula):
        return frozenset({formula})
    return frozenset[Any]().union(*map(_named_elements, formula.children()))


def _fewest(solver: Any, constants: Mapping[Any, list[Any]], state: State) -> Any:
    """Return a model from which no fact of a state can be left out."""
    assert solver.check() == z3.sat
    solution, needed = solver.model(), set()
    atoms = [
        state.relations[name](*arguments)
        for name, sorts in state.sorts.items()
        for arguments in product(*(constants[sort] for sort in sorts))
    ]
    while True:
        facts = [atom for atom in atoms if z3.is_true(solution.eval(atom, True))]
        left = [fact for fact in facts if fact.get_id() not in needed]
        if not left:
            return solution
        absent = {atom.get_id() for atom in atoms} - {fact.get_id() for fact in facts}
        solver.push()
        solver.add(*(z3.Not(atom) for atom in atoms if atom.get_id() in absent), z3.Not(left[0]))
        if solver.check() == z3.sat:
            solution = solver.model()
        else:
            needed.add(left[0].get_id())
        solver.pop()


def _read(solution: Any, constants: Mapping[Any, list[Any]]) -> Model:
    elements: dict[Any, dict[Any, Element]] = {}
    for sort, several in constants.items():
        distinct = [*dict.fromkeys(solution.eval(each, True) for each in several)]
        first = 0 if sort is Index else 1
        elements[sort] = {
            element: f"{_PREFIXES[sort]}{number}" if _PREFIXES[sort] else number
            for number, element in enumerate(_ordered(solution, sort, distinct), start=first)
        }
    assert elements[Index][solution.eval(ZERO, True)] == 0
    return Model(solution, elements)


def _ordered(solution: Any, sort: Any, elements: list[Any]) -> list[Any]:
    if sort not in (Term, Index):
        return elements
    le = term_le if sort is Term else index_le

    def compare(one: Any, other: Any) -> int:
        if one.eq(other):
            return 0
        return -1 if z3.is_true(solution.eval(le(one, other), True)) else 1

    return sorted(elements, key=cmp_to_key(compare))
