--------------------------- MODULE ErrEqualUnlike ----------------------------
(* An integer is compared with a string.                                     *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == IF x = "a" THEN x' = 1 ELSE x' = 2
==============================================================================
