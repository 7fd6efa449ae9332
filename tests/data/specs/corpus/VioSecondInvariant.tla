------------------------- MODULE VioSecondInvariant --------------------------
(* Of two invariants that fail in one state, the one that stands first in    *)
(* the .cfg is named.                                                        *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = x + 1
Low == x < 3
Lower == x < 3 /\ x # 7
==============================================================================
