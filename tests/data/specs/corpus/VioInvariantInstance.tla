------------------------ MODULE VioInvariantInstance -------------------------
(* An invariant of an instance with a substituted expression is violated,    *)
(* named by the operator here.                                               *)
EXTENDS Naturals
VARIABLES a, b
C == INSTANCE ModCounter WITH c <- a + b, Limit <- 3
Init == a = 0 /\ b = 0
Next == \/ a' = a + 1 /\ UNCHANGED b
        \/ b' = b + 2 /\ UNCHANGED a
Inv == C!InRange
==============================================================================
