--------------------------- MODULE ErrStatesUnlike ---------------------------
(* A variable that holds a number in one state and a string in another is no *)
(* error, as states are compared by fingerprint; a set of both is one.       *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == \/ x' = "a"
        \/ x' = TRUE
        \/ x' = {0}
        \/ x' \in {"b", 1}
==============================================================================
