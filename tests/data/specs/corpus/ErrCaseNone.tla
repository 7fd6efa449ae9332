----------------------------- MODULE ErrCaseNone -----------------------------
(* No arm of a CASE applies.                                                 *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = CASE x = 0 -> 1 [] x = 1 -> 5
==============================================================================
