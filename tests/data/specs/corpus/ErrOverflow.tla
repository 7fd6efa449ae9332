----------------------------- MODULE ErrOverflow -----------------------------
(* A sum that leaves 32 bits.                                                *)
EXTENDS Naturals
VARIABLE x
Init == x = 2147483646
Next == x' = x + 1
==============================================================================
