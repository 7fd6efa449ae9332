----------------------------- MODULE ValIntegers -----------------------------
(* Integers: division and remainder of negative numbers (towards minus       *)
(* infinity), powers, ranges that are empty, unary minus, comparisons, Nat   *)
(* and Int membership, bases.                                                *)
EXTENDS Integers
VARIABLE x
ASSUME /\ (-7) \div 2 = -4 /\ (-7) % 2 = 1
       /\ 7 \div 2 = 3 /\ 2^10 = 1024 /\ 3^0 = 1
       /\ 3..1 = {} /\ -2..0 = {-2, -1, 0}
       /\ - - 3 = 3 /\ 5 - 3 - 1 = 1
       /\ -1 \in Int /\ -1 \notin Nat
       /\ \b101 = 5 /\ \hFF = 255 /\ \o17 = 15
Init == x = -3
Next ==
    \/ x' = (x * 2) % 7
    \/ x' = -x
    \/ x < 3 /\ x' = x + 1
    \/ x' = x \div 2
Near == x \in -6..6 /\ x >= -6 /\ ~(x > 6) /\ x =< 6 /\ x \leq 6 /\ x \geq -6
==============================================================================
