---------------------------- MODULE ErrUnlikeSet -----------------------------
(* A set of unlike elements cannot be put in order.                          *)
EXTENDS Naturals, FiniteSets
VARIABLE x
Init == x = {1}
Next == x' = {"a"} \cup x /\ Cardinality(x') = 2
==============================================================================
