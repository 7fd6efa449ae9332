--------------------------- MODULE ErrAssumeFalse ----------------------------
(* An assumption that is false.                                              *)
EXTENDS Naturals
CONSTANT N
ASSUME N > 3
VARIABLE x
Init == x = N
Next == x' = x
==============================================================================
