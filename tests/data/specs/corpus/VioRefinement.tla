---------------------------- MODULE VioRefinement ----------------------------
(* A step that the higher specification does not allow: a clock that skips   *)
(* an hour.                                                                  *)
EXTENDS Naturals
VARIABLE h
Init == h = 1
Next == h' = IF h = 5 THEN 7 ELSE (h % 12) + 1
Clock == INSTANCE HourClock WITH hr <- h
Right == Clock!Spec
==============================================================================
