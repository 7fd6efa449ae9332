--------------------------- MODULE ErrEqualBoolean ---------------------------
(* A Boolean is compared with an integer.                                    *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = IF x = FALSE THEN 1 ELSE 2
==============================================================================
