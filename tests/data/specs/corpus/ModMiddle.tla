------------------------------ MODULE ModMiddle ------------------------------
(* The middle of a chain of three modules: it extends the base, and hides a  *)
(* helper of its own.                                                        *)
EXTENDS ModBase, Sequences
VARIABLE trail
LOCAL Hidden == 2
Keep(s) == IF Len(s) > Hidden THEN Tail(s) ELSE s
Step == level' = Inc(level) /\ trail' = Append(Keep(trail), level)
==============================================================================
