-------------------------- MODULE ErrUnionOfNumbers --------------------------
(* UNION of what is no set of sets.                                          *)
EXTENDS Naturals
VARIABLE x
Init == x = {1}
Next == x' = UNION x
==============================================================================
