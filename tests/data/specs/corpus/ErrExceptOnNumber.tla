-------------------------- MODULE ErrExceptOnNumber --------------------------
(* EXCEPT on a number.                                                       *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = [x EXCEPT ![1] = 2]
==============================================================================
