----------------------------- MODULE CfgSymmetry -----------------------------
(* SYMMETRY by permutations of one set, of two, and none: orbits are counted *)
(* once.                                                                     *)
EXTENDS Naturals, FiniteSets, TLC
CONSTANTS P, Q
VARIABLES owner, seen
Init == owner = [q \in Q |-> {}] /\ seen = {}
Next == \E p \in P, q \in Q :
    \/ owner' = [owner EXCEPT ![q] = @ \cup {p}] /\ seen' = seen
    \/ p \in owner[q] /\ owner' = [owner EXCEPT ![q] = {}] /\ seen' = {<<p, q>>}
One == Permutations(P)
Two == Permutations(P) \cup Permutations(Q)
Inv == Cardinality(seen) <= 1
NotAllOwned == \E q \in Q : owner[q] # P
==============================================================================
