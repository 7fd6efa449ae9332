------------------------------ MODULE ErrSubSeq ------------------------------
(* SubSeq beyond the end of a sequence.                                      *)
EXTENDS Naturals, Sequences
VARIABLES s, n
Init == s = <<1, 2>> /\ n = 1
Next == n' = n + 1 /\ s' = SubSeq(<<1, 2>>, 1, n)
==============================================================================
