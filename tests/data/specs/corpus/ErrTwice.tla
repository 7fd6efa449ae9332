------------------------------ MODULE ErrTwice -------------------------------
(* SANY refuses a second definition of an operator.                          *)
VARIABLE x
Init == x = 0
Next == x' = 0
Next == x' = 1
==============================================================================
