------------------------------- MODULE RaftBag -------------------------------
(* Raft in the manner of its author's specification: messages in flight are   *)
(* a bag (a function from message to count), adopting a newer term is an      *)
(* action of its own, and elections, allLogs and voterLog are history.        *)
(* Source: Ongaro, "Consensus: Bridging Theory and Practice", 2014, app. B.   *)
EXTENDS Naturals, FiniteSets, Sequences, TLC

CONSTANTS Server, Value
CONSTANTS Follower, Candidate, Leader, Nil
CONSTANTS RequestVoteRequest, RequestVoteResponse,
          AppendEntriesRequest, AppendEntriesResponse

VARIABLE messages
VARIABLES elections, allLogs
VARIABLES currentTerm, state, votedFor
VARIABLES log, commitIndex
VARIABLES votesResponded, votesGranted, voterLog
VARIABLES nextIndex, matchIndex

serverVars == <<currentTerm, state, votedFor>>
logVars == <<log, commitIndex>>
candidateVars == <<votesResponded, votesGranted, voterLog>>
leaderVars == <<nextIndex, matchIndex, elections>>
vars == <<messages, allLogs, serverVars, candidateVars, leaderVars, logVars>>

Quorum == {Q \in SUBSET Server : Cardinality(Q) * 2 > Cardinality(Server)}
LastTerm(xlog) == IF Len(xlog) = 0 THEN 0 ELSE xlog[Len(xlog)].term
Min(s) == CHOOSE x \in s : \A y \in s : x <= y
Max(s) == CHOOSE x \in s : \A y \in s : x >= y

\* The bag with one more, or one fewer, of a message.
WithMessage(m, msgs) ==
    IF m \in DOMAIN msgs THEN [msgs EXCEPT ![m] = @ + 1] ELSE msgs @@ (m :> 1)
WithoutMessage(m, msgs) ==
    IF m \notin DOMAIN msgs THEN msgs
    ELSE IF msgs[m] <= 1 THEN [n \in DOMAIN msgs \ {m} |-> msgs[n]]
    ELSE [msgs EXCEPT ![m] = @ - 1]

Send(m) == messages' = WithMessage(m, messages)
Discard(m) == messages' = WithoutMessage(m, messages)
Reply(response, request) ==
    messages' = WithoutMessage(request, WithMessage(response, messages))

InitHistory == elections = {} /\ allLogs = {} /\ voterLog = [i \in Server |-> [j \in {} |-> <<>>]]
InitServer == /\ currentTerm = [i \in Server |-> 1]
              /\ state = [i \in Server |-> Follower]
              /\ votedFor = [i \in Server |-> Nil]
InitCandidate == /\ votesResponded = [i \in Server |-> {}]
                 /\ votesGranted = [i \in Server |-> {}]
InitLeader == /\ nextIndex = [i \in Server |-> [j \in Server |-> 1]]
              /\ matchIndex = [i \in Server |-> [j \in Server |-> 0]]
InitLog == /\ log = [i \in Server |-> << >>]
           /\ commitIndex = [i \in Server |-> 0]
Init == /\ messages = [m \in {} |-> 0]
        /\ InitHistory
        /\ InitServer
        /\ InitCandidate
        /\ InitLeader
        /\ InitLog

------------------------------------------------------------------------------
Restart(i) ==
    /\ state' = [state EXCEPT ![i] = Follower]
    /\ votesResponded' = [votesResponded EXCEPT ![i] = {}]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ voterLog' = [voterLog EXCEPT ![i] = [j \in {} |-> <<>>]]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> 1]]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = [j \in Server |-> 0]]
    /\ commitIndex' = [commitIndex EXCEPT ![i] = 0]
    /\ UNCHANGED <<messages, currentTerm, votedFor, log, elections>>

Timeout(i) ==
    /\ state[i] \in {Follower, Candidate}
    /\ state' = [state EXCEPT ![i] = Candidate]
    /\ currentTerm' = [currentTerm EXCEPT ![i] = currentTerm[i] + 1]
    /\ votedFor' = [votedFor EXCEPT ![i] = Nil]
    /\ votesResponded' = [votesResponded EXCEPT ![i] = {}]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ voterLog' = [voterLog EXCEPT ![i] = [j \in {} |-> <<>>]]
    /\ UNCHANGED <<messages, leaderVars, logVars>>

RequestVote(i, j) ==
    /\ state[i] = Candidate
    /\ j \notin votesResponded[i]
    /\ Send([mtype |-> RequestVoteRequest,
             mterm |-> currentTerm[i],
             mlastLogTerm |-> LastTerm(log[i]),
             mlastLogIndex |-> Len(log[i]),
             msource |-> i,
             mdest |-> j])
    /\ UNCHANGED <<serverVars, candidateVars, leaderVars, logVars>>

