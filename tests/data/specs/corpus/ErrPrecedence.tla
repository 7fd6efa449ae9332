---------------------------- MODULE ErrPrecedence ----------------------------
(* SANY refuses a conjunction beside a disjunction without parentheses.      *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x = 0 /\ x' = 1 \/ x' = 0
==============================================================================
