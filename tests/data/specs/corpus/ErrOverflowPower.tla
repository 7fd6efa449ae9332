-------------------------- MODULE ErrOverflowPower ---------------------------
(* A power that leaves 32 bits.                                              *)
EXTENDS Naturals
VARIABLE x
Init == x = 29
Next == x' = x + 1 /\ 2^x > 0
==============================================================================
