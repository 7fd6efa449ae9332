---------------------------- MODULE ErrChooseNone ----------------------------
(* CHOOSE finds no witness.                                                  *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = CHOOSE y \in 0..3 : y > x
==============================================================================
