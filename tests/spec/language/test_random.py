"""What must hold of any formula, any value and any text."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref import spec
from tests.support.files import SPECS
from tests.support.golden import golden_cases, golden_module
from tests.support.modules import CONSTANTS, load_text

SPEC = (SPECS / "Properties.tla").read_text()

scalars = st.one_of(st.booleans(), st.integers(-5, 5), st.text('ab"\\', max_size=3))
hashables = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.frozensets(inner, max_size=3),
    ),
    max_leaves=6,
)
values = st.one_of(hashables, st.dictionaries(st.text("ab", min_size=1), hashables, max_size=3))


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> spec.Module:
    return golden_module(tmp_path_factory.mktemp("spec"))


def is_homogeneous(value: spec.Value) -> bool:
    """Whether TLC could compare the elements of each set in a value."""
    if isinstance(value, tuple):
        return all(is_homogeneous(each) for each in value[1:])  # type: ignore[arg-type]
    if isinstance(value, frozenset):
        return len(value) < 2 and all(is_homogeneous(each) for each in value)
    return True


@settings(max_examples=100, deadline=None)
@given(values)
def test_what_is_shown_can_be_read_again(module: spec.Module, value: object) -> None:
    expected = spec.from_python(value)
    if is_homogeneous(expected):
        assert module.constant(spec.show(expected), CONSTANTS) == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(values), st.lists(values))
def test_equality_and_hash_are_those_of_the_values(one: list[object], other: list[object]) -> None:
    left, right = spec.from_python(one), spec.from_python(other)
    assert (left == right) == (spec.show(left) == spec.show(right))
    assert left == spec.from_python(one)
    assert hash(left) == hash(spec.from_python(one))


@given(values)
def test_python_and_back(value: object) -> None:
    there = spec.from_python(value)
    assert spec.from_python(spec.to_python(there)) == there or contains_function_in_set(there)


def contains_function_in_set(value: spec.Value) -> bool:
    """Whether a function stands where `to_python` has to make it a set of pairs."""
    if isinstance(value, frozenset):
        return any(isinstance(each, tuple) for each in value)
    if isinstance(value, tuple):
        return any(contains_function_in_set(each) for each in value[1:])  # type: ignore[arg-type]
    return False


NAMES = ["p", "q", "r"]


def bound(part: tuple[str, str]) -> str:
    """Return a name that is not bound within the part: outer formulas are longer."""
    return f"x{len(part[0])}"


formulas = st.recursive(
    st.sampled_from([(name, name) for name in NAMES] + [("TRUE", "True"), ("FALSE", "False")]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["/\\ and", "\\/ or", "<=> =="]), inner, inner).map(
            lambda parts: (
                f"({parts[1][0]} {parts[0].split()[0]} {parts[2][0]})",
                f"({parts[1][1]} {parts[0].split()[1]} {parts[2][1]})",
            )
        ),
        st.tuples(inner, inner).map(
            lambda parts: (
                f"({parts[0][0]} => {parts[1][0]})",
                f"((not {parts[0][1]}) or {parts[1][1]})",
            )
        ),
        inner.map(lambda part: (f"~{part[0]}", f"(not {part[1]})")),
        st.tuples(inner, inner, inner).map(
            lambda parts: (
                f"(IF {parts[0][0]} THEN {parts[1][0]} ELSE {parts[2][0]})",
                f"({parts[1][1]} if {parts[0][1]} else {parts[2][1]})",
            )
        ),
        inner.map(
            lambda part: (
                f"(\\E {bound(part)} \\in {{TRUE, FALSE}} : {bound(part)} <=> {part[0]})",
                f"any(x == {part[1]} for x in (True, False))",
            )
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(formulas, st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_a_formula_means_what_it_means_in_python(
    tmp_path_factory: pytest.TempPathFactory,
    formula: tuple[str, str],
    truths: tuple[bool, bool, bool],
) -> None:
    given_values = dict(zip(NAMES, truths, strict=True))
    module = load_text(tmp_path_factory.getbasetemp(), f"P == {formula[0]}", "VARIABLES p, q, r")
    found = module.predicate("P").holds({k: spec.boolean(v) for k, v in given_values.items()})
    assert found == eval(formula[1], given_values)


def mutated(text: str, seed: int) -> str:
    """Return the text with a few pieces taken out, doubled, swapped or replaced."""
    rng = random.Random(seed)
    for _ in range(rng.randint(1, 3)):
        start, end = sorted(rng.randrange(len(text)) for _ in range(2))
        end = min(end, start + rng.choice([1, 3, 12]))
        piece = rng.choice(["", text[start:end] * 2, "1", "\\", "(", "x'", "\t", "é", "<<", "[]"])
        text = text[:start] + piece + text[end:]
    return text


def evaluate_everything(path: Path) -> None:
    module = spec.load(path)
    constants: dict[str, spec.Value] = {name: spec.model_value(name) for name in module.constants}
    state: dict[str, spec.Value] = dict.fromkeys(module.variables, 1)
    for each in module.properties():
        with suppress(spec.SpecError):
            module.predicate(each.name, constants).holds(state, state)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_a_damaged_module_is_an_error_or_means_something(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "Base.tla").write_text((SPECS / "Base.tla").read_text())
    (folder / "Fuzzed.tla").write_text(mutated(SPEC, seed))
    with suppress(spec.SpecError):
        evaluate_everything(folder / "Fuzzed.tla")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([case.expression for case in golden_cases()]), st.integers(0, 10**9))
def test_a_damaged_expression_is_an_error_or_has_a_value(
    module: spec.Module, expression: str, seed: int
) -> None:
    with suppress(spec.SpecError):
        spec.show(module.constant(mutated(expression, seed), CONSTANTS))
