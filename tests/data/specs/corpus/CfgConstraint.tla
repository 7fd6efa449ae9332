---------------------------- MODULE CfgConstraint ----------------------------
(* CONSTRAINT twice and CONSTRAINTS: all must hold; excluded states are      *)
(* generated, not distinct.                                                  *)
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = 0
Next == (x' = x + 1 /\ y' = y) \/ (y' = y + 1 /\ x' = x)
LowX == x <= 3
LowY == y <= 2
Near == x - y <= 2 \/ y > x
==============================================================================
