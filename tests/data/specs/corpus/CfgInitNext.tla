----------------------------- MODULE CfgInitNext -----------------------------
(* INIT and NEXT by other names, keywords in other orders, comments of both  *)
(* kinds in the .cfg, several lists of invariants.                           *)
EXTENDS Naturals
VARIABLE x
Start == x = 0
Step == x' = (x + 1) % 3
I1 == x < 3
I2 == x >= 0
I3 == TRUE
==============================================================================
