------------------------------ MODULE ErrArity -------------------------------
(* SANY refuses a call with too many arguments.                              *)
VARIABLE x
F(a) == a
Init == x = 0
Next == x' = F(1, 2)
==============================================================================
