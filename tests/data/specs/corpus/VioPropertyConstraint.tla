------------------------ MODULE VioPropertyConstraint ------------------------
(* A two-state property is checked on a step whose target the constraint     *)
(* excludes.                                                                 *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = x + 1
Bound == x < 3
Small == [][x' < 3]_x
==============================================================================
