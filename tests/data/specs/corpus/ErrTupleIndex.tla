---------------------------- MODULE ErrTupleIndex ----------------------------
(* A tuple is indexed beyond its end.                                        *)
EXTENDS Naturals
VARIABLE i
Init == i = 1
Next == i' = <<2, 3, 4>>[i]
==============================================================================
