------------------------------ MODULE CheckQuorum ------------------------------
(***************************************************************************)
(* Check-quorum (thesis, 6.2) and leader stickiness (4.2.3): a leader that *)
(* a majority does not answer steps down, so that its clients look         *)
(* elsewhere; and who has a leader listens to no candidate, so that nobody *)
(* can depose one that a majority answers.                                 *)
(***************************************************************************)
EXTENDS Configuration

VARIABLES
    heardFromLeader,    \* of LeaderContact
    forcedRequests,     \* of LeadershipTransfer
    heardFrom           \* leaders: who has answered since the last check

CheckQuorumInit == heardFrom = [i \in Server |-> {}]

\* What becomes of it when server i takes message m, if any.
Answers(i, m) ==
    LET leads == role[i] = "Leader" /\ role'[i] = "Leader"
        answers == /\ m.type \in {"AppendEntriesResponse", "InstallSnapshotResponse",
                                 "HeartbeatResponse"}
                   /\ m.term = currentTerm[i]
    IN heardFrom' = [heardFrom EXCEPT ![i] = IF ~leads THEN {}
                                             ELSE IF answers THEN @ \cup {m.source} ELSE @]

\* An election timeout passes for leader i: it steps down, in the same term,
\* unless a majority has answered since the last one.
CheckQuorum(i) ==
    /\ role[i] = "Leader"
    /\ IF IsQuorumOf(i, {i} \cup heardFrom[i])
       THEN UNCHANGED <<currentTerm, votedFor, electionVars, leaderVars>>
       ELSE Follow(i, currentTerm[i], votedFor[i])
    /\ heardFrom' = [heardFrom EXCEPT ![i] = {}]
    /\ UNCHANGED <<logVars, commitIndex, messages>>

\* A request for a vote that is as if it had not arrived, not even its term: of
\* a candidate that nobody needs. A forced election is heeded.
Ignores(i, m) ==
    /\ m.type = "RequestVoteRequest"
    /\ m.term > currentTerm[i]
    /\ heardFromLeader[i] \/ role[i] = "Leader"
    /\ m \notin forcedRequests
===============================================================================
