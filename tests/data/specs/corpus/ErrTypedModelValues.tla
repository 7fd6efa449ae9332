------------------------- MODULE ErrTypedModelValues -------------------------
(* Model values of one type are compared with those of another, or with a    *)
(* number.                                                                   *)
EXTENDS Naturals
CONSTANTS A_x, B_x
VARIABLE v
Init == v = A_x
Next == v' = IF v = B_x THEN A_x ELSE B_x
==============================================================================
