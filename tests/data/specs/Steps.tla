------------------------------- MODULE Steps -------------------------------
(* Round and round in three steps, and never at rest.                        *)
EXTENDS Naturals

VARIABLE n

Init == n = 0
Next == n' = (n + 1) % 3
Spec == Init /\ [][Next]_n /\ WF_n(Next)
===========================================================================
