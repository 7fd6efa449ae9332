----------------------------- MODULE RaftRepaired -----------------------------
(* RaftBag with its common repairs, as replacements that the .cfg makes: a    *)
(* follower's commitIndex does not go back, a conflict removes all that       *)
(* follows, a candidate votes for itself at once, and an entry of an older    *)
(* term does not hide a newer one that may be committed. Source: the errata   *)
(* that users of Ongaro's specification have collected.                       *)
EXTENDS MCRaftBag

VARIABLE restarts
CONSTANT MaxRestarts

RepairedInit == Init /\ restarts = 0

RepairedTimeout(i) ==
    /\ state[i] \in {Follower, Candidate}
    /\ state' = [state EXCEPT ![i] = Candidate]
    /\ currentTerm' = [currentTerm EXCEPT ![i] = @ + 1]
    /\ votedFor' = [votedFor EXCEPT ![i] = i]
    /\ votesResponded' = [votesResponded EXCEPT ![i] = {i}]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {i}]
    /\ voterLog' = [voterLog EXCEPT ![i] = (i :> log[i])]
    /\ UNCHANGED <<messages, leaderVars, logVars>>

RepairedHandle(i, j, m) ==
    LET prev == m.mprevLogIndex
        count == Len(m.mentries)
        logOk == prev = 0 \/ (prev <= Len(log[i]) /\ m.mprevLogTerm = log[i][prev].term)
        TermsOf(entries) == [k \in DOMAIN entries |-> entries[k].term]
        mine == TermsOf(SubSeq(log[i], prev + 1, Min({prev + count, Len(log[i])})))
        merged == IF mine = TermsOf(m.mentries) THEN log[i]
                  ELSE SubSeq(log[i], 1, prev) \o m.mentries
        Answer(ok) == Reply([mtype |-> AppendEntriesResponse,
                             mterm |-> currentTerm[i],
                             msuccess |-> ok,
                             mmatchIndex |-> IF ok THEN prev + count ELSE 0,
                             msource |-> i,
                             mdest |-> j], m)
    IN /\ m.mterm <= currentTerm[i]
       /\ CASE m.mterm < currentTerm[i] ->
                  Answer(FALSE) /\ UNCHANGED <<serverVars, logVars>>
            [] m.mterm = currentTerm[i] /\ state[i] = Candidate ->
                  /\ state' = [state EXCEPT ![i] = Follower]
                  /\ UNCHANGED <<currentTerm, votedFor, logVars, messages>>
            [] m.mterm = currentTerm[i] /\ state[i] = Follower /\ ~logOk ->
                  Answer(FALSE) /\ UNCHANGED <<serverVars, logVars>>
            [] OTHER ->
                  /\ Answer(TRUE)
                  /\ log' = [log EXCEPT ![i] = merged]
                  /\ commitIndex' = [commitIndex EXCEPT ![i] = Max({@, m.mcommitIndex})]
                  /\ UNCHANGED serverVars
       /\ UNCHANGED <<candidateVars, leaderVars>>

RepairedAdvance(i) ==
    /\ state[i] = Leader
    /\ LET Agree(index) == {i} \cup {k \in Server : matchIndex[i][k] >= index}
           agreed == {index \in 1..Len(log[i]) :
                         Agree(index) \in Quorum /\ log[i][index].term = currentTerm[i]}
       IN /\ agreed # {}
          /\ Max(agreed) > commitIndex[i]
          /\ commitIndex' = [commitIndex EXCEPT ![i] = Max(agreed)]
    /\ UNCHANGED <<messages, serverVars, candidateVars, leaderVars, log>>

BoundedRestart(i) ==
    /\ restarts < MaxRestarts
    /\ state' = [state EXCEPT ![i] = Follower]
    /\ votesResponded' = [votesResponded EXCEPT ![i] = {}]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ voterLog' = [voterLog EXCEPT ![i] = [j \in {} |-> <<>>]]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> 1]]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = [j \in Server |-> 0]]
    /\ commitIndex' = [commitIndex EXCEPT ![i] = 0]
    /\ restarts' = restarts + 1
    /\ UNCHANGED <<messages, currentTerm, votedFor, log, elections>>

NoRestart(i) == FALSE

\* Quorums that need not meet: they elect two leaders in one term.
NonEmpty == (SUBSET Server) \ {{}}

RepairedNext ==
    \/ Next /\ UNCHANGED restarts
    \/ /\ \E i \in Server : BoundedRestart(i)
       /\ allLogs' = allLogs \cup {log[i] : i \in Server}

Committed(i) == SubSeq(log[i], 1, commitIndex[i])
IsPrefix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, 1, Len(s))
StateMachineSafety == \A i, j \in Server :
    IsPrefix(Committed(i), Committed(j)) \/ IsPrefix(Committed(j), Committed(i))
CommitNeverBack == [][\A i \in Server :
    commitIndex'[i] < commitIndex[i] => commitIndex'[i] = 0]_<<vars, restarts>>
LogsHaveCommitted == \A i \in Server : commitIndex[i] <= Len(log[i])
===============================================================================
