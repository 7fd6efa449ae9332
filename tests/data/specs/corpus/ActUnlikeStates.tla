--------------------------- MODULE ActUnlikeStates ---------------------------
(* A variable may hold a number, a string, a Boolean, a set, a sequence or a *)
(* function by turns.                                                        *)
VARIABLE x
Init == x = 0
Next == x' = "a" \/ x' = TRUE \/ x' = {0} \/ x' = <<>> \/ x' = [k |-> 1] \/ x' = 1 \/ x' = FALSE
==============================================================================
