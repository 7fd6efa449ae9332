----------------------------- MODULE ActBrackets -----------------------------
(* The brackets of steps as actions: [A]_v adds stuttering, <<A>>_v demands  *)
(* a change.                                                                 *)
EXTENDS Naturals
VARIABLES x, y
vars == <<x, y>>
Init == x = 0 /\ y = 0
A == x' \in 0..2 /\ y' = (y + x) % 3
Next == [A]_vars \/ <<x' = x /\ y' \in 0..1>>_y
==============================================================================
