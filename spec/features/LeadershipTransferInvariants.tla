---------------------- MODULE LeadershipTransferInvariants ----------------------
(***************************************************************************)
(* What is true of Raft with leadership transfer (thesis, 3.10), beside    *)
(* what is true of Raft; to be read as RaftInvariants.tla is.              *)
(***************************************************************************)
EXTENDS FeatureVariables

TransferTypeOK ==
    \A i \in Server :
        /\ transferTarget[i] \in Server \cup {Nil}
        /\ isForced[i] \in BOOLEAN

TransferMessageTypeOK ==
    \A m \in messages :
        m.type = "TimeoutNowRequest"
            => m \in [type : {m.type}, source : Server, dest : Server, term : Nat \ {0}]

\* The mark is on requests for votes in flight.
ForcedRequestsAreInFlight ==
    \A m \in forcedRequests : m \in messages /\ m.type = "RequestVoteRequest"

OnlyLeadersTransfer ==
    \A i \in Server : transferTarget[i] # Nil => role[i] = "Leader" /\ transferTarget[i] # i

OnlyFollowersAreForced ==
    \A i \in Server : isForced[i] => role[i] # "Leader"

\* It takes the leader of the term to make a server stand.
ForcedByLeaderOfItsTerm ==
    \A i \in Server :
        isForced'[i] /\ ~isForced[i]
            => \E m \in messages : /\ m.type = "TimeoutNowRequest"
                                  /\ m.dest = i
                                  /\ m.term = currentTerm'[i]

\* Who is told to stand has all that the leader has.
TargetIsUpToDate ==
    \A m \in messages' :
        m.type = "TimeoutNowRequest" /\ m \notin messages
            => snapshot[m.dest].lastIncludedIndex + Len(log[m.dest])
                   >= snapshot[m.source].lastIncludedIndex + Len(log[m.source])

\* A leader takes no requests while leadership is transferred.
NoRequestsDuringTransfer ==
    \A i \in Server :
        transferTarget[i] # Nil /\ transferTarget'[i] = transferTarget[i]
            => snapshot'[i].lastIncludedIndex + Len(log'[i])
                   = snapshot[i].lastIncludedIndex + Len(log[i])

SometimesTransferAborted ==
    \E i \in Server : /\ transferTarget[i] # Nil
                      /\ transferTarget'[i] = Nil
                      /\ role'[i] = "Leader"

SometimesForcedElection ==
    \E i \in Server : /\ isForced[i]
                      /\ role'[i] = "Candidate"
                      /\ currentTerm'[i] > currentTerm[i]

\* The one who was told to stand leads.
SometimesLeadershipTransferred ==
    \E i \in Server : /\ role'[i] = "Leader"
                      /\ role[i] = "Candidate"
                      /\ \E m \in forcedRequests : m.source = i /\ m.term = currentTerm[i]
===============================================================================
