---------------------------- MODULE ErrHeadEmpty -----------------------------
(* Head of the empty sequence.                                               *)
EXTENDS Sequences
VARIABLE s
Init == s = <<1>>
Next == s' = IF Head(s) = 1 THEN Tail(s) ELSE s
==============================================================================
