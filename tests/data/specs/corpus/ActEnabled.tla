----------------------------- MODULE ActEnabled ------------------------------
(* ENABLED of an action, in an invariant and in a guard.                     *)
EXTENDS Naturals
VARIABLES x, on
Init == x = 0 /\ on = TRUE
Up == x < 3 /\ x' = x + 1 /\ on' = on
Down == x > 0 /\ x' = x - 1 /\ UNCHANGED on
Turn == ~ENABLED Up /\ on' = ~on /\ x' = x
Next == Up \/ Down \/ Turn
SomeStep == ENABLED Next
UpUntilThree == ENABLED Up <=> x # 3
==============================================================================
