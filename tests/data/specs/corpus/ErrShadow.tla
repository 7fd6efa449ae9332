------------------------------ MODULE ErrShadow ------------------------------
(* SANY refuses a bound variable that is defined already.                    *)
EXTENDS Naturals
VARIABLE x
n == 3
Init == x = 0
Next == \E n \in 0..2 : x' = n
==============================================================================
