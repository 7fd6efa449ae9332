------------------------- MODULE ErrOverflowProduct --------------------------
(* A product that leaves 32 bits.                                            *)
EXTENDS Naturals
VARIABLE x
Init == x = 3
Next == x' = x * x
==============================================================================
