--------------------------- MODULE ActHigherOrder ----------------------------
(* Actions as arguments of operators, by name and by LAMBDA, with primes in  *)
(* what is passed, and a recursive action.                                   *)
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = 0
Do(A(_), n) == A(n) \/ A(n + 1)
SetX(n) == x' = n % 5
Become(v, e) == v' = e
Both(A, B) == A /\ B
RECURSIVE OneOf(_)
OneOf(n) == IF n = 0 THEN x' = 0 ELSE x' = n \/ OneOf(n - 1)
Next ==
    \/ Do(SetX, x) /\ Become(y, x)
    \/ Do(LAMBDA n : y' = n % 3, y) /\ UNCHANGED x
    \/ Both(x' = y, y' = x)
    \/ OneOf(y % 3) /\ y' = y
==============================================================================
