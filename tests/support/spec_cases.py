r"""Expressions with their values, and expressions without one.

Both tables are held against this evaluator and against TLC. They are evaluated in a module that
declares nothing but the model values and extends the standard modules.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from raft_ref import spec

EXTENDED: Final = "Integers, Sequences, FiniteSets, TLC"
CONSTANTS: Final = {"s1": spec.model_value("s1"), "s2": spec.model_value("s2")}

VALUES: Final = [
    # numbers
    ("2 + 3 * 4 - 1", "13"),
    ("7 \\div 2", "3"),
    ("-7 \\div 2", "-3"),
    ("(-7) \\div 2", "-4"),
    ("-7 % 3", "2"),
    ("2 ^ 10", "1024"),
    ("(-1) ^ 3", "-1"),
    ("2147483647 - 1", "2147483646"),
    ("\\b101 + \\hFF + \\o17", "275"),
    ("3 < 4 /\\ 4 <= 4 /\\ 5 > 4 /\\ 4 >= 4", "TRUE"),
    ("1 - 2 - 3", "-4"),
    # formulas
    ("TRUE /\\ ~FALSE", "TRUE"),
    ("TRUE \\/ 3", "TRUE"),
    ("FALSE /\\ 3", "FALSE"),
    ("FALSE => 3", "TRUE"),
    ("TRUE <=> FALSE", "FALSE"),
    ("(1 = 1) = TRUE", "TRUE"),
    ("{TRUE, FALSE} = BOOLEAN", "TRUE"),
    ("IF 1 = 1 THEN 2 ELSE 1 \\div 0", "2"),
    ("\\A x \\in {} : 3", "TRUE"),
    ("\\E x \\in 1..3 : x * x = 9", "TRUE"),
    ("\\A x, y \\in 1..3 : x + y = y + x", "TRUE"),
    ("\\E x \\in 1..3, y \\in {5} : x + y = 7", "TRUE"),
    ("\\A <<x, y>> \\in {<<1, 2>>, <<3, 4>>} : x < y", "TRUE"),
    ("\\A x \\in {1} : \\E y \\in {1} : \\A z \\in {1} : x = y /\\ y = z", "TRUE"),
    # sets
    ("{3, 1, 2, 1}", "{1, 2, 3}"),
    ("1..0", "{}"),
    ("{1, 2} \\cup {2, 3}", "{1, 2, 3}"),
    ("(1..4 \\cap 3..6) \\ {4}", "{3}"),
    ("{1} \\subseteq 1..2", "TRUE"),
    ("1 \\notin {2}", "TRUE"),
    ("1 # 2", "TRUE"),
    ("SUBSET {1, 2}", "{{}, {1}, {2}, {1, 2}}"),
    ("{1} \\in SUBSET {1, 2}", "TRUE"),
    ("UNION {{1}, {2, 3}, {}}", "{1, 2, 3}"),
    ("UNION {{1}} \\cup {2}", "{1, 2}"),  # the prefix takes its own operand first
    ("{x \\in 1..5 : x % 2 = 1}", "{1, 3, 5}"),
    ("{x * x : x \\in 1..3}", "{1, 4, 9}"),
    ("{x + y : x \\in {1, 2}, y \\in {10}}", "{11, 12}"),
    ("{<<x, y>> \\in (1..2) \\X (1..2) : x < y}", "{<<1, 2>>}"),
    ("Cardinality(SUBSET (1..5))", "32"),
    ("IsFiniteSet({1})", "TRUE"),
    ("1 \\in Nat /\\ -1 \\notin Nat /\\ -1 \\in Int", "TRUE"),
    ('"a" \\in STRING', "TRUE"),
    ("0 \\in Nat \\ {0}", "FALSE"),
    ("{1, 2} = {2, 1}", "TRUE"),
    ("{} = {1}", "FALSE"),
    ("SUBSET {1} = {{}, {1}}", "TRUE"),
    ("{1} \\X {2} \\X {3}", "{<<1, 2, 3>>}"),
    ("({1} \\X {2}) \\X {3}", "{<<<<1, 2>>, 3>>}"),
    ("<<1, 2>> \\in Nat \\X Nat", "TRUE"),
    ("CHOOSE x \\in {5, 3, 4} : x > 3", "4"),
    ("CHOOSE x \\in SUBSET {1, 2} : Cardinality(x) = 1", "{1}"),
    # functions
    ("[x \\in {1, 2} |-> x + 1]", "<<2, 3>>"),
    ("[x \\in {2, 3} |-> x]", "(2 :> 2 @@ 3 :> 3)"),
    ("[x \\in 1..2, y \\in {5} |-> x + y][2, 5]", "7"),
    ("[x, y \\in 1..2 |-> x * y][2, 2]", "4"),
    ("[<<x, y>> \\in {<<1, 2>>} |-> x + y][1, 2]", "3"),
    ("DOMAIN [x \\in {7} |-> x]", "{7}"),
    ("DOMAIN <<5, 6>>", "{1, 2}"),
    ("[{1} -> {2, 3}]", "{<<2>>, <<3>>}"),
    ("Cardinality([1..3 -> BOOLEAN])", "8"),
    ("<<1, 2>> \\in [1..2 -> Nat]", "TRUE"),
    ("<<1>> \\in [1..2 -> Nat]", "FALSE"),
    ("[{} -> {1}]", "{<<>>}"),
    ("[a |-> 1, b |-> <<>>]", "[a |-> 1, b |-> <<>>]"),
    ("[b |-> 1, a |-> 2].b", "1"),
    ('[a |-> 1] = [x \\in {"a"} |-> 1]', "TRUE"),
    ("<<1, 2>> = [x \\in 1..2 |-> x]", "TRUE"),
    ("<<>> = [x \\in {} |-> 1]", "TRUE"),
    ("[a |-> 1] = [b |-> 1]", "FALSE"),
    ("[a : {1}, b : {2, 3}]", "{[a |-> 1, b |-> 2], [a |-> 1, b |-> 3]}"),
    ("[a |-> 1, b |-> -1] \\in [a : Nat, b : Nat]", "FALSE"),
    ("[[x \\in 1..3 |-> 0] EXCEPT ![2] = 5]", "<<0, 5, 0>>"),
    ("[<<1, 2>> EXCEPT ![1] = @ + 1, ![1] = @ * 5]", "<<10, 2>>"),
    ("[<<1, 2>> EXCEPT ![3] = 7]", "<<1, 2>>"),
    ("[[a |-> <<1, 2>>] EXCEPT !.a[2] = @ + 1, !.a[1] = 7]", "[a |-> <<7, 3>>]"),
    ("[[x, y \\in 1..2 |-> 0] EXCEPT ![1, 2] = 3][<<1, 2>>]", "3"),
    ("[<<<<1>>>> EXCEPT ![1] = [@ EXCEPT ![1] = @ + 1]]", "<<<<2>>>>"),
    ("1 :> 2 @@ 1 :> 3 @@ 2 :> 4", "<<2, 4>>"),
    ("s1 :> 1 @@ s2 :> 2", "(s1 :> 1 @@ s2 :> 2)"),
    ("Permutations({1, 2})", "{<<1, 2>>, <<2, 1>>}"),
    # sequences
    ("<<1>> \\o <<2, 3>>", "<<1, 2, 3>>"),
    ('"ab" \\o "c"', '"abc"'),
    ("Len(<<1, 2>>) + Len(<<>>)", "2"),
    ("Append(<<1>>, <<2>>)", "<<1, <<2>>>>"),
    ("Head(<<1, 2>>)", "1"),
    ("Tail(<<1, 2>>)", "<<2>>"),
    ("SubSeq(<<1, 2, 3>>, 2, 3)", "<<2, 3>>"),
    ("SubSeq(<<1, 2, 3>>, 3, 2)", "<<>>"),
    ("SelectSeq(<<1, 2, 3>>, LAMBDA x : x # 2)", "<<1, 3>>"),
    ("<<1, 2>> \\in Seq(1..2)", "TRUE"),
    ("<<1, 3>> \\in Seq(1..2)", "FALSE"),
    ("<<1, <<2>>, {3}>>[2][1]", "2"),
    ('Head("ab") \\o Tail("abc") \\o SubSeq("abc", 2, 2)', '"abcb"'),
    ("SortSeq(<<3, 1, 2>>, <)", "<<1, 2, 3>>"),
    # definitions
    ("LET x == 1 y == x + 1 IN <<x, y>>", "<<1, 2>>"),
    ("LET f(x, y) == x - y IN f(5, 3)", "2"),
    ("LET f[n \\in Nat] == IF n = 0 THEN 1 ELSE n * f[n - 1] IN f[5]", "120"),
    ("LET f[n \\in 0..2] == n * n IN f", "(0 :> 0 @@ 1 :> 1 @@ 2 :> 4)"),
    (
        "LET RECURSIVE g(_) g(n) == IF n = 0 THEN <<>> ELSE Append(g(n - 1), n) IN g(3)",
        "<<1, 2, 3>>",
    ),
    ("LET apply(f(_), x) == f(f(x)) IN apply(LAMBDA x : x + 2, 1)", "5"),
    ("LET apply(f(_, _)) == f(4, 3) IN apply(\\div)", "1"),
    ("LET twice(n) == 2 * n apply(f(_)) == f(4) IN apply(twice)", "8"),
    ("LET x == 1 \\div 0 IN TRUE \\/ x = 1", "TRUE"),
    ("LET first(a, b) == IF a THEN 1 ELSE b IN first(TRUE, 1 \\div 0)", "1"),
    ("(LET y == 1 IN y) + (LET y == 2 IN y)", "3"),
    ("(LET y == <<1>> IN y[1]) + (LET y == <<2>> IN y[1])", "3"),
    (
        "LET g(k) == LET f[n \\in 0..1] == IF n = 0 THEN k ELSE f[0] IN f[1] IN g(1) + g(5)",
        "6",
    ),
    (
        "(LET f[n \\in 0..1] == IF n = 0 THEN 1 ELSE f[0] IN f)"
        " = (LET f[n \\in 0..1] == IF n = 0 THEN 5 ELSE f[0] IN f)",
        "FALSE",
    ),
    ("{x \\in 1..2 : x = 1} \\cup {x \\in 1..2 : x = 2}", "{1, 2}"),
    ("{LET y == x + 1 IN y : x \\in 1..2}", "{2, 3}"),
    ("\\A x \\in 1..3 : LET y == x * x IN x = 1 \\/ y > x", "TRUE"),
    ("[x \\in 1..2 |-> CHOOSE y \\in 1..3 : y > x]", "<<2, 3>>"),
    ("IF \\E x \\in {2} : x = 1 THEN 1 ELSE IF \\A x \\in {2} : x = 2 THEN 2 ELSE 3", "2"),
    ("CASE 1 = 2 -> 1 [] 1 = 1 -> 2 [] OTHER -> 3", "2"),
    ("CASE 1 = 2 -> 1 [] OTHER -> 3", "3"),
    # model values
    ("s1 = s2", "FALSE"),
    ("s1 = s1", "TRUE"),
    ("s1 = 1", "FALSE"),
    ("s1 \\in {1, 2}", "FALSE"),
    ("s1 \\in Nat", "FALSE"),
    ("{s1, s2}", "{s1, s2}"),
    ("s1 \\in {s1} \\cup Nat", "TRUE"),
]

# The column counts from the start of the expression.
ERRORS: Final = [
    ('1 = "a"', 1, 'cannot compare 1 with "a"'),
    ("TRUE = 1", 1, "cannot compare TRUE with 1"),
    ('1 \\in {"a"}', 1, 'cannot compare "a" with 1'),
    ('{1} = {"a"}', 1, 'cannot compare 1 with "a"'),
    ("<<1>> = <<TRUE>>", 1, "cannot compare 1 with TRUE"),
    ('[a |-> 1] = "a"', 1, 'cannot compare [a |-> 1] with "a"'),
    ("{1} = 1", 1, "cannot compare {1} with 1"),
    ("<<1>> \\in [a : {1}]", 1, "cannot tell whether <<1>> is in a set of records"),
    ("IsFiniteSet(1)", 1, "1 is not a set"),
    ('[<<1, 2>> EXCEPT !["a"] = 3]', 18, 'cannot compare 1 with "a"'),
    ("<<1>> = {1}", 1, "cannot compare <<1>> with {1}"),
    ("5 + TRUE", 1, "+ needs numbers, not TRUE"),
    ('2 + (3 * "a")', 6, '* needs numbers, not "a"'),
    ('"a" < "b"', 1, '< needs numbers, not "a"'),
    ('1 .. "b"', 1, '.. needs numbers, not "b"'),
    ("3 /\\ TRUE", 1, "a Boolean is expected, not 3"),
    ("TRUE /\\ <<>>", 9, "a Boolean is expected, not <<>>"),
    ("~1", 2, "a Boolean is expected, not 1"),
    ("IF 1 THEN 2 ELSE 3", 4, "a Boolean is expected, not 1"),
    ("\\A x \\in {1} : x", 16, "a Boolean is expected, not 1"),
    ("\\A x \\in 1 : TRUE", 10, "1 is not a set"),
    ("\\A x \\in Nat : x = x", 10, "Nat is infinite and cannot be enumerated"),
    ("<<1, 2>>[3]", 1, "3 is not in the domain of <<1, 2>>"),
    ("[a |-> 1].b", 1, "no field b in [a |-> 1]"),
    ("(1 + 1)[1]", 1, "2 is not a function, and is applied to 1"),
    ("(1 + 1).a", 1, "2 is not a record, and its field a is asked for"),
    ("DOMAIN {1}", 1, "DOMAIN needs a function, not {1}"),
    ("CHOOSE x \\in {1, 2} : x > 2", 1, "CHOOSE finds no element that satisfies its formula"),
    ("CASE 1 = 2 -> 1", 1, "no condition of the CASE holds"),
    ("Head(<<>>)", 1, "Head of an empty sequence"),
    ("Tail(<<>>)", 1, "Tail of an empty sequence"),
    ("Len({1})", 1, "Len needs a sequence, not {1}"),
    ("Append(1, 2)", 1, "Append needs a sequence, not 1"),
    ("SubSeq(<<1>>, 1, 2)", 1, "SubSeq(<<1>>, 1, 2) reaches outside of the sequence"),
    ("Cardinality(Nat)", 1, "Nat is infinite and cannot be enumerated"),
    ('"a" \\in Nat', 1, 'cannot tell whether "a" is in Nat'),
    ("1 \\in STRING", 1, "cannot tell whether 1 is in STRING"),
    ("2147483647 + 1", 1, "the result of + does not fit in 32 bits"),
    ("65536 * 65536", 1, "the result of * does not fit in 32 bits"),
    ("1 \\div 0", 1, "division by zero"),
    ("1 % 0", 1, "the second argument of % must be positive, not 0"),
    ("UNION {1}", 1, "1 is not a set"),
    ("1 \\cup {2}", 1, "1 is not a set"),
    ("1 \\in 1", 1, "1 is not a set"),
    ('Assert(1 = 2, "no")', 1, 'assertion failed: "no"'),
    ("LET x == 1 \\div 0 IN x", 10, "division by zero"),
    ("LET f(x) == x + 1 IN f(TRUE)", 13, "+ needs numbers, not TRUE"),
    ("[[a |-> 1] EXCEPT !.a = @ + TRUE]", 25, "+ needs numbers, not TRUE"),
    ('{1, "a"}', 1, 'cannot compare 1 with "a"'),
]


def module_text(definition: str, declarations: str = "CONSTANTS s1, s2") -> str:
    """Return a module around some text; that starts on line 4."""
    return f"---- MODULE Case ----\nEXTENDS {EXTENDED}\n{declarations}\n{definition}\n====\n"


def load_text(folder: Path, definition: str, declarations: str = "CONSTANTS s1, s2") -> spec.Module:
    """Load a module around some text."""
    path = folder / "Case.tla"
    path.write_text(module_text(definition, declarations))
    return spec.load(path)
