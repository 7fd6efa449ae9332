--------------------------- MODULE ErrTLCGetUnset ----------------------------
(* TLCGet of a register without a value.                                     *)
EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0
Next == x' = TLCGet(7)
==============================================================================
