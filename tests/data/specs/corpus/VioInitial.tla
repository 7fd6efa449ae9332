----------------------------- MODULE VioInitial ------------------------------
(* An invariant that an initial state violates.                              *)
EXTENDS Naturals
VARIABLE x
Init == x \in 0..3
Next == x' = (x + 1) % 4
Inv == x < 2
==============================================================================
