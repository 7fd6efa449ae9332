----------------------------- MODULE VioDeadlock -----------------------------
(* A state without a successor, at depth four.                               *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x < 3 /\ x' = x + 1
==============================================================================
