---------------------------- MODULE ValFunctions -----------------------------
(* Functions: constructors over one, two and tuple arguments, application,   *)
(* DOMAIN, sets of functions, recursive ones, functions of functions, and    *)
(* equality with tuples and records.                                         *)
EXTENDS Naturals
VARIABLES f, k
Grid == [i \in 1..2, j \in 1..2 |-> 10 * i + j]
Fact[n \in Nat] == IF n = 0 THEN 1 ELSE n * Fact[n - 1]
Sq == [<<a, b>> \in {1, 2} \X {3} |-> a + b]
Compose(g, h) == [x \in DOMAIN h |-> g[h[x]]]
ASSUME /\ Grid[2, 1] = 21 /\ Grid[<<1, 2>>] = 12
       /\ Sq[2, 3] = 5
       /\ Fact[5] = 120
       /\ [i \in 1..2 |-> i] = <<1, 2>>
       /\ [i \in {"a"} |-> 1] = [a |-> 1]
       /\ DOMAIN Grid = (1..2) \X (1..2)
       /\ [i \in {} |-> i] = <<>>
       /\ [{} -> {1}] = {<<>>}
       /\ [{1} -> {}] = {}
Init == f = [i \in 0..2 |-> i] /\ k = 0
Next ==
    /\ k' = (k + 1) % 3
    /\ \E g \in [0..2 -> 0..2] :
        /\ \A i, j \in 0..2 : i # j => g[i] # g[j]
        /\ f' = Compose(f, g)
Permutation == {f[i] : i \in DOMAIN f} = 0..2 /\ f \in [0..2 -> Nat]
==============================================================================
