---------------------------- MODULE ErrMixedSets -----------------------------
(* SANY refuses union beside difference without parentheses.                 *)
VARIABLE x
Init == x = {}
Next == x' = x \cup {1} \ {2}
==============================================================================
