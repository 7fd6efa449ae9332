------------------------- MODULE CfgActionConstraint -------------------------
(* ACTION_CONSTRAINT excludes steps by both their states, as well as the     *)
(* states beyond.                                                            *)
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = 0
Next == x' \in 0..4 /\ y' \in 0..2
Slow == x' <= x + 1 /\ (x' = x => y' # y)
Together == y' <= x'
LowSum == x + y <= 3
==============================================================================
