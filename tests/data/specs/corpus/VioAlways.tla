------------------------------ MODULE VioAlways ------------------------------
(* A property [] of a state predicate, which TLC takes for an invariant.     *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = x + 1
Always == [](x < 4)
==============================================================================
