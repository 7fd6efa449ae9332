--------------------------- MODULE ErrAppendToSet ----------------------------
(* Append to what is no sequence.                                            *)
EXTENDS Sequences
VARIABLE s
Init == s = {}
Next == s' = Append(s, 1)
==============================================================================
