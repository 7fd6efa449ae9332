----------------------------- MODULE ValBooleans -----------------------------
(* Booleans that stand beside what looks alike: functions and sequences of   *)
(* them, counted states with FALSE next to 0 in other fields, and BOOLEAN as *)
(* a domain.                                                                 *)
EXTENDS Naturals, Sequences
VARIABLES b, s, n
Init == b = [x \in BOOLEAN |-> ~x] /\ s = <<FALSE>> /\ n = 0
Next ==
    \/ b' = [b EXCEPT ![TRUE] = ~@] /\ UNCHANGED <<s, n>>
    \/ s' = <<s[1] => b[FALSE], n>> /\ n' = 1 - n /\ b' = b
    \/ s' = <<b[TRUE] /\ b[FALSE]>> /\ UNCHANGED <<b, n>>
    \/ Len(s) = 2 /\ s' = <<FALSE, FALSE>> /\ UNCHANGED <<b, n>>
==============================================================================
