---------------------------- MODULE ReadersWriters ----------------------------
(* Readers share, writers are alone, and a queue serves them in their order.   *)
(* Source: Courtois, Heymans and Parnas, "Concurrent Control with Readers and  *)
(* Writers", 1971 (here the fair variant).                                     *)
EXTENDS Naturals, Sequences, FiniteSets
CONSTANT Actor
VARIABLES readers, writers, queue
vars == <<readers, writers, queue>>

Range(s) == {s[i] : i \in DOMAIN s}
Asks == [kind : {"read", "write"}, by : Actor]
Waiting == {ask.by : ask \in Range(queue)}
Busy == readers \cup writers

Init == readers = {} /\ writers = {} /\ queue = <<>>

Ask(kind, a) ==
    /\ a \notin Waiting \cup Busy
    /\ queue' = Append(queue, [kind |-> kind, by |-> a])
    /\ UNCHANGED <<readers, writers>>

Serve ==
    /\ queue # <<>>
    /\ writers = {}
    /\ LET ask == Head(queue) IN
       CASE ask.kind = "read" ->
               readers' = readers \cup {ask.by} /\ UNCHANGED writers
         [] ask.kind = "write" ->
               readers = {} /\ writers' = {ask.by} /\ UNCHANGED readers
    /\ queue' = Tail(queue)

Stop(a) ==
    /\ a \in Busy
    /\ readers' = readers \ {a}
    /\ writers' = writers \ {a}
    /\ UNCHANGED queue

Next == Serve \/ \E a \in Actor : Stop(a) \/ \E kind \in {"read", "write"} : Ask(kind, a)
Spec == Init /\ [][Next]_vars /\ WF_vars(Serve)

TypeOK ==
    /\ readers \subseteq Actor /\ writers \subseteq Actor
    /\ queue \in Seq(Asks)
Safe ==
    /\ Cardinality(writers) <= 1
    /\ ~(readers # {} /\ writers # {})
    /\ Waiting \intersect Busy = {}
===============================================================================
