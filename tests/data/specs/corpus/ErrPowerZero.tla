---------------------------- MODULE ErrPowerZero -----------------------------
(* Zero to the power of zero is undefined in TLC.                            *)
EXTENDS Naturals
VARIABLE x
Init == x = 1
Next == x' = x - 1 /\ 0^x = 0
==============================================================================
