----------------------------- MODULE VioShortest -----------------------------
(* The counterexample is one of the shortest: four steps by adding, two by   *)
(* doubling.                                                                 *)
EXTENDS Naturals
VARIABLES x, how
Init == x = 1 /\ how = <<>>
Next == \/ x' = x + 1 /\ how' = <<how, "add">>
        \/ x' = x * x + 3 /\ how' = <<how, "jump">>
Inv == x # 19
==============================================================================
