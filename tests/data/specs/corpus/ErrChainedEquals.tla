-------------------------- MODULE ErrChainedEquals ---------------------------
(* SANY refuses a chain of equalities.                                       *)
VARIABLES x, y
Init == x = y = 0
Next == UNCHANGED <<x, y>>
==============================================================================
