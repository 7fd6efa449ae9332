------------------------ MODULE VioConstraintDeadlock ------------------------
(* A state all of whose successors the constraint excludes is no deadlock;   *)
(* excluded states count as generated and not as distinct.                   *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' \in {x + 1, x + 2}
Bound == x < 5
Inv == x < 8
==============================================================================
