--------------------------- MODULE ErrIfNotBoolean ---------------------------
(* The condition of an IF is a number.                                       *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = IF x THEN 1 ELSE 2
==============================================================================
