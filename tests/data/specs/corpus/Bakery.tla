-------------------------------- MODULE Bakery --------------------------------
(* Lamport's bakery: a customer takes a number above all that it read, one    *)
(* customer at a time, and the lowest number is served. Tickets are bounded   *)
(* by a constraint. Source: Lamport, "A New Solution of Dijkstra's Concurrent *)
(* Programming Problem", 1974.                                                *)
EXTENDS Naturals, FiniteSets
CONSTANTS N, MaxTicket
VARIABLES pc, ticket, choosing, unread, seen
vars == <<pc, ticket, choosing, unread, seen>>
P == 1..N

Init ==
    /\ pc = [p \in P |-> "out"]
    /\ ticket = [p \in P |-> 0]
    /\ choosing = [p \in P |-> FALSE]
    /\ unread = [p \in P |-> {}]
    /\ seen = [p \in P |-> 0]

Before(p, q) == \/ ticket[p] < ticket[q]
                \/ ticket[p] = ticket[q] /\ p < q

Arrive(p) ==
    /\ pc[p] = "out"
    /\ pc' = [pc EXCEPT ![p] = "reading"]
    /\ choosing' = [choosing EXCEPT ![p] = TRUE]
    /\ unread' = [unread EXCEPT ![p] = P \ {p}]
    /\ seen' = [seen EXCEPT ![p] = 0]
    /\ UNCHANGED ticket

Read(p) ==
    /\ pc[p] = "reading"
    /\ \E q \in unread[p] :
        /\ unread' = [unread EXCEPT ![p] = @ \ {q}]
        /\ seen' = [seen EXCEPT ![p] = IF ticket[q] > @ THEN ticket[q] ELSE @]
    /\ UNCHANGED <<pc, ticket, choosing>>

Draw(p) ==
    /\ pc[p] = "reading" /\ unread[p] = {}
    /\ ticket' = [ticket EXCEPT ![p] = seen[p] + 1]
    /\ choosing' = [choosing EXCEPT ![p] = FALSE]
    /\ pc' = [pc EXCEPT ![p] = "queueing"]
    /\ unread' = [unread EXCEPT ![p] = P \ {p}]
    /\ seen' = [seen EXCEPT ![p] = 0]

Pass(p) ==
    /\ pc[p] = "queueing"
    /\ \E q \in unread[p] :
        /\ ~choosing[q]
        /\ ticket[q] = 0 \/ Before(p, q)
        /\ unread' = [unread EXCEPT ![p] = @ \ {q}]
    /\ UNCHANGED <<pc, ticket, choosing, seen>>

Enter(p) ==
    /\ pc[p] = "queueing" /\ unread[p] = {}
    /\ pc' = [pc EXCEPT ![p] = "served"]
    /\ UNCHANGED <<ticket, choosing, unread, seen>>

Leave(p) ==
    /\ pc[p] = "served"
    /\ pc' = [pc EXCEPT ![p] = "out"]
    /\ ticket' = [ticket EXCEPT ![p] = 0]
    /\ UNCHANGED <<choosing, unread, seen>>

Next == \E p \in P :
    Arrive(p) \/ Read(p) \/ Draw(p) \/ Pass(p) \/ Enter(p) \/ Leave(p)
Spec == Init /\ [][Next]_vars

Bounded == \A p \in P : ticket[p] <= MaxTicket
Mutex == Cardinality({p \in P : pc[p] = "served"}) <= 1
===============================================================================
