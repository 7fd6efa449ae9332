------------------------- MODULE ErrPrimeUnderEquiv --------------------------
(* Under an equivalence or a negation a prime is only tested, and this one   *)
(* has no value; an equivalence binds less than a conjunction.               *)
EXTENDS Naturals
VARIABLES p, n
Init == p = TRUE /\ n = 0
Next == p <=> n % 2 = 0 /\ n' = n + 1 /\ p' = p
==============================================================================
