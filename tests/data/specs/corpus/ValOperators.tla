---------------------------- MODULE ValOperators -----------------------------
(* Operators as arguments by name and by LAMBDA, infix operators of one's    *)
(* own, operators of arity three, shadow-free nesting of LETs, and a         *)
(* standard infix operator passed on.                                        *)
EXTENDS Naturals, FiniteSets
VARIABLE x
a (+) b == (a + b) % 7
a \prec b == a < b
Apply(F(_, _), a, b) == F(a, b)
Map(F(_), S) == {F(e) : e \in S}
Twice(F(_), a) == F(F(a))
If3(c, t, e) == IF c THEN t ELSE e
Init == x = 1
Next ==
    \/ x' = x (+) 3
    \/ x' = Apply(LAMBDA a, b : a * b, x, 2) % 7
    \/ x' = Twice(LAMBDA a : a (+) 1, x)
    \/ x' = Apply(+, x, 1) % 5
    \/ x' = If3(x \prec 3, Cardinality(Map(LAMBDA e : e \div 2, 0..x)), 0)
TypeOK == LET inner == LET y == 7 IN 0..(y - 1) IN x \in inner
==============================================================================
