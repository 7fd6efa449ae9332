----------------------------- MODULE ActAssignIn -----------------------------
(* Primes that are assigned by membership: in a constant set, in a set that  *)
(* depends on a prime already assigned, and in an empty set (no successor).  *)
EXTENDS Naturals
VARIABLES x, y
Init == x \in 1..3 /\ y \in x..3
Next ==
    \/ x' \in 1..3 /\ y' \in x'..3
    \/ x' \in {} /\ y' = 7
    \/ x' = y /\ y' \in {z \in 0..x : z # 2}
    \/ y' \in {x, x} /\ x' \in {y' + 1} \cap 1..3
Small == x <= 3 /\ y <= 3
==============================================================================
