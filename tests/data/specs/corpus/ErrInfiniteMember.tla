-------------------------- MODULE ErrInfiniteMember --------------------------
(* A prime that is to be in Nat.                                             *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' \in Nat
==============================================================================
