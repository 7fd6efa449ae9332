------------------------------- MODULE ActInit -------------------------------
(* An initial predicate with disjunctions, choices, a function assigned      *)
(* point by point through a set, tests of what is assigned, and no deadlock  *)
(* at the start.                                                             *)
EXTENDS Naturals
VARIABLES x, y, f
Init ==
    /\ \/ x = 0 /\ y \in {1, 2}
       \/ \E i \in 1..3 : x = i /\ y = i + 1
       \/ LET k == 5 IN x = k /\ IF k > 4 THEN y = 0 ELSE y = 1
    /\ f \in [{"a", "b"} -> 0..1]
    /\ f["a"] <= f["b"]
    /\ x # 2
Next == x' = y /\ y' = x /\ f' = [f EXCEPT !["a"] = f["b"], !["b"] = f["a"]]
==============================================================================
