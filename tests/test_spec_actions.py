"""Initial states and successors: which, how many, under which names; and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import spec
from spec import model_value

A, B = model_value("a"), model_value("b")
CONSTANTS: dict[str, spec.Value] = {"S": frozenset((A, B))}
HEAD = "---- MODULE Case ----\nEXTENDS Integers, Sequences, FiniteSets, TLC\nCONSTANT S\n"


def load(folder: Path, text: str, variables: str = "x, y") -> spec.Module:
    path = folder / "Case.tla"
    path.write_text(f"{HEAD}VARIABLES {variables}\n{text}\n====\n")
    return spec.load(path)


def shown(states: list[spec.State]) -> list[str]:
    return [" ".join(map(spec.show, state)) for state in states]


def state(*values: object) -> spec.State:
    return tuple(spec.from_python(each) for each in values)


# The formula Next, and the successors of x = 1, y = 2; each line is one case.
SUCCESSORS = [
    (r"x' = x + 1 /\ y' = y", ["2 2"]),
    (r"x' = x + 1 /\ UNCHANGED y", ["2 2"]),
    (r"UNCHANGED <<x, y>>", ["1 2"]),
    (r"UNCHANGED vars", ["1 2"]),
    (r"UNCHANGED <<nested, y>>", ["1 2"]),
    (r"x' \in {3, 4} /\ y' = x'", ["3 3", "4 4"]),
    (r"x' = 3 /\ x' \in {3, 4} /\ y' = 0", ["3 0"]),
    (r"x' \in {3, 4} /\ x' = 4 /\ y' = 0", ["4 0"]),
    (r"(x' = 1 \/ x' = 2) /\ y' = x' * 10", ["1 10", "2 20"]),
    (r"(x' = 1 /\ y' = 1) \/ (y' = 2 /\ x' = 2)", ["1 1", "2 2"]),
    (r"(x' = 1 \/ y' = 5) /\ (x' = 2 \/ y' = 6)", ["1 6", "2 5"]),
    (r"x' = 1 /\ y' = 1 /\ (x = 1 \/ y = 2)", ["1 1", "1 1"]),  # each disjunct is a path
    (r"x' = 1 /\ y' = 1 /\ \E i \in 1..3 : i > 1", ["1 1", "1 1"]),
    (r"\E i, j \in 1..2 : x' = i /\ y' = j", ["1 1", "1 2", "2 1", "2 2"]),
    (r"\E <<i, j>> \in {<<1, 2>>, <<3, 4>>} : x' = i /\ y' = j", ["1 2", "3 4"]),
    (r"x' = 7 /\ \E i \in 1..x' : i > 5 /\ y' = i", ["7 6", "7 7"]),
    (r"IF x = 1 THEN x' = 5 /\ y' = 6 ELSE UNCHANGED vars", ["5 6"]),
    (r"(IF x = 1 THEN x' \in 1..2 ELSE x' = 9) /\ y' = x'", ["1 1", "2 2"]),
    (r"(IF x = 2 THEN x' = 1 ELSE y' = 3) /\ (IF x = 1 THEN x' = 4 ELSE y' = 3)", ["4 3"]),
    (r"CASE x = 1 -> x' = 3 /\ y' = 3 [] OTHER -> UNCHANGED vars", ["3 3"]),
    (r"y' = 0 /\ CASE x = 0 -> x' = 3 [] x = 1 -> (x' = 4 \/ x' = 5)", ["4 0", "5 0"]),
    (r"(x = 1 => x' = 3) /\ y' = 1", ["3 1"]),
    (r"(x = 2 => x' = 3) /\ UNCHANGED vars", ["1 2"]),
    (r"LET z == x + 1 IN x' = z /\ y' = z + z", ["2 4"]),
    (r"LET z == x' + 1 IN x' \in {5, 6} /\ y' = z", ["5 6", "6 7"]),
    (r"LET Set(v) == x' = v IN (Set(1) \/ Set(2)) /\ y' = 0", ["1 0", "2 0"]),
    (r"LET z == x' w == z + 1 IN x' = 3 /\ y' = w + z", ["3 7"]),
    (r"LET bad == 1 \div 0 IN x' = 1 /\ y' = IF x = 1 THEN 1 ELSE bad", ["1 1"]),
    (r"Twice(1) /\ Twice(2)", ["1 2", "2 1"]),
    (r"SetTo(x, 4) /\ SetTo(y, x')", ["4 4"]),
    (r"Equals(x', 4) /\ Equals(y', 5)", ["4 5"]),
    (r"Both(x' = 1, y' = 1 \/ y' = 2)", ["1 1", "1 2"]),
    (r"Apply(Bump, 5) /\ y' = 0", ["6 0"]),
    (r"\A i \in {1, 2} : x' = 3 /\ y' >= i", []),
    (r"y' = 2 /\ \A i \in {1, 2} : x' = 3 /\ y' >= i", ["3 2"]),
    (r"y' = 2 /\ \A i \in {1, 2} : x' = i", []),
    (r"UNCHANGED vars /\ \A i \in {1, 2} : (x = 1 \/ y = 2)", ["1 2"] * 4),
    (r"UNCHANGED vars /\ \A i \in {} : FALSE", ["1 2"]),
    (r"(\A i \in {3} : x' = i) /\ UNCHANGED y", ["3 2"]),
    (r"[x' = 2 /\ y' = 2]_vars", ["2 2", "1 2"]),
    (r"~(x = 2) /\ UNCHANGED vars", ["1 2"]),
    (r"UNCHANGED vars /\ x' + y' = 3 /\ UNCHANGED (x + y)", ["1 2"]),
    (r"x' = TRUE /\ y' = 1", ["TRUE 1"]),
    (r"FALSE /\ x' = y'", []),
    (r"x' = 1 /\ y' = [S -> {x'}]", ["1 {(a :> 1 @@ b :> 1)}"]),
]
OPERATORS = r"""
nested == <<x>>
vars == <<x, y>>
SetTo(v, e) == v' = e
Equals(v, e) == v = e
Both(P, Q) == P /\ Q
Bump(e) == x' = e + 1
Apply(F(_), e) == F(e)
Twice(i) == \/ x' = i /\ i = i
            \/ y' = i /\ (LET z == i IN z = i)
"""


@pytest.mark.parametrize(("formula", "expected"), SUCCESSORS)
def test_successors(tmp_path: Path, formula: str, expected: list[str]) -> None:
    module = load(tmp_path, f"{OPERATORS}Init == x = 1 /\\ y = 2\nNext ==\n  {formula}")
    model = module.transitions(CONSTANTS)
    found = model.successors(model.initial()[0])
    assert shown([each.state for each in found]) == expected
