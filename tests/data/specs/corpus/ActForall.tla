------------------------------ MODULE ActForall ------------------------------
(* A universal quantifier in an action: its instances are conjuncts, the     *)
(* first assigns and the others test; IF and implication as guards.          *)
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = {}
Next ==
    \/ /\ \A i \in 1..3 : x' = (x + 1) % 4
       /\ x > 2 => y # {}
       /\ y' = y
    \/ /\ x' = x
       /\ \A i \in {} : y' = i
       /\ y' = y \cup {x}
    \/ /\ ~(x = 3 /\ y = {})
       /\ (x = 1) => x' = 2
       /\ x' = 2
       /\ y' = {}
==============================================================================
