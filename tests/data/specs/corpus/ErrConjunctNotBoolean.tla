------------------------ MODULE ErrConjunctNotBoolean ------------------------
(* A conjunct of a value is a string; the disjunction beside it is decided   *)
(* before it gets to its own.                                                *)
EXTENDS Naturals
VARIABLE x
Init == x = TRUE
Next == x' = (TRUE \/ 3) /\ (x => "yes")
==============================================================================
