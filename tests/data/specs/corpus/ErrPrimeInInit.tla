--------------------------- MODULE ErrPrimeInInit ----------------------------
(* A prime in the initial predicate.                                         *)
VARIABLE x
Init == x = 0 /\ x' = 0
Next == x' = x
==============================================================================
