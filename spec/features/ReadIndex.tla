------------------------------- MODULE ReadIndex -------------------------------
(***************************************************************************)
(* Reads that put nothing into the log (thesis, 6.4): a leader notes how   *)
(* far it has committed, makes sure by a round of heartbeats that nobody   *)
(* had deposed it by then, and lets the read wait until that is applied.   *)
(* Other servers ask the leader for the index.                             *)
(*                                                                         *)
(* A server has one read at a time. Its number is never used twice, across *)
(* restarts too: implementations draw it at random.                        *)
(***************************************************************************)
EXTENDS Configuration

VARIABLES
    readNumber,     \* the number of the latest read at a server
    readIndex,      \* the index that it waits for, 0 while that is not known, Nil
                    \* while there is none
    pendingReads,   \* leaders: the reads that were noted and not answered, as
                    \* [server, number, index, isCovered]: whether a round of
                    \* heartbeats was begun since
    readRound,      \* leaders: the number of the latest round
    roundAcks       \* leaders: who has acknowledged it

readVars == <<readNumber, readIndex, pendingReads, readRound, roundAcks>>

ReadIndexInit ==
    /\ readNumber = [i \in Server |-> 0]
    /\ readIndex = [i \in Server |-> Nil]
    /\ pendingReads = [i \in Server |-> {}]
    /\ readRound = [i \in Server |-> 0]
    /\ roundAcks = [i \in Server |-> {}]

\* Leader i knows all that was committed before its term (6.4, step 1).
KnowsCommitted(i) == commitIndex[i] > 0 /\ TermAt(i, commitIndex[i]) = currentTerm[i]

\* A read of server j, as leader i notes it now.
Noted(i, j, number) ==
    [server |-> j, number |-> number, index |-> commitIndex[i], isCovered |-> FALSE]

\* What becomes of the variables when server i takes message m, if any.
Reads(i, m) ==
    LET leads == role[i] = "Leader" /\ role'[i] = "Leader"
        notes == /\ m.type = "ReadIndexRequest"
                 /\ KnowsCommitted(i)
                 /\ \A read \in pendingReads[i] :
                        read.server # m.source \/ read.number # m.number
        acknowledges == /\ m.type = "HeartbeatResponse"
                        /\ m.term = currentTerm[i]
                        /\ m.round > 0
                        /\ m.round = readRound[i]
        learns == /\ m.type = "ReadIndexResponse"
                  /\ m.number = readNumber[i]
                  /\ readIndex[i] = 0
    IN /\ readIndex' = [readIndex EXCEPT ![i] = IF m.type = "Restart" THEN Nil
                                                ELSE IF learns THEN m.index ELSE @]
       /\ pendingReads' = [pendingReads EXCEPT ![i] =
              IF ~leads THEN {}
              ELSE IF notes THEN @ \cup {Noted(i, m.source, m.number)} ELSE @]
       /\ readRound' = [readRound EXCEPT ![i] = IF leads THEN @ ELSE 0]
       /\ roundAcks' = [roundAcks EXCEPT ![i] = IF ~leads THEN {}
                                                ELSE IF acknowledges THEN @ \cup {m.source} ELSE @]
       /\ UNCHANGED readNumber

\* Server i has no read, or gives one up of which nothing came back.
MayRead(i) == readIndex[i] \in {Nil, 0}

\* A client reads at leader i.
Read(i) ==
    /\ role[i] = "Leader"
    /\ MayRead(i)
    /\ KnowsCommitted(i)
    /\ readNumber' = [readNumber EXCEPT ![i] = @ + 1]
    /\ readIndex' = [readIndex EXCEPT ![i] = 0]
    /\ pendingReads' = [pendingReads EXCEPT ![i] =
                            {read \in @ : read.server # i} \cup {Noted(i, i, readNumber[i] + 1)}]
    /\ UNCHANGED <<vars, readRound, roundAcks>>

\* A client reads at server i, which takes j for the leader.
RequestReadIndex(i, j) ==
    /\ role[i] # "Leader"
    /\ i # j
    /\ MayRead(i)
    /\ readNumber' = [readNumber EXCEPT ![i] = @ + 1]
    /\ readIndex' = [readIndex EXCEPT ![i] = 0]
    /\ messages' = messages \cup {[type |-> "ReadIndexRequest",
                                   source |-> i,
                                   dest |-> j,
                                   term |-> currentTerm[i],
                                   number |-> readNumber[i] + 1]}
    /\ UNCHANGED <<serverVars, pendingReads, readRound, roundAcks>>

