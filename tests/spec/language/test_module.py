"""Loading modules; what operators read; predicates of one state and of two."""

from pathlib import Path

import pytest

from raft_ref import spec
from tests.support.files import SPECS
from tests.support.modules import load_text

A, B = spec.model_value("a"), spec.model_value("b")
VARIABLES = "VARIABLES a, b, c"
CONSTANTS: dict[str, spec.Value] = {"Server": frozenset((A, B)), "Limit": 3}


def log(a: list[int], b: list[int]) -> spec.Value:
    return spec.function({A: spec.sequence(a), B: spec.sequence(b)})


@pytest.fixture(scope="module")
def module() -> spec.Module:
    return spec.load(SPECS / "Properties.tla")


def test_declarations_stand_in_order_the_extended_module_first(module: spec.Module) -> None:
    assert module.name == "Properties"
    assert module.constants == ("Limit", "Server")
    assert module.variables == ("x", "log", "y")


def test_properties_are_this_files_operators_without_parameters(module: spec.Module) -> None:
    assert [each.name for each in module.properties()] == [
        "TypeOK",
        "Matching",
        "SometimesLong",
        "Monotone",
        "Stutters",
        "NoFormula",
        "Spec",
    ]


def test_operators_know_their_source(module: spec.Module) -> None:
    type_ok = module.operators["TypeOK"]
    assert str(type_ok.position).endswith("Properties.tla:12:1")
    assert type_ok.text == ("/\\ x \\in Nat\n/\\ \\A i \\in Server :\n     log[i] \\in Seq(Nat)")
    assert module.operators["Last"].parameters == ("s",)
    assert module.operators["vars"].is_local
    assert module.operators["Double"].parameters == ("n",)


def test_a_local_definition_of_an_extended_module_works_there_only(module: spec.Module) -> None:
    assert "Hidden" not in module.operators
    assert module.constant("Seven", CONSTANTS) == 7
    with pytest.raises(spec.SpecError, match="unknown name Hidden"):
        module.constant("Hidden", CONSTANTS)


def test_predicates(module: spec.Module) -> None:
    matching = module.predicate("Matching", CONSTANTS)
    assert matching.reads == {"log"}
    assert not matching.is_step
    assert matching.holds({"log": log([1], [1])})
    assert not matching.holds({"log": log([1], [2])})


def test_the_parts_of_a_formula_say_what_the_whole_says(module: spec.Module) -> None:
    whole, parts = module.predicate("TypeOK", CONSTANTS), module.parts(["TypeOK"], CONSTANTS)
    assert len(parts) > 1
    assert {part.name for part in parts} == {"TypeOK"}
    assert frozenset[str]().union(*(part.reads for part in parts)) == whole.reads
    assert all(part.reads < whole.reads for part in parts)
    for state in ({"x": 0, "log": log([1], [1])}, {"x": 0, "log": log([-1], [1])}):
        assert whole.holds(state) == all(part.holds(state) for part in parts)


def test_failing_instances_name_the_bindings(module: spec.Module) -> None:
    matching = module.predicate("Matching", CONSTANTS)
    assert matching.failing_instances({"log": log([1], [2])}) == ("i = a, j = b",)
    assert matching.failing_instances({"log": log([1], [1])}) == ()
    type_ok = module.predicate("TypeOK", CONSTANTS)
    assert type_ok.failing_instances({"x": 0, "log": log([-1], [1])}) == ("i = a",)


def test_instances_that_swap_values_are_told_once(tmp_path: Path) -> None:
    r"""If their names were bound together: those of `\A i, j \in S`."""
    text = r"""
    Together == \A m, n \in 1..2 : m = n
    Apart == \A m \in 1..2 : \A n \in 1..2 : m = n
    """
    module = load_text(tmp_path, text, VARIABLES)
    assert module.predicate("Together").failing_instances({}) == ("m = 1, n = 2",)
    assert module.predicate("Apart").failing_instances({}) == ("m = 1, n = 2", "m = 2, n = 1")


def test_only_the_first_conjunct_that_fails_is_explained(tmp_path: Path) -> None:
    guarded = """
    P == \\A n \\in 1..2 : /\\ n \\in DOMAIN a
                         /\\ a[n] > 0
    Q == /\\ a # <<>>
         /\\ \\A n \\in {1} : a[n] = 0
    """
    module = load_text(tmp_path, guarded, VARIABLES)
    assert module.predicate("P").failing_instances({"a": spec.sequence([0])}) == ("n = 1", "n = 2")
    assert module.predicate("Q").failing_instances({"a": spec.sequence([])}) == ()
    assert module.predicate("Q").failing_instances({"a": spec.sequence([5])}) == ("n = 1",)


