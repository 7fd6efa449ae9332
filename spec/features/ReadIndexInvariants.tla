-------------------------- MODULE ReadIndexInvariants --------------------------
(***************************************************************************)
(* What is true of reads (thesis, 6.4), beside what is true of Raft; to be *)
(* read as RaftInvariants.tla is.                                          *)
(***************************************************************************)
EXTENDS FeatureVariables

ReadsTypeOK ==
    \A i \in Server :
        /\ readNumber[i] \in Nat
        /\ readIndex[i] \in Nat \cup {Nil}
        /\ pendingReads[i] \subseteq [server : Server, number : Nat, index : Nat,
                                      isCovered : BOOLEAN]
        /\ readRound[i] \in Nat
        /\ roundAcks[i] \subseteq Server

ReadsMessageTypeOK ==
    \A m \in messages :
        CASE m.type = "HeartbeatRequest" ->
                 m \in [type : {m.type}, source : Server, dest : Server, term : Nat \ {0},
                        round : Nat \ {0}]
          [] m.type = "HeartbeatResponse" ->
                 m \in [type : {m.type}, source : Server, dest : Server, term : Nat \ {0},
                        round : Nat]
          [] m.type = "ReadIndexRequest" ->
                 m \in [type : {m.type}, source : Server, dest : Server, term : Nat,
                        number : Nat \ {0}]
          [] m.type = "ReadIndexResponse" ->
                 m \in [type : {m.type}, source : Server, dest : Server, term : Nat \ {0},
                        number : Nat \ {0}, index : Nat \ {0}]
          [] OTHER -> TRUE

OnlyLeadersNoteReads ==
    \A i \in Server : pendingReads[i] # {} \/ roundAcks[i] # {} => role[i] = "Leader"

\* What a read returns includes every entry that was committed before the client
\* asked (6.4): no read is older than what somebody has seen.
LinearizableReads ==
    \A i \in Server :
        readIndex[i] # Nil /\ readIndex'[i] = Nil /\ restarts' = restarts
            => commitIndex[i] >= askedAt[i]

\* The history `askedAt` records each step as it should. This is also its
\* definition: MCExtendedRaft conjoins it with each action.
AskedRecorded ==
    askedAt' = [i \in Server |-> IF readIndex'[i] = Nil THEN 0
                                 ELSE IF readNumber'[i] # readNumber[i] THEN Len(committed)
                                 ELSE askedAt[i]]

SometimesLeaderReads ==
    \E i \in Server : /\ readIndex[i] # Nil
                      /\ readIndex'[i] = Nil
                      /\ role[i] = "Leader"
                      /\ restarts' = restarts

SometimesFollowerReads ==
    \E i \in Server : /\ readIndex[i] # Nil
                      /\ readIndex'[i] = Nil
                      /\ role[i] = "Follower"
                      /\ restarts' = restarts

\* A read waits for what a follower does not know yet to be committed.
SometimesReadWaits ==
    \E i \in Server : readIndex[i] \notin {Nil, 0} /\ commitIndex[i] < readIndex[i]

\* One round serves several reads.
SometimesReadsShareRound ==
    \E i \in Server : \E one, other \in pendingReads[i] :
        one # other /\ one.isCovered /\ other.isCovered
===============================================================================
