-------------------------- MODULE ErrEqualSetNumber --------------------------
(* A set is compared with a number.                                          *)
EXTENDS Naturals
VARIABLE x
Init == x = {1}
Next == x' = IF x = 1 THEN {2} ELSE {3}
==============================================================================
