---------------------------- MODULE ErrInitFails -----------------------------
(* The initial predicate cannot be evaluated.                                *)
EXTENDS Naturals, Sequences
VARIABLE x
Init == x = Head(<<>>)
Next == x' = x
==============================================================================
