--------------------- MODULE VioActionConstraintDeadlock ---------------------
(* A state all of whose successors an action constraint excludes is no       *)
(* deadlock.                                                                 *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = x + 1
Slow == x' < 4
Inv == x < 4
==============================================================================
