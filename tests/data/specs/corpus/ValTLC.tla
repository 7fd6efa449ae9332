------------------------------- MODULE ValTLC --------------------------------
(* Module TLC: @@ whose left side wins, :>, Permutations, SortSeq, ToString, *)
(* Assert that holds, and PrintT in an assumption.                           *)
EXTENDS Naturals, Sequences, TLC
VARIABLE f
ASSUME /\ (1 :> "a" @@ 1 :> "b" @@ 2 :> "c") = <<"a", "c">>
       /\ SortSeq(<<3, 1, 2>>, LAMBDA a, b : a < b) = <<1, 2, 3>>
       /\ ToString(<<1, {2}, "x", [a |-> TRUE]>>) # ""
       /\ Permutations({1, 2}) = {<<1, 2>>, <<2, 1>>}
ASSUME PrintT(<<"printed", 1 :> 2, {3, 1}, [b |-> TRUE, a |-> <<>>]>>)
Init == f = [x \in {} |-> 0]
Next ==
    \/ \E k \in {"a", "b"} : f' = (k :> 1) @@ f
    \/ \E k \in {"a", "b"} : f' = f @@ (k :> 0)
    \/ \E k \in DOMAIN f : f' = [j \in DOMAIN f \ {k} |-> f[j]]
Checked == Assert(\A k \in DOMAIN f : f[k] \in {0, 1}, "not reached")
==============================================================================
