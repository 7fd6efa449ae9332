----------------------------- MODULE VioProperty -----------------------------
(* A two-state property [][A]_v that a step breaks; stuttering steps do not. *)
EXTENDS Naturals
VARIABLES x, y
vars == <<x, y>>
Init == x = 0 /\ y = 0
Next == \/ x' = (x + 1) % 4 /\ y' = y
        \/ y' = 1 - y /\ UNCHANGED x
Grows == [][x' > x]_x
Fine == [][y' # y \/ x' # x]_vars
==============================================================================
