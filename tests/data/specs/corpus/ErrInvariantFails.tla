-------------------------- MODULE ErrInvariantFails --------------------------
(* An invariant that cannot be evaluated in the third state.                 *)
EXTENDS Naturals, Sequences
VARIABLE s
Init == s = <<1, 2>>
Next == s # <<>> /\ s' = Tail(s)
Inv == Head(s) > 0
==============================================================================
