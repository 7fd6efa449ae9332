----------------------------- MODULE ModCounter ------------------------------
(* A counter with a limit and a step, for other modules to instance.         *)
EXTENDS Naturals
CONSTANT Limit
VARIABLE c
Bump(n) == n + 1
Init == c = 0
Up == c < Limit /\ c' = Bump(c)
Down == c > 0 /\ c' = c - 1
Reset == c' = 0
InRange == c \in 0..Limit
Spec == Init /\ [][Up \/ Down \/ Reset]_c
==============================================================================
