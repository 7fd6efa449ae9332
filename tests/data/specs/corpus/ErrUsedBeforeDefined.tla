------------------------ MODULE ErrUsedBeforeDefined -------------------------
(* SANY refuses an operator that is defined below its use, unless it is      *)
(* declared RECURSIVE.                                                       *)
VARIABLE x
Init == x = Zero
Zero == 0
Next == x' = x
==============================================================================
