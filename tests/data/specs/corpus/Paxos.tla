-------------------------------- MODULE Paxos --------------------------------
(* Single-decree Paxos by messages 1a, 1b, 2a and 2b; refines Voting, whose  *)
(* variable `votes` is an expression of Paxos. Source: Lamport, "Paxos Made  *)
(* Simple", 2001.                                                            *)
EXTENDS Integers, FiniteSets
CONSTANTS Value, Acceptor, Ballot
None == CHOOSE v : v \notin Value

Quorum == {Q \in SUBSET Acceptor : 2 * Cardinality(Q) > Cardinality(Acceptor)}

VARIABLES maxBal, maxVBal, maxVal, msgs
vars == <<maxBal, maxVBal, maxVal, msgs>>

CONSTANT NoValue

Message ==
         [type : {"1a"}, bal : Ballot]
    \cup [type : {"1b"}, acc : Acceptor, bal : Ballot,
          mbal : Ballot \cup {-1}, mval : Value \cup {NoValue}]
    \cup [type : {"2a"}, bal : Ballot, val : Value]
    \cup [type : {"2b"}, acc : Acceptor, bal : Ballot, val : Value]

TypeOK ==
    /\ maxBal \in [Acceptor -> Ballot \cup {-1}]
    /\ maxVBal \in [Acceptor -> Ballot \cup {-1}]
    /\ maxVal \in [Acceptor -> Value \cup {NoValue}]
    /\ \A m \in msgs : m \in Message

Init ==
    /\ maxBal = [a \in Acceptor |-> -1]
    /\ maxVBal = [a \in Acceptor |-> -1]
    /\ maxVal = [a \in Acceptor |-> NoValue]
    /\ msgs = {}

Send(m) == msgs' = msgs \cup {m}

Phase1a(b) ==
    /\ Send([type |-> "1a", bal |-> b])
    /\ UNCHANGED <<maxBal, maxVBal, maxVal>>

Phase1b(a) ==
    \E m \in msgs :
        /\ m.type = "1a"
        /\ m.bal > maxBal[a]
        /\ maxBal' = [maxBal EXCEPT ![a] = m.bal]
        /\ Send([type |-> "1b", acc |-> a, bal |-> m.bal,
                 mbal |-> maxVBal[a], mval |-> maxVal[a]])
        /\ UNCHANGED <<maxVBal, maxVal>>

Phase2a(b, v) ==
    /\ ~\E m \in msgs : m.type = "2a" /\ m.bal = b
    /\ \E Q \in Quorum :
        LET promises == {m \in msgs : m.type = "1b" /\ m.acc \in Q /\ m.bal = b}
            voted == {m \in promises : m.mbal >= 0}
        IN /\ \A a \in Q : \E m \in promises : m.acc = a
           /\ \/ voted = {}
              \/ \E m \in voted :
                  /\ m.mval = v
                  /\ \A n \in voted : m.mbal >= n.mbal
    /\ Send([type |-> "2a", bal |-> b, val |-> v])
    /\ UNCHANGED <<maxBal, maxVBal, maxVal>>

Phase2b(a) ==
    \E m \in {n \in msgs : n.type = "2a"} :
        /\ m.bal >= maxBal[a]
        /\ maxBal' = [maxBal EXCEPT ![a] = m.bal]
        /\ maxVBal' = [maxVBal EXCEPT ![a] = m.bal]
        /\ maxVal' = [maxVal EXCEPT ![a] = m.val]
        /\ Send([type |-> "2b", acc |-> a, bal |-> m.bal, val |-> m.val])

Next ==
    \/ \E b \in Ballot : Phase1a(b) \/ \E v \in Value : Phase2a(b, v)
    \/ \E a \in Acceptor : Phase1b(a) \/ Phase2b(a)

Spec == Init /\ [][Next]_vars

votes == [a \in Acceptor |->
    {<<m.bal, m.val>> : m \in {n \in msgs : n.type = "2b" /\ n.acc = a}}]

V == INSTANCE Voting
Refines == V!Spec
Agreed == V!C!Agreed
==============================================================================
