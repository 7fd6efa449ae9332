--------------------------- MODULE ErrPointAssign ----------------------------
(* A prime of a single point of a function is read as a value, and there is  *)
(* none.                                                                     *)
EXTENDS Naturals
VARIABLE f
Init == f = [i \in 1..2 |-> 0]
Next == \A i \in 1..2 : f'[i] = f[i] + 1
==============================================================================
