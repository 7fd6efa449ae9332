----------------------------- MODULE VioLiveness -----------------------------
(* A temporal property that fails for want of fairness; beyond an evaluator  *)
(* of safety.                                                                *)
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x < 2 /\ x' = x + 1
Spec == Init /\ [][Next]_x
Reaches == <>(x = 2)
==============================================================================
