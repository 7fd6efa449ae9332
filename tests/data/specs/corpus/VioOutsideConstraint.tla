------------------------ MODULE VioOutsideConstraint -------------------------
(* An invariant is checked in a state that the constraint excludes: it is    *)
(* found, but goes no further.                                               *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = x + 1
Bound == x < 3
Inv == x < 3
==============================================================================
