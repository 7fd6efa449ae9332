--------------------------- MODULE ErrInitInfinite ---------------------------
(* The initial predicate chooses from Nat.                                   *)
EXTENDS Naturals
VARIABLE x
Init == x \in Nat
Next == x' = x
==============================================================================