AppendEntries(i, j) ==
    /\ i /= j
    /\ state[i] = Leader
    /\ LET prevLogIndex == nextIndex[i][j] - 1
           prevLogTerm == IF prevLogIndex > 0 THEN log[i][prevLogIndex].term ELSE 0
           lastEntry == Min({Len(log[i]), nextIndex[i][j]})
           entries == SubSeq(log[i], nextIndex[i][j], lastEntry)
       IN Send([mtype |-> AppendEntriesRequest,
                mterm |-> currentTerm[i],
                mprevLogIndex |-> prevLogIndex,
                mprevLogTerm |-> prevLogTerm,
                mentries |-> entries,
                mlog |-> log[i],            \* history, for proofs alone
                mcommitIndex |-> Min({commitIndex[i], lastEntry}),
                msource |-> i,
                mdest |-> j])
    /\ UNCHANGED <<serverVars, candidateVars, leaderVars, logVars>>

BecomeLeader(i) ==
    /\ state[i] = Candidate
    /\ votesGranted[i] \in Quorum
    /\ state' = [state EXCEPT ![i] = Leader]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> Len(log[i]) + 1]]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = [j \in Server |-> 0]]
    /\ elections' = elections \cup {[eterm |-> currentTerm[i],
                                     eleader |-> i,
                                     elog |-> log[i],
                                     evotes |-> votesGranted[i],
                                     evoterLog |-> voterLog[i]]}
    /\ UNCHANGED <<messages, currentTerm, votedFor, candidateVars, logVars>>

ClientRequest(i, v) ==
    /\ state[i] = Leader
    /\ LET entry == [term |-> currentTerm[i], value |-> v]
           newLog == Append(log[i], entry)
       IN log' = [log EXCEPT ![i] = newLog]
    /\ UNCHANGED <<messages, serverVars, candidateVars, leaderVars, commitIndex>>

AdvanceCommitIndex(i) ==
    /\ state[i] = Leader
    /\ LET Agree(index) == {i} \cup {k \in Server : matchIndex[i][k] >= index}
           agreed == {index \in 1..Len(log[i]) : Agree(index) \in Quorum}
           newCommitIndex == IF /\ agreed /= {}
                                /\ log[i][Max(agreed)].term = currentTerm[i]
                             THEN Max(agreed)
                             ELSE commitIndex[i]
       IN commitIndex' = [commitIndex EXCEPT ![i] = newCommitIndex]
    /\ UNCHANGED <<messages, serverVars, candidateVars, leaderVars, log>>

------------------------------------------------------------------------------
HandleRequestVoteRequest(i, j, m) ==
    LET logOk == \/ m.mlastLogTerm > LastTerm(log[i])
                 \/ /\ m.mlastLogTerm = LastTerm(log[i])
                    /\ m.mlastLogIndex >= Len(log[i])
        grant == /\ m.mterm = currentTerm[i]
                 /\ logOk
                 /\ votedFor[i] \in {Nil, j}
    IN /\ m.mterm <= currentTerm[i]
       /\ \/ grant /\ votedFor' = [votedFor EXCEPT ![i] = j]
          \/ ~grant /\ UNCHANGED votedFor
       /\ Reply([mtype |-> RequestVoteResponse,
                 mterm |-> currentTerm[i],
                 mvoteGranted |-> grant,
                 mlog |-> log[i],
                 msource |-> i,
                 mdest |-> j], m)
       /\ UNCHANGED <<state, currentTerm, candidateVars, leaderVars, logVars>>

HandleRequestVoteResponse(i, j, m) ==
    /\ m.mterm = currentTerm[i]
    /\ votesResponded' = [votesResponded EXCEPT ![i] = votesResponded[i] \cup {j}]
    /\ \/ /\ m.mvoteGranted
          /\ votesGranted' = [votesGranted EXCEPT ![i] = votesGranted[i] \cup {j}]
          /\ voterLog' = [voterLog EXCEPT ![i] = voterLog[i] @@ (j :> m.mlog)]
       \/ /\ ~m.mvoteGranted
          /\ UNCHANGED <<votesGranted, voterLog>>
    /\ Discard(m)
    /\ UNCHANGED <<serverVars, votedFor, leaderVars, logVars>>

