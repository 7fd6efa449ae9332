------------------------------ MODULE HourClock ------------------------------
(* A clock that shows the hour. Source: Lamport, "Specifying Systems", 2002.  *)
EXTENDS Naturals
VARIABLE hr
Init == hr \in (1 .. 12)
Next == hr' = (hr % 12) + 1
Spec == Init /\ [][Next]_hr
==============================================================================
