------------------------------ MODULE Ballots ------------------------------
(* Elections in other words than ours: rounds begin with 1, everybody is     *)
(* asked one by one, a newer round is adopted and the lead is taken in steps *)
(* of their own, and `moves`, a history, is counted by Next.                 *)
EXTENDS Naturals, FiniteSets

CONSTANTS Node, None

VARIABLES round, vote, mode, ballots, asked, net, moves

mine == <<round, vote, mode, ballots, asked>>

Init ==
    /\ round = [n \in Node |-> 1]
    /\ vote = [n \in Node |-> None]
    /\ mode = [n \in Node |-> "waiting"]
    /\ ballots = [n \in Node |-> {}]
    /\ asked = [n \in Node |-> {}]
    /\ net = {}
    /\ moves = 0

Send(kind, n, o, more) ==
    net' = net \cup {[kind |-> kind, from |-> n, to |-> o, round |-> round[n], is |-> more]}

\* What is received may stay: the net may have a copy.
Answer(m, kind, in, more) ==
    \E kept \in {{}, {m}} :
        net' = (net \ {m}) \cup kept \cup
               {[kind |-> kind, from |-> m.to, to |-> m.from, round |-> in, is |-> more]}

Away(m) == \E kept \in {{}, {m}} : net' = (net \ {m}) \cup kept

Stand(n) ==
    /\ mode[n] # "ruling"
    /\ round' = [round EXCEPT ![n] = @ + 1]
    /\ vote' = [vote EXCEPT ![n] = n]
    /\ mode' = [mode EXCEPT ![n] = "standing"]
    /\ ballots' = [ballots EXCEPT ![n] = {n}]
    /\ asked' = [asked EXCEPT ![n] = {n}]
    /\ UNCHANGED net

Ask(n, o) ==
    /\ mode[n] = "standing"
    /\ o \notin asked[n]
    /\ asked' = [asked EXCEPT ![n] = @ \cup {o}]
    /\ Send("ask", n, o, TRUE)
    /\ UNCHANGED <<round, vote, mode, ballots>>

Rule(n) ==
    /\ mode[n] = "standing"
    /\ Cardinality(ballots[n]) * 2 > Cardinality(Node)
    /\ mode' = [mode EXCEPT ![n] = "ruling"]
    /\ UNCHANGED <<round, vote, ballots, asked, net>>

Call(n, o) ==
    /\ mode[n] = "ruling"
    /\ n # o
    /\ Send("call", n, o, TRUE)
    /\ UNCHANGED mine

Crash(n) ==
    /\ mode' = [mode EXCEPT ![n] = "waiting"]
    /\ ballots' = [ballots EXCEPT ![n] = {}]
    /\ UNCHANGED <<round, vote, asked, net>>

Adopt(m) ==
    /\ m.round > round[m.to]
    /\ round' = [round EXCEPT ![m.to] = m.round]
    /\ vote' = [vote EXCEPT ![m.to] = None]
    /\ mode' = [mode EXCEPT ![m.to] = "waiting"]
    /\ UNCHANGED <<ballots, asked, net>>

Reply(m) ==
    LET n == m.to
        grants == m.round = round[n] /\ vote[n] \in {None, m.from}
    IN /\ m.kind = "ask"
       /\ m.round <= round[n]
       /\ vote' = IF grants THEN [vote EXCEPT ![n] = m.from] ELSE vote
       /\ Answer(m, "reply", round[n], grants)
       /\ UNCHANGED <<round, mode, ballots, asked>>

Take(m) ==
    /\ m.kind = "reply"
    /\ m.round <= round[m.to]
    /\ ballots' = IF m.round = round[m.to] /\ m.is
                  THEN [ballots EXCEPT ![m.to] = @ \cup {m.from}] ELSE ballots
    /\ Away(m)
    /\ UNCHANGED <<round, vote, mode, asked>>

Hear(m) ==
    /\ m.kind = "call"
    /\ m.round <= round[m.to]
    /\ mode' = IF m.round = round[m.to] THEN [mode EXCEPT ![m.to] = "waiting"] ELSE mode
    /\ Answer(m, "heard", round[m.to], m.round = round[m.to])
    /\ UNCHANGED <<round, vote, ballots, asked>>

Note(m) ==
    /\ m.kind = "heard"
    /\ m.round <= round[m.to]
    /\ Away(m)
    /\ UNCHANGED mine

Next ==
    /\ \/ \E n \in Node : Stand(n) \/ Rule(n) \/ Crash(n)
       \/ \E n, o \in Node : Ask(n, o) \/ Call(n, o)
       \/ \E m \in net : Adopt(m) \/ Reply(m) \/ Take(m) \/ Hear(m) \/ Note(m)
    /\ moves' = moves + 1
===========================================================================
