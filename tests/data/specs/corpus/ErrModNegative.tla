--------------------------- MODULE ErrModNegative ----------------------------
(* Remainder by a negative number.                                           *)
EXTENDS Integers
VARIABLE x
Init == x = 1
Next == x' = x - 2 /\ 4 % x >= 0
==============================================================================
