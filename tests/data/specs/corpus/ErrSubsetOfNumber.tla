-------------------------- MODULE ErrSubsetOfNumber --------------------------
(* SUBSET of a number.                                                       *)
EXTENDS Naturals
VARIABLE x
Init == x = {}
Next == x' \in SUBSET 3
==============================================================================
