------------------------ MODULE ErrUnchangedOperator -------------------------
(* UNCHANGED of an operator with an argument: TLC does not see the variable  *)
(* in it.                                                                    *)
VARIABLES x, y
Pick(v) == v
Init == x = 0 /\ y = 0
Next == x' = 1 /\ UNCHANGED Pick(y)
==============================================================================
