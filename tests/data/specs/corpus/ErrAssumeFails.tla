--------------------------- MODULE ErrAssumeFails ----------------------------
(* An assumption that cannot be evaluated.                                   *)
EXTENDS Sequences
ASSUME Head(<<>>) = 1
VARIABLE x
Init == x = 0
Next == x' = x
==============================================================================
