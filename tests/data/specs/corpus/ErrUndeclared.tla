---------------------------- MODULE ErrUndeclared ----------------------------
(* SANY refuses the module: an identifier is not declared.                   *)
VARIABLE x
Init == x = 0
Next == x' = y
==============================================================================
