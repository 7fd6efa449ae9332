------------------------- MODULE ErrReplacedMissing --------------------------
(* The .cfg replaces a constant by an operator that is not defined.          *)
CONSTANT C
VARIABLE x
Init == x = C
Next == x' = x
==============================================================================
