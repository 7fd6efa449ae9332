-------------------------- MODULE VioPropertyOnSeen --------------------------
(* A two-state property is broken by a step to a state that is known         *)
(* already.                                                                  *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 4
Up == [][x' > x]_x
==============================================================================
