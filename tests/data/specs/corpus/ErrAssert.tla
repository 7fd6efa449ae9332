------------------------------ MODULE ErrAssert ------------------------------
(* Assert fails with its message, in an action.                              *)
EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0
Next == x' = x + 1 /\ Assert(x' < 3, "x has become 3")
==============================================================================
