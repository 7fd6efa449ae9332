-------------------------- MODULE VioConstraintInit --------------------------
(* An initial state outside the constraint: whether its invariant is         *)
(* checked, and whether it counts.                                           *)
EXTENDS Naturals
VARIABLE x
Init == x \in {0, 9}
Next == x' = (x + 1) % 3
Bound == x < 5
Inv == x < 9
==============================================================================
