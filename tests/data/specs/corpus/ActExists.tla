------------------------------ MODULE ActExists ------------------------------
(* Existential choice in an action over constants, variables, functions,     *)
(* pairs by pattern, several bounds, nested ones of the same set, and an     *)
(* empty set.                                                                *)
EXTENDS Naturals
VARIABLES s, f
Init == s = {1} /\ f = [i \in {1, 2} |-> 0]
Next ==
    \/ \E i \in 1..3 : s' = s \cup {i} /\ f' = f
    \/ \E i \in s : s' = s \ {i} /\ UNCHANGED f
    \/ \E i, j \in DOMAIN f, n \in s : i # j /\ f' = [f EXCEPT ![i] = n % 2] /\ s' = s
    \/ \E <<i, n>> \in {1, 2} \X {0} : f' = [f EXCEPT ![i] = n] /\ s' = s
    \/ \E g \in [{1, 2} -> {0, 1}] : f' = g /\ \E t \in SUBSET s : s' = t
    \/ \E i \in {} : s' = i /\ f' = i
    \/ \E i \in 1..2 : \E j \in i..2 : f' = [f EXCEPT ![j] = i - 1] /\ UNCHANGED s
==============================================================================
