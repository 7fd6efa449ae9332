------------------------- MODULE VioPropertyInitial --------------------------
(* A property whose state predicate fails at the start: that of a            *)
(* refinement.                                                               *)
EXTENDS Naturals
VARIABLE x
Init == x \in 0..1
Next == x' = 1 - x
Higher == x = 1 /\ [][x' # x]_x
==============================================================================
