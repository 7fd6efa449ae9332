--------------------------- MODULE ErrDoublePrime ----------------------------
(* SANY refuses a prime on what is primed already.                           *)
VARIABLE x
y == x'
Init == x = 0
Next == y' = 0
==============================================================================
