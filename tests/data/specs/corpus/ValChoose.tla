------------------------------ MODULE ValChoose ------------------------------
(* CHOOSE picks the same witness for equal sets, however they were built;    *)
(* TLC takes the first in its own order, which the state counts show.        *)
EXTENDS Naturals
VARIABLE x
Pick(S) == CHOOSE e \in S : TRUE
Init == x = 0
Next ==
    \/ x' = Pick({3, 1, 2} \ {x})
    \/ x' = CHOOSE y \in 0..9 : y > x \/ y = 9
    \/ x' = Pick({n % 5 : n \in 1..9})
Same == Pick({1, 2}) = Pick({2, 1, 2}) /\ Pick({1, 2}) = Pick({n \in 0..2 : n > 0})
==============================================================================
