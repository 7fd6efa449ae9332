------------------------------ MODULE ActGuards ------------------------------
(* What counts as a guard: Boolean variables, functions to BOOLEAN,          *)
(* negations, equivalences, memberships and calls; a guard after the         *)
(* assignments still forbids.                                                *)
EXTENDS Naturals
VARIABLES p, f, n
vars == <<p, f, n>>
Init == p \in BOOLEAN /\ f = [i \in 0..1 |-> i = 0] /\ n = 0
Even(k) == k % 2 = 0
Next ==
    \/ p /\ p' = ~p /\ UNCHANGED <<f, n>>
    \/ ~p /\ f[n % 2] /\ p' = TRUE /\ f' = [f EXCEPT ![n % 2] = FALSE] /\ n' = n
    \/ (p <=> Even(n)) /\ n' = (n + 1) % 4 /\ UNCHANGED <<p, f>>
    \/ n' \in 0..3 /\ p' = p /\ f' = [i \in 0..1 |-> ~f[i]] /\ n' > n /\ f'[0]
    \/ FALSE /\ p' = 5
==============================================================================
