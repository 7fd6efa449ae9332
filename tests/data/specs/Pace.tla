------------------------------- MODULE Pace -------------------------------
(* A faster walk: a step of its own is one of Walk's, or is not.           *)
EXTENDS Integers

VARIABLE place

Zero(n) == n = 0

W == INSTANCE Walk WITH Last <- 6, Start <- Zero, at <- place, parity <- place % 2

Init == place = 0
ByTwo == place < 6 /\ place' = place + 2
ByThree == place < 6 /\ place' = place + 3

Walks == W!Spec
===========================================================================
