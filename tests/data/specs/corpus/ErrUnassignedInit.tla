-------------------------- MODULE ErrUnassignedInit --------------------------
(* The initial predicate leaves a variable without a value.                  *)
VARIABLES x, y
Init == x = 0
Next == UNCHANGED <<x, y>>
==============================================================================
