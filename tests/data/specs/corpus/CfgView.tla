------------------------------- MODULE CfgView -------------------------------
(* VIEW: states with one view are one state, and the first that is found     *)
(* stands for all; a counter that nothing depends on is left out.            *)
EXTENDS Naturals
VARIABLES x, steps
Init == x = 0 /\ steps = 0
Next == x' \in {(x + 1) % 5, (x * 2) % 5} /\ steps' = steps + 1
view == x
pair == <<x, steps % 2>>
Inv == steps < 100
Soon == x # 3
==============================================================================
