------------------------------- MODULE Tally -------------------------------
(* One asks all others for their votes, and counts them; the network may    *)
(* lose what is sent. For traces: processes, messages, and what is shared.   *)
EXTENDS Naturals, FiniteSets

CONSTANTS Voter, Nobody

VARIABLES phase, votes, messages, decided

vars == <<phase, votes, messages, decided>>

Init ==
    /\ phase = [v \in Voter |-> "idle"]
    /\ votes = [v \in Voter |-> {}]
    /\ messages = {}
    /\ decided = Nobody

Ask(v) ==
    /\ \A w \in Voter : phase[w] # "asking"
    /\ phase[v] = "idle"
    /\ phase' = [phase EXCEPT ![v] = "asking"]
    /\ votes' = [votes EXCEPT ![v] = {v}]
    /\ messages' = messages \cup {[type |-> "ask", source |-> v, dest |-> w] : w \in Voter \ {v}}
    /\ UNCHANGED decided

Answer(m) ==
    /\ m.type = "ask"
    /\ phase[m.dest] = "idle"
    /\ phase' = [phase EXCEPT ![m.dest] = "answered"]
    /\ messages' = (messages \ {m}) \cup {[type |-> "yes", source |-> m.dest, dest |-> m.source]}
    /\ UNCHANGED <<votes, decided>>

Count(m) ==
    /\ m.type = "yes"
    /\ votes' = [votes EXCEPT ![m.dest] = @ \cup {m.source}]
    /\ messages' = messages \ {m}
    /\ UNCHANGED <<phase, decided>>

Decide(v) ==
    /\ Cardinality(votes[v]) * 2 > Cardinality(Voter)
    /\ decided = Nobody
    /\ decided' = v
    /\ phase' = [w \in Voter |-> IF w = v THEN "chosen" ELSE "idle"]
    /\ UNCHANGED <<votes, messages>>

Lose(m) ==
    /\ messages' = messages \ {m}
    /\ UNCHANGED <<phase, votes, decided>>

Rest ==
    /\ decided # Nobody
    /\ decided' = Nobody
    /\ phase' = [v \in Voter |-> "idle"]
    /\ votes' = [v \in Voter |-> {}]
    /\ messages' = {}

Next ==
    \/ \E v \in Voter : Ask(v) \/ Decide(v)
    \/ \E m \in messages : Answer(m) \/ Count(m) \/ Lose(m)
    \/ Rest

Spec == Init /\ [][Next]_vars /\ WF_vars(Rest) /\ \A v \in Voter : WF_vars(Ask(v)) /\ WF_vars(Decide(v))

NobodyDecides == decided = Nobody
NothingIsLeft == decided # Nobody => messages = {}
AlwaysAgain == []<>(decided # Nobody)
AtRest == <>[](decided = Nobody)
===========================================================================
