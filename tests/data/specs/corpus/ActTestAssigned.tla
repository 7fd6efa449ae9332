--------------------------- MODULE ActTestAssigned ---------------------------
(* A prime that is tested when it is already assigned: by equality, by       *)
(* membership, by inequality, and inside a nested disjunction.               *)
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = 0
A == x' = (x + 1) % 6 /\ x' \in {1, 3, 5} /\ y' = x' - 1
B == /\ y' \in 0..5
     /\ y' # y
     /\ x' = y'
     /\ x' = y' \/ x' = 77
     /\ (x' = x + 2 \/ x' + 2 = x)
C == x' = 2 /\ y' = 3 /\ x' = y'
Next == A \/ B \/ C
==============================================================================
