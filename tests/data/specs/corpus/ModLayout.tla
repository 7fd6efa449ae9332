------------------------------ MODULE ModLayout ------------------------------
(* Layout that matters: lists of conjunctions and disjunctions by columns,   *)
(* operators that end a list, lines broken within expressions, and           *)
(* identifiers beside keywords.                                              *)
EXTENDS Naturals
VARIABLES x_1, IFx
Init == /\ x_1
            = 0
        /\ IFx = 0
Next == \/ /\ x_1 = 0
           /\ \/ x_1' = 1
              \/ /\ x_1' = 2
                 /\ TRUE
           /\ IFx' = IFx
        \/ x_1 > 0 /\
              x_1' = 0 /\ IFx' =
                 (IFx + 1) % 3
Inv == /\ x_1 \in 0..2
       /\ \/ IFx = 0
          \/ IFx > 0
       => TRUE
Bound == \/ x_1 = 0 \/ x_1 = 1
         \/ x_1 = 2 /\ IFx # 9
==============================================================================
