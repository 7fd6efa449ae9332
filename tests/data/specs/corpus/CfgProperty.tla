----------------------------- MODULE CfgProperty -----------------------------
(* PROPERTY [][A]_v in its forms: by name, with a tuple, as a conjunction    *)
(* with an initial predicate, and under a quantifier, which TLC refuses.     *)
EXTENDS Naturals
VARIABLES x, f
vars == <<x, f>>
Init == x = 0 /\ f = [i \in 1..2 |-> 0]
Next == \/ x < 3 /\ x' = x + 1 /\ f' = f
        \/ \E i \in 1..2 : f[i] < x /\ f' = [f EXCEPT ![i] = x] /\ x' = x
Grows == [][x' = x + 1]_x
OneAtATime == [][\A i, j \in 1..2 : f'[i] # f[i] /\ f'[j] # f[j] => i = j]_<<f>>
Higher == x = 0 /\ [][x' > x \/ UNCHANGED x]_vars
Each == \A i \in 1..2 : [][f'[i] >= f[i]]_f
Invariantly == [](\A i \in 1..2 : f[i] <= x)
==============================================================================
