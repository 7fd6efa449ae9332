--------------------------- MODULE LeasesInvariants ---------------------------
(***************************************************************************)
(* What is true of reads by lease (thesis, 6.4.1), beside what is true of  *)
(* Raft; to be read as RaftInvariants.tla is. LinearizableReads of         *)
(* ReadIndexInvariants.tla is about these reads as well.                   *)
(***************************************************************************)
EXTENDS FeatureVariables

LeasesTypeOK ==
    \A i \in Server :
        /\ IF promise[i] = Nil THEN TRUE
           ELSE promise[i] \in [leader : Server, term : Nat \ {0}, round : Nat \ {0}]
        /\ isTrusting[i] \in BOOLEAN
        /\ isLeaseGivenUp[i] \in BOOLEAN

OnlyLeadersTrust ==
    \A i \in Server : isTrusting[i] => role[i] = "Leader" /\ ~isLeaseGivenUp[i]

\* While a leader has a lease, nobody of a later term leads.
LeaseExcludesLeaders ==
    \A i, j \in Server :
        (/\ role[i] = "Leader"
         /\ isTrusting[i]
         /\ IsQuorumFor(i, {i} \cup roundAcks[i])
         /\ role[j] = "Leader")
            => currentTerm[j] <= currentTerm[i]

\* The promise of server i does not end in a step while its leader still trusts in
\* the round for which it was given: what models assume of clocks (ClocksAgree).
PromiseLasts(i) ==
    IF promise[i] = Nil \/ promise'[i] # Nil THEN TRUE
    ELSE LET leader == promise[i].leader
         IN ~(/\ isTrusting[leader]
              /\ currentTerm[leader] = promise[i].term
              /\ readRound[leader] = promise[i].round)

SometimesLeaseRead ==
    \E i \in Server : /\ readNumber'[i] # readNumber[i]
                      /\ readIndex'[i] \notin {Nil, 0}

SometimesPromiseEnds ==
    \E i \in Server : promise[i] # Nil /\ promise'[i] = Nil

\* A vote is refused because it was promised.
SometimesPromiseIsKept ==
    \E m \in messages : /\ m.type = "RequestVoteRequest"
                        /\ m.term >= currentTerm[m.dest]
                        /\ IF promise[m.dest] = Nil THEN FALSE
                           ELSE promise[m.dest].leader # m.source
===============================================================================