HandleAppendEntriesRequest(i, j, m) ==
    LET logOk == \/ m.mprevLogIndex = 0
                 \/ /\ m.mprevLogIndex > 0
                    /\ m.mprevLogIndex <= Len(log[i])
                    /\ m.mprevLogTerm = log[i][m.mprevLogIndex].term
    IN /\ m.mterm <= currentTerm[i]
       /\ \/ /\ \/ m.mterm < currentTerm[i]                     \* refuse
                \/ /\ m.mterm = currentTerm[i]
                   /\ state[i] = Follower
                   /\ \lnot logOk
             /\ Reply([mtype |-> AppendEntriesResponse,
                       mterm |-> currentTerm[i],
                       msuccess |-> FALSE,
                       mmatchIndex |-> 0,
                       msource |-> i,
                       mdest |-> j], m)
             /\ UNCHANGED <<serverVars, logVars>>
          \/ /\ m.mterm = currentTerm[i]                        \* step down
             /\ state[i] = Candidate
             /\ state' = [state EXCEPT ![i] = Follower]
             /\ UNCHANGED <<currentTerm, votedFor, logVars, messages>>
          \/ /\ m.mterm = currentTerm[i]                        \* accept
             /\ state[i] = Follower
             /\ logOk
             /\ LET index == m.mprevLogIndex + 1
                IN \/ /\ \/ m.mentries = <<>>                   \* nothing new
                         \/ /\ m.mentries /= <<>>
                            /\ Len(log[i]) >= index
                            /\ log[i][index].term = m.mentries[1].term
                      /\ commitIndex' = [commitIndex EXCEPT ![i] = m.mcommitIndex]
                      /\ Reply([mtype |-> AppendEntriesResponse,
                                mterm |-> currentTerm[i],
                                msuccess |-> TRUE,
                                mmatchIndex |-> m.mprevLogIndex + Len(m.mentries),
                                msource |-> i,
                                mdest |-> j], m)
                      /\ UNCHANGED <<serverVars, log>>
                   \/ /\ m.mentries /= <<>>                     \* a conflict
                      /\ Len(log[i]) >= index
                      /\ log[i][index].term /= m.mentries[1].term
                      /\ LET new == [k \in 1..(Len(log[i]) - 1) |-> log[i][k]]
                         IN log' = [log EXCEPT ![i] = new]
                      /\ UNCHANGED <<serverVars, commitIndex, messages>>
                   \/ /\ m.mentries /= <<>>                     \* the next entry
                      /\ Len(log[i]) = m.mprevLogIndex
                      /\ log' = [log EXCEPT ![i] = Append(log[i], m.mentries[1])]
                      /\ UNCHANGED <<serverVars, commitIndex, messages>>
       /\ UNCHANGED <<candidateVars, leaderVars>>

HandleAppendEntriesResponse(i, j, m) ==
    /\ m.mterm = currentTerm[i]
    /\ \/ /\ m.msuccess
          /\ nextIndex' = [nextIndex EXCEPT ![i][j] = m.mmatchIndex + 1]
          /\ matchIndex' = [matchIndex EXCEPT ![i][j] = m.mmatchIndex]
       \/ /\ \lnot m.msuccess
          /\ nextIndex' = [nextIndex EXCEPT ![i][j] = Max({nextIndex[i][j] - 1, 1})]
          /\ UNCHANGED <<matchIndex>>
    /\ Discard(m)
    /\ UNCHANGED <<serverVars, candidateVars, logVars, elections>>

UpdateTerm(i, j, m) ==
    /\ m.mterm > currentTerm[i]
    /\ currentTerm' = [currentTerm EXCEPT ![i] = m.mterm]
    /\ state' = [state EXCEPT ![i] = Follower]
    /\ votedFor' = [votedFor EXCEPT ![i] = Nil]
    /\ UNCHANGED <<messages, candidateVars, leaderVars, logVars>>

DropStaleResponse(i, j, m) ==
    /\ m.mterm < currentTerm[i]
    /\ Discard(m)
    /\ UNCHANGED <<serverVars, candidateVars, leaderVars, logVars>>

Receive(m) ==
    LET i == m.mdest
        j == m.msource
    IN \/ UpdateTerm(i, j, m)
       \/ /\ m.mtype = RequestVoteRequest
          /\ HandleRequestVoteRequest(i, j, m)
       \/ /\ m.mtype = RequestVoteResponse
          /\ \/ DropStaleResponse(i, j, m)
             \/ HandleRequestVoteResponse(i, j, m)
       \/ /\ m.mtype = AppendEntriesRequest
          /\ HandleAppendEntriesRequest(i, j, m)
       \/ /\ m.mtype = AppendEntriesResponse
          /\ \/ DropStaleResponse(i, j, m)
             \/ HandleAppendEntriesResponse(i, j, m)

DuplicateMessage(m) ==
    /\ Send(m)
    /\ UNCHANGED <<serverVars, candidateVars, leaderVars, logVars>>
DropMessage(m) ==
    /\ Discard(m)
    /\ UNCHANGED <<serverVars, candidateVars, leaderVars, logVars>>

Next == /\ \/ \E i \in Server : Restart(i)
           \/ \E i \in Server : Timeout(i)
           \/ \E i, j \in Server : RequestVote(i, j)
           \/ \E i \in Server : BecomeLeader(i)
           \/ \E i \in Server, v \in Value : ClientRequest(i, v)
           \/ \E i \in Server : AdvanceCommitIndex(i)
           \/ \E i, j \in Server : AppendEntries(i, j)
           \/ \E m \in DOMAIN messages : Receive(m)
           \/ \E m \in DOMAIN messages : DuplicateMessage(m)
           \/ \E m \in DOMAIN messages : DropMessage(m)
        /\ allLogs' = allLogs \cup {log[i] : i \in Server}

Spec == Init /\ [][Next]_vars
==============================================================================
