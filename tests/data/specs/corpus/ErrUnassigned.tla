---------------------------- MODULE ErrUnassigned ----------------------------
(* One branch of the next-state relation leaves a variable without a value.  *)
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = 0
Next == \/ x' = 1 - x /\ y' = y
        \/ x = 1 /\ x' = 0
==============================================================================
