---------------------------- MODULE BoundedBuffer ----------------------------
(* Producers and consumers at a buffer, with one condition for both: the      *)
(* wrong thread may be woken, and at last all of them sleep. Source: the      *)
(* well-known monitor exercise, after Hoare, "Monitors", 1974.                *)
EXTENDS Naturals, Sequences, FiniteSets
CONSTANTS Producer, Consumer, Capacity
ASSUME Producer \cap Consumer = {} /\ Capacity > 0
VARIABLES buffer, asleep
vars == <<buffer, asleep>>
Thread == Producer \union Consumer

Init == buffer = <<>> /\ asleep = {}

WakeOne(sleepers) ==
    IF sleepers = {} THEN asleep' = sleepers
    ELSE \E t \in sleepers : asleep' = sleepers \ {t}

Put(p) ==
    \/ /\ Len(buffer) < Capacity
       /\ buffer' = Append(buffer, p)
       /\ WakeOne(asleep)
    \/ /\ Len(buffer) = Capacity
       /\ asleep' = asleep \cup {p}
       /\ UNCHANGED buffer

Get(c) ==
    \/ buffer # <<>> /\ buffer' = Tail(buffer) /\ WakeOne(asleep)
    \/ buffer = <<>> /\ asleep' = asleep \cup {c} /\ UNCHANGED buffer

Next == \E t \in Thread \ asleep : IF t \in Producer THEN Put(t) ELSE Get(t)
Spec == Init /\ [][Next]_vars

TypeOK == Len(buffer) \in 0..Capacity /\ asleep \subseteq Thread
NotAllAsleep == asleep # Thread
==============================================================================
