--------------------------- MODULE ErrInfiniteSet ----------------------------
(* A quantifier over Nat in an action.                                       *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == \E n \in Nat : x' = n
==============================================================================
