"""The names that a module has without defining them: TLA+'s own and the standard modules'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from raft_ref.spec.values import arithmetic, bags, operators, sequences, sets
from raft_ref.spec.values.builtin import Builtin, table
from raft_ref.spec.values.community import COMMUNITY, chance
from raft_ref.spec.values.operators import holds
from raft_ref.spec.values.value import sequence_domain, show

LANGUAGE: Final = table(
    Builtin("TRUE", 0, lambda: True, "formula"),
    Builtin("FALSE", 0, lambda: False, "formula"),
    Builtin("/\\", 2, lambda p, q: holds(p, "/\\") and holds(q, "/\\"), "formula"),
    Builtin("\\/", 2, lambda p, q: holds(p, "\\/") or holds(q, "\\/"), "formula"),
    Builtin("=>", 2, lambda p, q: not holds(p, "=>") or holds(q, "=>"), "formula"),
    Builtin("<=>", 2, lambda p, q: holds(p, "<=>") == holds(q, "<=>"), "formula"),
    Builtin("~", 1, lambda p: not holds(p, "~"), "formula"),
    Builtin("UNCHANGED", 1, None, "formula"),
    Builtin("ENABLED", 1, None, "formula"),
    Builtin("BOOLEAN", 0, lambda: sets.BOOLEAN, "set"),
    Builtin("STRING", 0, lambda: sets.STRING, "set"),
    Builtin("=", 2, sets.equal, "formula"),
    Builtin("#", 2, lambda left, right: not sets.equal(left, right), "formula"),
    Builtin("\\in", 2, operators.is_element, "formula"),
    Builtin("\\notin", 2, lambda value, of: not sets.contains(of, value), "formula"),
    Builtin("\\subseteq", 2, operators.is_subset, "formula"),
    Builtin("\\cup", 2, operators.union, "set"),
    Builtin("\\cap", 2, operators.intersection, "set"),
    Builtin("\\", 2, operators.difference, "set"),
    Builtin("SUBSET", 1, operators.power_set, "set"),
    Builtin("UNION", 1, operators.big_union, "set"),
    Builtin("DOMAIN", 1, operators.domain, "set"),
)

_NATURALS: Final = table(
    Builtin("Nat", 0, lambda: sets.NAT, "set"),
    Builtin("+", 2, arithmetic.add, "number"),
    Builtin("-", 2, arithmetic.subtract, "number"),
    Builtin("*", 2, arithmetic.multiply, "number"),
    Builtin("^", 2, arithmetic.power, "number"),
    Builtin("\\div", 2, arithmetic.divide, "number"),
    Builtin("%", 2, arithmetic.modulo, "number"),
    Builtin("<", 2, arithmetic.less, "formula"),
    Builtin(">", 2, arithmetic.greater, "formula"),
    Builtin("<=", 2, arithmetic.at_most, "formula"),
    Builtin(">=", 2, arithmetic.at_least, "formula"),
    Builtin("..", 2, arithmetic.interval, "set"),
)
_INTEGERS: Final = {
    **_NATURALS,
    **table(
        Builtin("Int", 0, lambda: sets.INT, "set"), Builtin("-.", 1, arithmetic.negate, "number")
    ),
}

STANDARD_MODULES: Final[Mapping[str, Mapping[str, Builtin]]] = {
    "Naturals": _NATURALS,
    "Integers": _INTEGERS,
    "Reals": {
        **_INTEGERS,
        **table(
            Builtin("/", 2, None),
            Builtin("Infinity", 0, None),
            Builtin("Real", 0, lambda: sets.REAL, "set"),
        ),
    },
    "Sequences": table(
        Builtin("Seq", 1, sequences.sequence_set, "set"),
        Builtin("Len", 1, sequences.length, "number"),
        Builtin("Append", 2, sequences.append, "function"),
        Builtin("Head", 1, sequences.head),
        Builtin("Tail", 1, sequences.tail, "function"),
        Builtin("SubSeq", 3, sequences.subsequence, "function"),
        Builtin("\\o", 2, sequences.concatenation),
        Builtin("SelectSeq", 2, sequences.selected, "function", {1: 1}),
    ),
    "FiniteSets": table(
        Builtin("Cardinality", 1, operators.cardinality, "number"),
        Builtin("IsFiniteSet", 1, operators.is_finite_set, "formula"),
    ),
    "TLC": table(
        Builtin(":>", 2, operators.single, "function"),
        Builtin("@@", 2, operators.merged, "function"),
        Builtin("Permutations", 1, operators.permutations, "set"),
        Builtin("Assert", 2, operators.asserted, "formula"),
        Builtin("Print", 2, lambda _shown, value: value),  # nothing is printed: no side effects
        Builtin("PrintT", 1, lambda _shown: True, "formula"),
        Builtin("ToString", 1, show),
        Builtin("SortSeq", 2, sequences.sort_sequence, "function", {1: 2}),
        Builtin("TLCEval", 1, lambda value: value),
        Builtin("TLCGet", 1, None, varies=True),  # these two ask the program that evaluates
        Builtin("TLCSet", 2, None, "formula", varies=True),
        Builtin("RandomElement", 1, chance.random_element, varies=True, is_drawn=True),
        Builtin("JavaTime", 0, chance.seconds, "number", varies=True),
        Builtin("Any", 0, lambda: sets.ANY, "set"),
    ),
    "Bags": table(
        Builtin("EmptyBag", 0, lambda: (sequence_domain(0),), "function"),
        Builtin("IsABag", 1, bags.is_bag, "formula"),
        Builtin("SetToBag", 1, bags.bag_of, "function"),
        Builtin("BagToSet", 1, bags.bag_elements, "set"),
        Builtin("BagIn", 2, lambda each, of: each in bags.bag(of, "BagIn"), "formula"),
        Builtin("(+)", 2, bags.bag_sum, "function"),
        Builtin("(-)", 2, bags.bag_difference, "function"),
        Builtin("CopiesIn", 2, bags.copies, "number"),
        Builtin("BagCardinality", 1, bags.bag_size, "number"),
        Builtin("BagUnion", 1, bags.bag_union, "function"),
        Builtin("BagOfAll", 2, bags.bag_of_all, "function", {0: 1}),
        Builtin("\\sqsubseteq", 2, bags.bag_included, "formula"),
        Builtin("SubBag", 1, bags.sub_bags, "set"),
    ),
    **COMMUNITY,
}
