------------------------- MODULE ErrChooseUnbounded --------------------------
(* CHOOSE without a bound cannot be computed.                                *)
VARIABLE x
Init == x = {}
Next == x' = CHOOSE y : y \notin x
==============================================================================
