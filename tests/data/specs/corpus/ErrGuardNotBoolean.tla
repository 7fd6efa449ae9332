------------------------- MODULE ErrGuardNotBoolean --------------------------
(* A guard whose value is a number.                                          *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x /\ x' = 1
==============================================================================
