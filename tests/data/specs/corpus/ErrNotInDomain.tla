--------------------------- MODULE ErrNotInDomain ----------------------------
(* A function is applied outside its domain after two steps.                 *)
EXTENDS Naturals
VARIABLES f, i
Init == f = [n \in 0..2 |-> n] /\ i = 1
Next == i' = f[i] + 1 /\ f' = f
==============================================================================
