----------------------------- MODULE CfgFairness -----------------------------
(* SPECIFICATION with fairness conjuncts, which do not change the reachable  *)
(* states; Next under a box with an operator for the variables.              *)
EXTENDS Naturals
VARIABLES x, y
vars == <<x, y>>
Init == x = 0 /\ y = 0
A == x' = (x + 1) % 3 /\ y' = y
B == y < 2 /\ y' = y + 1 /\ x' = x
Next == A \/ B
Fairness == WF_vars(A) /\ SF_vars(B)
Spec == Init /\ [][Next]_vars /\ Fairness /\ (\A i \in 1..2 : WF_vars(A /\ x = i))
Named == [][Next]_vars
Spec2 == /\ Init
         /\ Named
         /\ WF_vars(Next)
Reaches == <>(y = 2)
LeadsTo == (x = 1) ~> (x = 2)
==============================================================================
