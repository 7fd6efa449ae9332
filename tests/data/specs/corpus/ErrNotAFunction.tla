--------------------------- MODULE ErrNotAFunction ---------------------------
(* A number is applied to an argument.                                       *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = x[1]
==============================================================================
