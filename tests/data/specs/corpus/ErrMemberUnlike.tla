--------------------------- MODULE ErrMemberUnlike ---------------------------
(* Membership compares a string with the integers of a set.                  *)
EXTENDS Naturals
VARIABLE x
Init == x = "a"
Next == x' = IF x \in {1, 2} THEN "b" ELSE "c"
==============================================================================
