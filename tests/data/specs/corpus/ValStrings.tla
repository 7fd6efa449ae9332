----------------------------- MODULE ValStrings ------------------------------
(* Strings as values: keys, members of sets with model values alone, STRING, *)
(* equality, Len and concatenation by module Sequences, escapes.             *)
EXTENDS Sequences
VARIABLE s
ASSUME "a\"b" # "a'b" /\ "x" \in STRING /\ "ab" \o "c" = "abc" /\ Len("") = 0
Init == s = ""
Next ==
    \/ s = "" /\ \E c \in {"a", "b"} : s' = c
    \/ s \in {"a", "b"} /\ s' = s \o "!"
    \/ s \notin {"", "a", "b"} /\ s' = ""
==============================================================================
