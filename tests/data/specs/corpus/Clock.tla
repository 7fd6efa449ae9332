-------------------------------- MODULE Clock --------------------------------
(* A clock of hours and minutes that refines a clock of hours: its steps of  *)
(* a minute are stuttering there. Source: Lamport, "Specifying Systems",     *)
(* 2002, chapters 2 and 3.                                                   *)
EXTENDS Naturals
VARIABLES hour, minute
TypeOK == hour \in 1..12 /\ minute \in 0..59
Init == hour \in 1..12 /\ minute = 0
Next ==
    /\ minute' = (minute + 1) % 60
    /\ IF minute # 59 THEN UNCHANGED hour
       ELSE hour' = IF hour = 12 THEN 1 ELSE hour + 1
Spec == Init /\ [][Next]_<<hour, minute>>
Hours == INSTANCE HourClock WITH hr <- hour
HoursSpec == Hours!Spec
==============================================================================
