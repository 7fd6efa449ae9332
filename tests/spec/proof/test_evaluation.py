"""The formulas of the proof, evaluated: as a dumb twin does, which goes through all elements."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref.spec.link.proof_search import ConjunctsSearch
from raft_ref.spec.link.simulation_relation import SimulationRelation
from raft_ref.spec.proof.evaluation import Compiled, Structure, falsified, set_of, truth_of
from raft_ref.spec.proof.invariant import CONJUNCTS, PROPERTIES
from raft_ref.spec.proof.protocol import protocol
from raft_ref.spec.proof.relations import RELATIONS, ZERO, State, index_le, init, member, term_le
from tests.support.models import Model

Meaning = Callable[..., Any]
"""What evaluates a formula or a term, in a structure, under names that are bound or given."""

EVERY = {each.name: each.of(State()) for each in (*PROPERTIES, *CONJUNCTS)}


def dumb(formula: Any, structure: Structure, bound: Sequence[Any], given: Mapping[str, Any]) -> Any:
    """Evaluate by going through all elements; `bound` are those of the variables, last first."""
    return read(formula)(structure, bound, given)


def read(formula: Any) -> Meaning:
    """Return what evaluates a formula; z3 is asked once what is in it."""
    number = formula.get_id()
    if number not in _READ:
        _READ[number] = formula, _read(formula)  # the formula, or its number would be another's
    return _READ[number][1]


_READ: dict[int, tuple[Any, Meaning]] = {}


def _read(formula: Any) -> Meaning:
    if z3.is_quantifier(formula):
        return _quantified(formula)
    parts = formula.children()
    if formula.decl().kind() in _CONNECTIVES:
        connective, among = _CONNECTIVES[formula.decl().kind()], [read(part) for part in parts]
        return lambda *where: connective(*[part(*where) for part in among])
    if z3.is_eq(formula) and z3.is_bool(parts[0]):
        one, other = (read(part) for part in parts)
        return lambda *where: one(*where) == other(*where)
    values = [_term(part) for part in parts]
    if z3.is_eq(formula):
        return lambda *where: values[0](*where) == values[1](*where)
    if formula.decl().kind() == z3.Z3_OP_DISTINCT:
        return lambda *where: values[0](*where) != values[1](*where)
    if formula.decl() == member:
        return lambda *where: values[0](*where) in values[1](*where)
    if formula.decl() in (term_le, index_le):
        return lambda *where: values[0](*where) <= values[1](*where)
    relation = formula.decl().name()
    return lambda structure, bound, given: (
        tuple(value(structure, bound, given) for value in values) in structure.relations[relation]
    )


def _quantified(formula: Any) -> Meaning:
    sorts = [str(formula.var_sort(number)) for number in range(formula.num_vars())]
    body, every = read(formula.body()), all if formula.is_forall() else any
    return lambda structure, bound, given: every(
        body(structure, [*reversed(elements), *bound], given)
        for elements in product(*(structure.elements[sort] for sort in sorts))
    )


def _term(term: Any) -> Meaning:
    if z3.is_var(term):
        index = z3.get_var_index(term)
        return lambda structure, bound, given: bound[index]
    name = str(term)
    return (lambda *_: 0) if term.eq(ZERO) else lambda structure, bound, given: given[name]


_CONNECTIVES: Mapping[int, Any] = {
    z3.Z3_OP_NOT: lambda one: not one,
    z3.Z3_OP_AND: lambda *all_of: all(all_of),
    z3.Z3_OP_OR: lambda *one_of: any(one_of),
    z3.Z3_OP_IMPLIES: lambda one, other: not one or other,
    z3.Z3_OP_ITE: lambda test, then, other: then if test else other,
    z3.Z3_OP_TRUE: lambda: True,
    z3.Z3_OP_FALSE: lambda: False,
}


@cache
def reached() -> list[Structure]:
    """Return all abstract states that a small cluster reaches."""
    model = Model(servers=2, term=1, log=1, messages=2)
    search = ConjunctsSearch(model.system(), SimulationRelation(["s1", "s2"], ["v1"], 1, 1))
    search.run()
    return search.abstract_states()


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    """Draw a state that is reached, with some facts more or less."""
    abstract: Structure = draw(st.sampled_from(reached()))
    relations = dict(abstract.relations)
    for name in draw(st.lists(st.sampled_from([*RELATIONS]), max_size=3)):
        domains = [abstract.elements[str(sort)] for sort in RELATIONS[name]]
        fact = tuple(draw(st.sampled_from(domain)) for domain in domains)
        relations[name] = relations[name] ^ {fact}
    return abstract._replace(relations=relations)


@cache
def compiled(name: str) -> tuple[Compiled, Compiled]:
    return truth_of(EVERY[name]), falsified(EVERY[name])


@pytest.mark.parametrize("name", EVERY)
@given(structure=structures())
@settings(max_examples=10, deadline=None)
def test_a_conjunct_is_true_where_its_twin_is(name: str, structure: Structure) -> None:
    formula, (truth, fault) = EVERY[name], compiled(name)
    expected = dumb(formula, structure, [], {})
    assert bool(truth.call(structure)) == expected
    wrong = fault.call(structure)
    assert (wrong is None) == expected
    if wrong is not None:
        names = [formula.var_name(number) for number in range(formula.num_vars())]
        elements = [wrong[name] for name in names]
        assert not dumb(formula.body(), structure, [*reversed(elements)], {})


@pytest.mark.parametrize("title", protocol().actions)
@given(structure=structures(), data=st.data())
@settings(max_examples=25, deadline=None)
def test_an_action_does_what_its_twin_does(
    title: str, structure: Structure, data: st.DataObject
) -> None:
    action, old = protocol().actions[title], State()
    parameters = action.given()
    drawn = {
        str(each): data.draw(st.sampled_from(structure.elements[str(each.sort())]))
        for each in parameters
    }
    guard = z3.And(*action.guard(old, *parameters))
    enabled = truth_of(guard, parameters).call(structure, *drawn.values())
    assert bool(enabled) == dumb(guard, structure, [], drawn)
    for change in action.changes(old, *parameters):
        found = set_of(change.holds, RELATIONS[change.relation], parameters).call(
            structure, *drawn.values()
        )
        assert found == naively(change.relation, change.holds, structure, drawn)


def naively(
    relation: str, holds: Any, structure: Structure, drawn: Mapping[str, Any]
) -> frozenset[Any]:
    made = [z3.Const(f"m{number}", sort) for number, sort in enumerate(RELATIONS[relation])]
    formula = holds(*made)
    facts = product(*(structure.elements[str(sort)] for sort in RELATIONS[relation]))
    return frozenset(
        fact
        for fact in facts
        if dumb(formula, structure, [], {**drawn, **dict(zip(map(str, made), fact, strict=True))})
    )


def test_nothing_has_happened_at_first() -> None:
    abstract = SimulationRelation(["s1", "s2"], ["v1"], 1, 1).initial()
    assert truth_of(init(State())).call(abstract)
    happened = abstract._replace(relations={**abstract.relations, "started": frozenset({(1,)})})
    assert not truth_of(init(State())).call(happened)
