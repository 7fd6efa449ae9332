---------------------------- MODULE ErrTailEmpty -----------------------------
(* Tail of the empty sequence.                                               *)
EXTENDS Sequences
VARIABLE s
Init == s = <<1>>
Next == s' = Tail(s)
==============================================================================
