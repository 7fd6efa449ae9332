------------------------------- MODULE FloodSet -------------------------------
(* Synchronous consensus in rounds: everyone sends all values that it knows,  *)
(* a process that crashes reaches only some, and after F + 1 rounds the least *)
(* value is decided. F rounds are too few. Source: Lynch, "Distributed        *)
(* Algorithms", 1996, section 6.2.                                            *)
EXTENDS Integers, FiniteSets
CONSTANTS N, F, Rounds
VARIABLES known, crashed, round, decision
vars == <<known, crashed, round, decision>>
P == 1..N
Least(S) == CHOOSE x \in S : \A y \in S : x <= y

Init ==
    /\ known \in [P -> {{0}, {1}}]
    /\ crashed = {}
    /\ round = 0
    /\ decision = [p \in P |-> -1]

Round ==
    /\ round < Rounds
    /\ \E failing \in SUBSET (P \ crashed) :
        /\ Cardinality(failing \cup crashed) <= F
        \* Whom the processes that fail in this round still reach.
        /\ \E reached \in [failing -> SUBSET P] :
            LET Heard(p) == {q \in P \ crashed : q \in failing => p \in reached[q]}
            IN known' = [p \in P |-> IF p \in crashed THEN known[p]
                                     ELSE known[p] \cup UNION {known[q] : q \in Heard(p)}]
        /\ crashed' = crashed \cup failing
    /\ round' = round + 1
    /\ UNCHANGED decision

Decide ==
    /\ round = Rounds
    /\ \E p \in P \ crashed :
        /\ decision[p] = -1
        /\ decision' = [decision EXCEPT ![p] = Least(known[p])]
    /\ UNCHANGED <<known, crashed, round>>

Next == Round \/ Decide
Spec == Init /\ [][Next]_vars
Decided == {decision[p] : p \in P} \ {-1}
Agreement == Cardinality(Decided) <= 1
===============================================================================
