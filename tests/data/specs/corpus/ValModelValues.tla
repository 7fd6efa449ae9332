--------------------------- MODULE ValModelValues ----------------------------
(* Model values: unequal to everything else, members of sets with integers   *)
(* and strings, keys of functions and fields' values; typed ones beside one  *)
(* another.                                                                  *)
EXTENDS Naturals, FiniteSets
CONSTANTS Node, none, A_x, A_y
VARIABLES at, owner
Init == at = [n \in Node |-> none] /\ owner = none
Next ==
    \/ \E n \in Node : at' = [at EXCEPT ![n] = IF @ = none THEN 0 ELSE none] /\ owner' = n
    \/ owner # none /\ owner' = A_x /\ UNCHANGED at
    \/ owner = A_x /\ owner' = A_y /\ UNCHANGED at
TypeOK == owner \in Node \cup {none, A_x, A_y} /\ at \in [Node -> {none, 0}]
Distinct == Cardinality(Node \cup {7, none}) = 2 + Cardinality(Node)
==============================================================================
