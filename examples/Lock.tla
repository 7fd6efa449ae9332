---- MODULE Lock ----
CONSTANT Process
VARIABLES free, inside
Init == free = TRUE /\ inside = [p \in Process |-> "no"]
Look(p) == inside[p] = "no" /\ free /\ inside' = [inside EXCEPT ![p] = "soon"] /\ UNCHANGED free
Enter(p) == inside[p] = "soon" /\ inside' = [inside EXCEPT ![p] = "yes"] /\ free' = FALSE
Leave(p) == inside[p] = "yes" /\ inside' = [inside EXCEPT ![p] = "no"] /\ free' = TRUE
Next == \E p \in Process : Look(p) \/ Enter(p) \/ Leave(p)
OneInside == \A p, q \in Process : inside[p] = "yes" /\ inside[q] = "yes" => p = q
====
