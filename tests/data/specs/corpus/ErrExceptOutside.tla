-------------------------- MODULE ErrExceptOutside ---------------------------
(* EXCEPT outside the domain is no error: TLC warns and changes nothing.     *)
EXTENDS Naturals
VARIABLE f
Init == f = [i \in 1..2 |-> 0]
Next == f' = [f EXCEPT ![3] = 1] \/ f' = [f EXCEPT ![1] = 1 - @]
==============================================================================
