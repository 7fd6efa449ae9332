------------------------------ MODULE ActExcept ------------------------------
(* EXCEPT nested by brackets and fields, with @ at each depth, several       *)
(* updates of which the later see the earlier, and a function of records of  *)
(* sequences.                                                                *)
EXTENDS Naturals, Sequences
VARIABLE db
Init == db = [k \in {"a", "b"} |-> [n |-> 0, s |-> <<0, 0>>, in |-> [t |-> {}]]]
Next ==
    \/ \E k \in DOMAIN db : db' = [db EXCEPT ![k].n = (@ + 1) % 3]
    \/ \E k \in DOMAIN db : db' = [db EXCEPT ![k].s[2] = 1 - @, ![k].s[1] = db[k].s[2]]
    \/ db' = [db EXCEPT !["a"].n = 2, !["a"].n = @ - 1, !["b"] = [@ EXCEPT !.n = 0]]
    \/ \E k \in DOMAIN db : db' = [db EXCEPT ![k].in.t = @ \cup {k}]
    \/ db' = [db EXCEPT !["a"] = db["b"], !["b"] = db["a"]]
TypeOK == \A k \in DOMAIN db : db[k].n \in 0..2 /\ Len(db[k].s) = 2 /\ db[k].in.t \subseteq DOMAIN db
==============================================================================
