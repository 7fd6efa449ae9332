-------------------------- MODULE ErrSeqEnumerated ---------------------------
(* A quantifier over Seq(S), which is infinite.                              *)
EXTENDS Sequences
VARIABLE x
Init == x = <<>>
Next == \E s \in Seq({1}) : x' = s
==============================================================================
