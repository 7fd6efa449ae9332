--------------------------- MODULE ErrCompareOrder ---------------------------
(* A model value is compared by order.                                       *)
EXTENDS Naturals
CONSTANT m
VARIABLE x
Init == x = 0
Next == x' = IF x < m THEN 1 ELSE 2
==============================================================================
