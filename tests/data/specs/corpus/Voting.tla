------------------------------- MODULE Voting -------------------------------
(* Acceptors vote in numbered ballots, at most one value a ballot, and only *)
(* where it is safe to. Refines Consensus. Source: Lamport, "Paxos Made     *)
(* Simple", 2001, and "Byzantizing Paxos by Refinement", 2011.              *)
EXTENDS Integers
CONSTANTS Value, Acceptor, Quorum, Ballot

ASSUME QuorumsMeet ==
    /\ \A Q \in Quorum : Q \subseteq Acceptor
    /\ \A P, Q \in Quorum : P \cap Q # {}

VARIABLES votes, maxBal
vars == <<votes, maxBal>>

Init ==
    /\ votes = [a \in Acceptor |-> {}]
    /\ maxBal = [a \in Acceptor |-> -1]

TypeOK ==
    /\ votes \in [Acceptor -> SUBSET (Ballot \X Value)]
    /\ maxBal \in [Acceptor -> Ballot \cup {-1}]

VotedFor(a, b, v) == <<b, v>> \in votes[a]
DidNotVoteAt(a, b) == \A v \in Value : ~VotedFor(a, b, v)
ChosenAt(b, v) == \E Q \in Quorum : \A a \in Q : VotedFor(a, b, v)
chosen == {v \in Value : \E b \in Ballot : ChosenAt(b, v)}

\* A quorum that shows that nothing but v was or will be chosen below b.
ShowsSafeAt(Q, b, v) ==
    /\ \A a \in Q : maxBal[a] >= b
    /\ \E c \in -1..(b - 1) :
        /\ c # -1 => \E a \in Q : VotedFor(a, c, v)
        /\ \A d \in (c + 1)..(b - 1), a \in Q : DidNotVoteAt(a, d)

IncreaseMaxBal(a, b) ==
    /\ b > maxBal[a]
    /\ maxBal' = [maxBal EXCEPT ![a] = b]
    /\ UNCHANGED votes

VoteFor(a, b, v) ==
    /\ maxBal[a] <= b
    /\ DidNotVoteAt(a, b)
    /\ \A c \in Acceptor \ {a} : \A w \in Value : VotedFor(c, b, w) => w = v
    /\ \E Q \in Quorum : ShowsSafeAt(Q, b, v)
    /\ votes' = [votes EXCEPT ![a] = @ \cup {<<b, v>>}]
    /\ maxBal' = [maxBal EXCEPT ![a] = b]

Next == \E a \in Acceptor, b \in Ballot :
    \/ IncreaseMaxBal(a, b)
    \/ \E v \in Value : VoteFor(a, b, v)

Spec == Init /\ [][Next]_vars

C == INSTANCE Consensus
Refines == C!Spec
Agreed == C!Agreed
=============================================================================