def test_steps_read_two_states(module: spec.Module) -> None:
    monotone = module.predicate("Monotone", CONSTANTS)
    assert monotone.reads == monotone.reads_primed == {"x"}
    assert monotone.is_step
    assert monotone.holds({"x": 1}, {"x": 2})
    assert not monotone.holds({"x": 2}, {"x": 1})
    with pytest.raises(KeyError, match="give the next state too"):
        monotone.holds({"x": 1})


def test_unchanged_compares_the_two_states(module: spec.Module) -> None:
    stutters = module.predicate("Stutters", CONSTANTS)
    assert stutters.holds({"x": 1, "y": A}, {"x": 1, "y": A})
    assert not stutters.holds({"x": 1, "y": A}, {"x": 1, "y": B})


def test_a_property_that_is_no_formula_is_an_error_where_it_is_defined(module: spec.Module) -> None:
    with pytest.raises(spec.SpecError, match=r"tla:20:1: NoFormula is no formula: its value is 2"):
        module.predicate("NoFormula", CONSTANTS).holds({"x": 1})


def test_what_is_not_supported_is_an_error_only_of_the_operator_that_has_it(
    module: spec.Module,
) -> None:
    with pytest.raises(spec.SpecError, match=r"tla:21:19: not supported here: operator \[\]"):
        module.predicate("Spec", CONSTANTS)


def test_assumptions_are_checked_once_the_constants_are_given(module: spec.Module) -> None:
    with pytest.raises(spec.SpecError, match="the assumption does not hold of these constants"):
        module.predicate("Matching", {**CONSTANTS, "Server": frozenset()})


def test_a_missing_value_is_named(module: spec.Module) -> None:
    with pytest.raises(KeyError, match="Matching needs a value for log"):
        module.predicate("Matching", CONSTANTS).holds({})
    with pytest.raises(spec.SpecError, match="no value is given for the constant Server"):
        module.predicate("Matching", {"Limit": 1})
    with pytest.raises(KeyError, match="Properties has no constant Size"):
        module.predicate("Matching", {"Size": 1})


@pytest.mark.parametrize(
    ("definition", "reads", "reads_primed"),
    [
        ("P == a = 1 /\\ b' = 2", "a", "b"),
        ("Q == a = b P == Q'", "", "ab"),
        ("Q(n) == n = b P == Q(a)'", "", "ab"),
        ("Q(n) == n' = n P == Q(a)", "a", "a"),
        ("Q(n) == n' = b P == Q(a)", "b", "a"),
        ("Q(f(_)) == f(1) P == Q(LAMBDA n : n = a)", "a", ""),
        ("P == LET q == a r == b IN q' = c", "c", "a"),
        ("P == LET q(n) == n + a IN q(b)' = 1", "", "ab"),
        ("P == \\E n \\in {1} : n' = a", "a", ""),
        ("P == UNCHANGED <<a, b>>", "ab", "ab"),
        ("RECURSIVE Q(_) Q(n) == IF n = 0 THEN a ELSE Q(n - 1) P == Q(3) = b", "ab", ""),
        ("P == [a EXCEPT !.b = 1].c = 2", "a", ""),
    ],
)
def test_reads_are_what_evaluation_may_need(
    tmp_path: Path, definition: str, reads: str, reads_primed: str
) -> None:
    predicate = load_text(tmp_path, definition, VARIABLES).predicate("P")
    assert predicate.reads == set(reads)
    assert predicate.reads_primed == set(reads_primed)


@pytest.mark.parametrize(
    ("definition", "holds"),
    [
        ("Q == a P == Q' = 2", True),
        ("Q(n) == n' = n + 1 P == Q(a)", True),
        ("Q(n) == n + b P == Q(a)' = 2 + b'", True),
        ("P == LET q == a + b IN q' = 2 + b' /\\ q = 1 + b", True),
        ("P == LET q(n) == n + a IN q(b)' = b' + 2 /\\ q(0) = 1", True),
        ("P == \\E n \\in {1, 2} : n' = 2", True),
        ("P == UNCHANGED a", False),
        ("P == (a + b)' = a' + b'", True),
        ("Q(f(_)) == f(1) P == Q(LAMBDA n : n + a)' = 3", True),
        ("P == a' = a \\/ b' = b + 4", True),
    ],
)
def test_primes(tmp_path: Path, definition: str, holds: bool) -> None:
    predicate = load_text(tmp_path, definition, VARIABLES).predicate("P")
    assert predicate.holds({"a": 1, "b": 5}, {"a": 2, "b": 9}) == holds