\* There are reads that leader i has not asked about.
IsAsked(i) == {read \in pendingReads[i] : ~read.isCovered} # {}

\* Leader i begins a round of heartbeats, for all reads that it has noted by now.
BeginRound(i) ==
    /\ role[i] = "Leader"
    /\ readRound' = [readRound EXCEPT ![i] = @ + 1]
    /\ roundAcks' = [roundAcks EXCEPT ![i] = {}]
    /\ pendingReads' = [pendingReads EXCEPT ![i] =
                            {[read EXCEPT !.isCovered = TRUE] : read \in @}]
    /\ UNCHANGED <<vars, readNumber, readIndex>>

\* Leader i asks server j whether it still follows.
Heartbeat(i, j) ==
    /\ role[i] = "Leader"
    /\ i # j
    /\ readRound[i] > 0
    /\ messages' = messages \cup {[type |-> "HeartbeatRequest",
                                   source |-> i,
                                   dest |-> j,
                                   term |-> currentTerm[i],
                                   round |-> readRound[i]]}
    /\ UNCHANGED <<serverVars, readVars>>

\* A majority has acknowledged the round: what it covers is answered.
AnswerReads(i) ==
    LET covered == {read \in pendingReads[i] : read.isCovered}
        own == {read \in covered : read.server = i}
        others == covered \ own
    IN /\ role[i] = "Leader"
       /\ covered # {}
       /\ IsQuorumOf(i, {i} \cup roundAcks[i])
       /\ pendingReads' = [pendingReads EXCEPT ![i] = @ \ covered]
       /\ readIndex' = [readIndex EXCEPT ![i] = IF own = {} THEN @
                                                ELSE (CHOOSE read \in own : TRUE).index]
       /\ messages' = messages \cup
              {[type |-> "ReadIndexResponse",
                source |-> i,
                dest |-> read.server,
                term |-> currentTerm[i],
                number |-> read.number,
                index |-> read.index] : read \in others}
       /\ UNCHANGED <<serverVars, readNumber, readRound, roundAcks>>

\* The client gets what the state machine of server i has.
ServeRead(i) ==
    /\ readIndex[i] \notin {Nil, 0}
    /\ commitIndex[i] >= readIndex[i]
    /\ readIndex' = [readIndex EXCEPT ![i] = Nil]
    /\ UNCHANGED <<vars, readNumber, pendingReads, readRound, roundAcks>>

\* A server follows the leader of its term, and tells one of an older term. That is
\* no answer to a round (0): who is told may come to lead the newer term, and the
\* number may be that of a round which it has not begun.
HandleHeartbeatRequest(i, m, others) ==
    /\ IF m.term >= currentTerm[i]
       THEN Follow(i, m.term, VoteIn(i, m.term))
       ELSE UNCHANGED <<currentTerm, votedFor, electionVars, leaderVars>>
    /\ messages' = others \cup {[type |-> "HeartbeatResponse",
                                 source |-> i,
                                 dest |-> m.source,
                                 term |-> Max(m.term, currentTerm[i]),
                                 round |-> IF m.term >= currentTerm[i] THEN m.round ELSE 0]}
    /\ UNCHANGED <<logVars, commitIndex>>

\* What else is received here says no more to Raft than its term.
HandleOfReads(i, m, others) ==
    /\ IF m.term > currentTerm[i]
       THEN UpdateTerm(i, m.term)
       ELSE UNCHANGED <<currentTerm, votedFor, electionVars, leaderVars>>
    /\ messages' = others
    /\ UNCHANGED <<logVars, commitIndex>>
===============================================================================
