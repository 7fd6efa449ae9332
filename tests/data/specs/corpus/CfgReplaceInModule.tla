------------------------- MODULE CfgReplaceInModule --------------------------
(* A definition is replaced inside one of the modules that are instanced: Op *)
(* <- [Module] Other; and Nat by a finite set.                               *)
EXTENDS Naturals
VARIABLE x
FiniteNat == 0..4
Clock == INSTANCE ModCounter WITH c <- x, Limit <- 9
TwoSteps(n) == n + 2
Init == x \in Nat
Next == Clock!Up \/ (x > 4 /\ x' \in Nat)
==============================================================================
