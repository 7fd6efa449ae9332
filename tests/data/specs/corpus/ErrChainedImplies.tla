-------------------------- MODULE ErrChainedImplies --------------------------
(* SANY refuses a chain of implications.                                     *)
VARIABLE x
Init == x = TRUE
Next == x' = (x => x => FALSE)
==============================================================================
