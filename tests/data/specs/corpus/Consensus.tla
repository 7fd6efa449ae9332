------------------------------ MODULE Consensus ------------------------------
(* What consensus is: a set of chosen values that grows once, to one value.  *)
(* Source: Lamport, "The Part-Time Parliament", 1998, and his TLA+ lectures. *)
EXTENDS Naturals, FiniteSets
CONSTANT Value
VARIABLE chosen

Init == chosen = {}
Next == chosen = {} /\ \E v \in Value : chosen' = {v}
Spec == Init /\ [][Next]_chosen

Agreed == chosen \subseteq Value /\ IsFiniteSet(chosen) /\ Cardinality(chosen) <= 1
==============================================================================
