----------------------------- MODULE Missionaries -----------------------------
(* Missionaries and cannibals cross a river with a boat for two, and no bank  *)
(* may see missionaries outnumbered. NotSolved's counterexample crosses.      *)
(* Source: Amarel, "On Representations of Problems of Reasoning", 1968.       *)
EXTENDS Naturals, FiniteSets
CONSTANTS Missionary, Cannibal
VARIABLES boat, who
vars == <<boat, who>>
Bank == {"left", "right"}
Other(b) == IF b = "left" THEN "right" ELSE "left"
All == Missionary \cup Cannibal

Safe(group) ==
    \/ group \subseteq Cannibal
    \/ Cardinality(group \cap Cannibal) <= Cardinality(group \cap Missionary)

Init == boat = "left" /\ who = [b \in Bank |-> IF b = "left" THEN All ELSE {}]
Cross(group) ==
    /\ Cardinality(group) \in 1..2
    /\ LET here == who[boat] \ group
           there == who[Other(boat)] \cup group
       IN /\ Safe(here) /\ Safe(there)
          /\ boat' = Other(boat)
          /\ who' = [b \in Bank |-> IF b = boat THEN here ELSE there]
Next == \E group \in SUBSET who[boat] : Cross(group)
Spec == Init /\ [][Next]_vars

Partition == UNION {who[b] : b \in Bank} = All /\ who["left"] \cap who["right"] = {}
NotSolved == who["left"] # {}
===============================================================================