@pytest.mark.parametrize(
    ("definition", "error"),
    [
        ("P == Unknown", "4:6: unknown name Unknown"),
        ("P == Unknown(1)", "4:6: unknown operator Unknown"),
        ("P == x\nP == 1", "4:6: unknown name x"),
        ("P == 1\nP == 2", "5:1: P is defined already at {file}:4:1"),
        ("P == 1 Q == P(2)", "4:13: P takes 0 arguments, not 1"),
        ("P == Len(1, 2)", "4:6: Len takes 1 argument, not 2"),
        ("P == \\A a \\in {1} : a", "4:9: a is defined already at {file}:3:11"),
        ("P == Q Q == 1", "4:6: unknown name Q"),
        ("P == SelectSeq(<<>>, 1)", "4:22: an operator of 1 argument is expected here"),
        ("P == [a |-> 1, a |-> 2]", "4:16: the field a is given twice"),
        ("P == (1 + ", "4:9: syntax error at '+'"),
        ("P == a'' = 1", "4:6: a prime within a prime"),
        ("Q == a' P == Q' = 1", "4:14: a prime within a prime: Q has one"),
        ("P == 3000000000", "4:6: 3000000000 does not fit in 32 bits"),
    ],
)
def test_a_wrong_module_is_refused_at_its_place(
    tmp_path: Path, definition: str, error: str
) -> None:
    with pytest.raises(spec.SpecError) as raised:
        load_text(tmp_path, definition, VARIABLES).predicate("P")
    file = tmp_path / "Case.tla"
    assert str(raised.value).startswith(f"{file}:{error.format(file=file)}")


def test_a_missing_module_is_an_error_where_it_is_extended(tmp_path: Path) -> None:
    (tmp_path / "M.tla").write_text("---- MODULE M ----\nEXTENDS Naturals, Nowhere\n====")
    with pytest.raises(spec.SpecError, match=r"M.tla:2:19: there is no module Nowhere"):
        spec.load(tmp_path / "M.tla")


def test_a_module_cannot_extend_itself(tmp_path: Path) -> None:
    (tmp_path / "M.tla").write_text("---- MODULE M ----\nEXTENDS N\n====")
    (tmp_path / "N.tla").write_text("---- MODULE N ----\nEXTENDS M\n====")
    with pytest.raises(spec.SpecError, match=r"N.tla:2:9: module M extends itself"):
        spec.load(tmp_path / "M.tla")


def test_arguments_and_definitions_are_evaluated_when_needed_and_once(tmp_path: Path) -> None:
    lazy = """
    First(p, q) == p
    P == First(TRUE, 1 \\div 0)
    Q == LET q == 1 \\div a IN a = 0 \\/ q = 1
    """
    module = load_text(tmp_path, lazy, VARIABLES)
    assert module.predicate("P").holds({})
    assert module.predicate("Q").holds({"a": 0})
    assert module.predicate("Q").holds({"a": 1})


def test_endless_recursion_is_an_error(tmp_path: Path) -> None:
    module = load_text(tmp_path, "RECURSIVE F(_) F(n) == F(n + 1) P == F(0) = 1", VARIABLES)
    with pytest.raises(spec.SpecError, match="the recursion is too deep or endless"):
        module.predicate("P").holds({})


def test_operators_may_be_named_by_symbols(tmp_path: Path) -> None:
    module = load_text(tmp_path, "m (+) n == 10 * m + n\nOf(f(_, _), m) == f(m, m)", VARIABLES)
    assert module.constant("1 (+) 2") == 12
    assert module.constant("Of(+, 4)") == 8
    assert module.constant("Of((+), 4)") == 44


def test_unicode_symbols_are_the_ascii_ones(tmp_path: Path) -> None:
    module = load_text(tmp_path, "P == ∀ n ∈ {1} : (n ∈ {1} ∧ ¬FALSE) ⇒ n ≤ 1 ∧ n ≠ 2", VARIABLES)
    assert module.predicate("P").holds({})


@pytest.mark.parametrize(
    "expression", ["(" * 500 + "1" + ")" * 500, " + ".join(["1"] * 1000), "~" * 300 + "TRUE"]
)
def test_what_is_nested_too_deeply_is_refused(tmp_path: Path, expression: str) -> None:
    with pytest.raises(spec.SpecError, match="nested too deeply"):
        load_text(tmp_path, f"P == {expression}", VARIABLES).constant("P")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "M.tla").write_bytes(b"---- MODULE M ----\n\xff\n====")
    with pytest.raises(spec.SpecError, match="the file is not UTF-8 text"):
        spec.load(tmp_path / "M.tla")


def test_bags(tmp_path: Path) -> None:
    two = "Two == SetToBag({1}) (+) SetToBag({1, 2})"
    (tmp_path / "M.tla").write_text(f"---- MODULE M ----\nEXTENDS Bags, Naturals\n{two}\n====")
    module = spec.load(tmp_path / "M.tla")
    assert spec.show(module.constant("Two")) == "<<2, 1>>"
    assert module.constant("CopiesIn(1, Two (-) SetToBag({1}))") == 1
    assert module.constant("BagCardinality(Two)") == 3
