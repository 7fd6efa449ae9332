----------------------------- MODULE ErrLenOfSet -----------------------------
(* Len of what is no sequence.                                               *)
EXTENDS Naturals, Sequences
VARIABLE x
Init == x = {1}
Next == x' = {Len(x)}
==============================================================================
