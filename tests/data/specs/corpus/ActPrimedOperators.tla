------------------------- MODULE ActPrimedOperators --------------------------
(* Primes on operators, on function applications and on expressions, once    *)
(* what they read is assigned.                                               *)
EXTENDS Naturals
VARIABLES f, n
Sum == f[1] + f[2]
At(i) == f[i] + n
Init == f = [i \in {1, 2} |-> 0] /\ n = 0
Next ==
    /\ f' \in [{1, 2} -> 0..2]
    /\ n' = (Sum' + 1) % 4
    /\ Sum' # Sum
    /\ At(1)' >= f[1]'
    /\ (f[1] + f[2])' = f'[1] + f'[2]
Agree == n \in 0..3
==============================================================================
