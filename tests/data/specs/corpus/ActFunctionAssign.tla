-------------------------- MODULE ActFunctionAssign --------------------------
(* Primes of single points of a function are no assignments: the function is *)
(* assigned as a whole, by EXCEPT, by a constructor or from a set, and       *)
(* points are tested after.                                                  *)
EXTENDS Naturals
VARIABLE f
Init == f \in [1..2 -> {0}]
Next ==
    \/ f' = [f EXCEPT ![1] = (@ + 1) % 3] /\ f'[2] = f[2]
    \/ f' = [i \in 1..2 |-> f[3 - i]]
    \/ f' \in [1..2 -> 1..2] /\ f'[1] = f[1] /\ f'[2] > f[2]
==============================================================================
