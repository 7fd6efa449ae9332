"""Sets that are not listed: every operator on every one of them has a value, or says why not."""

import contextlib
import gc
import itertools
import sys

import pytest

from raft_ref import spec
from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values import operators
from raft_ref.spec.values.runtime import in_kept_order
from raft_ref.spec.values.sets import MOST_KEPT, interval
from raft_ref.spec.values.value import LARGEST_ENUMERATION
from tests.support.golden import golden_module

SETS = {
    "Nat": "3",
    "Int": "3",
    "STRING": '"a"',
    "Seq(Nat)": "<<3>>",
    "SUBSET Nat": "{3}",
    "[{1} -> Nat]": "<<3>>",
    "[a : Nat]": "[a |-> 3]",
    "Nat \\X Nat": "<<3, 3>>",
    "Nat \\cup {-1}": "3",
    "Nat \\cap Int": "3",
    "Nat \\ {0}": "3",
    "UNION {Nat, {-1}}": "3",
    "{n \\in Nat : n > 1}": "3",
    "[a : Nat] \\cup [b : Nat]": "[a |-> 3]",
    "UNION {[D -> Nat] : D \\in SUBSET {1, 2}}": "<<3, 3>>",
    "1..100000": "3",
    "SUBSET (1..30)": "{3}",
    "[1..9 -> 1..9]": "[k \\in 1..9 |-> 3]",
    "[a : 1..2000, b : 1..2000]": "[a |-> 3, b |-> 3]",
    "{r \\in [a : 1..2000, b : 1..2000] : r.a = r.b}": "[a |-> 3, b |-> 3]",
    "{3}": "3",
}
"""Sets, most of them infinite or large, each with an element."""

TRUE_OF_EACH = (
    "{e} \\in {S}",
    "~({e} \\notin {S})",
    "{{{e}}} \\subseteq {S}",
    "{{{e}}} \\in SUBSET {S}",
    "{e} \\in ({S} \\cup {{{e}}})",
    "{e} \\in ({S} \\cap {{{e}}})",
    "{e} \\notin ({S} \\ {{{e}}})",
    "{e} \\in UNION {{{S}}}",
    "{e} \\in {{x \\in {S} : TRUE}}",
    "{e} \\notin {{x \\in {S} : FALSE}}",
    "<<{e}>> \\in Seq({S})",
    "[f |-> {e}] \\in [f : {S}]",
    "(1 :> {e}) \\in [{{1}} -> {S}]",
    "<<{e}, 1>> \\in {S} \\X {{1}}",
)
"""What holds of a set S and an element e of it, whatever they are."""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> spec.Module:
    return golden_module(tmp_path_factory.mktemp("lazy"))


@pytest.mark.parametrize("set_", SETS)
def test_what_holds_of_every_set(module: spec.Module, set_: str) -> None:
    wrong = []
    for form in TRUE_OF_EACH:
        text = form.format(S=f"({set_})", e=SETS[set_])
        if module.constant(text) is not spec.TRUE:
            wrong.append(text)
    assert wrong == []


def test_every_operator_of_two_sets_has_a_value_or_says_why_not(module: spec.Module) -> None:
    values = {each: module.constant(each) for each in SETS if "000" not in each}
    of_two = (
        operators.union,
        operators.intersection,
        operators.difference,
        operators.is_subset,
    )
    for left, right in itertools.product(values.values(), repeat=2):
        for operator in of_two:
            with contextlib.suppress(NoValueError):  # anything else is a fault
                operator(left, right)


@pytest.mark.parametrize(
    ("expression", "value"),
    [  # beyond TLC, which lists these sets and fails
        ("-1 \\in UNION {Nat, {-1}}", "TRUE"),
        ("[i \\in {3} |-> 7] \\in UNION {[D -> Nat] : D \\in SUBSET {1, 2}}", "FALSE"),
        ('"a" \\in STRING \\cup {1}', "TRUE"),
        ("CHOOSE r \\in [a : 1..3000, b : 1..3000] : r.a + r.b = 4", "[a |-> 1, b |-> 3]"),
        ("Nat \\subseteq Int", "TRUE"),
        ("SUBSET Nat \\subseteq SUBSET Int", "TRUE"),
        ("[a : Nat] \\subseteq [a : Int] \\cup {1}", "TRUE"),
        ("Seq(Nat) \\subseteq Seq(Int)", "TRUE"),
        ("{n \\in Nat : n > 1} \\subseteq Nat", "TRUE"),
        ("[{1} -> Nat] \\subseteq [{1} -> Int]", "TRUE"),
        ("Nat \\X Nat \\subseteq Int \\X Int", "TRUE"),
        ("Nat \\subseteq {1}", "FALSE"),
    ],
)
def test_what_tlc_would_list(module: spec.Module, expression: str, value: str) -> None:
    assert spec.show(module.constant(expression)) == value


def test_two_sets_with_tests_cannot_be_compared(module: spec.Module) -> None:
    with pytest.raises(spec.SpecError, match="cannot compare"):
        module.constant("{n \\in Nat : n > 1} = {n \\in Nat : n > 2}")


def test_a_set_that_is_too_large_says_how_it_is_written(module: spec.Module) -> None:
    assert LARGEST_ENUMERATION < 2**40
    with pytest.raises(spec.SpecError, match=r"SUBSET .* has too many elements"):
        module.constant("{<<x>> : x \\in SUBSET (1..40)} = {}")


def test_what_is_kept_of_intervals_that_never_come_back_does_not_grow() -> None:
    """They are asked for as a log grows for ever (`raft-ref watch`)."""

    def asked_for(first: int) -> int:
        for low in range(first, first + 2 * MOST_KEPT):
            _ = [*in_kept_order(interval(low, low + 3))]
        gc.collect()
        return sys.getallocatedblocks()

    before = asked_for(10**6)
    # Of each there are a set, its order, its numbers and what finds them.
    assert asked_for(2 * 10**6) - before < MOST_KEPT // 4
