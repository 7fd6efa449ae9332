----------------------- MODULE ErrConstraintNotBoolean -----------------------
(* A constraint whose value is a number.                                     *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = x + 1
Bound == 3 - x
==============================================================================
