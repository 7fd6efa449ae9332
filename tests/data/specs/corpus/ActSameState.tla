---------------------------- MODULE ActSameState -----------------------------
(* Successors that are counted as generated though they are the same: a      *)
(* disjunct twice, two choices with one result, stuttering, and initial      *)
(* states found twice.                                                       *)
EXTENDS Naturals
VARIABLE x
Init == x = 0 \/ x = 1 \/ x \in {0, 1, 1} \/ (\E i \in 0..2 : x = i % 2)
Next ==
    \/ x' = x
    \/ x' = x
    \/ \E i \in 0..3 : x' = i % 2
    \/ x' \in {0, x, 0}
==============================================================================
