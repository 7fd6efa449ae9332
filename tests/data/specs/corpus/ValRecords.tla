----------------------------- MODULE ValRecords ------------------------------
(* Records and sets of records: fields as strings, DOMAIN, equality          *)
(* regardless of order, unions of record types, Booleans beside integers in  *)
(* one set of records.                                                       *)
EXTENDS Naturals
VARIABLE msgs
Kind == [type : {"ask"}, n : 0..1] \cup [type : {"tell"}, ok : BOOLEAN, n : {0, 1}]
ASSUME /\ [a |-> 1, b |-> 2] = [b |-> 2, a |-> 1]
       /\ DOMAIN [a |-> 1, b |-> 2] = {"a", "b"}
       /\ [a |-> 1]["a"] = 1
       /\ [a |-> TRUE] # [a |-> FALSE]
       /\ [type |-> "tell", n |-> 0] \notin Kind
       /\ [a : {}, b : {1}] = {}
Init == msgs = {}
Next ==
    \/ \E m \in Kind : m \notin msgs /\ msgs' = msgs \cup {m}
    \/ \E m \in msgs : m.type = "tell" /\ m.ok /\ msgs' = {q \in msgs : q.n # m.n}
    \/ \E m \in msgs : m.type = "ask" /\ msgs' = (msgs \ {m}) \cup {[type |-> "tell", ok |-> m.n = 1, n |-> m.n]}
TypeOK == msgs \subseteq Kind /\ \A m \in msgs : "ok" \in DOMAIN m <=> m.type = "tell"
==============================================================================
