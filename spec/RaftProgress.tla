----------------------------- MODULE RaftProgress -----------------------------
(***************************************************************************)
(* What Raft is for: that entries are committed, in the end.               *)
(*                                                                         *)
(* Progress: from every state with CommitIsDue, a state with CommitIsDone  *)
(* can be reached. That a cluster has a leader at all is another goal.     *)
(***************************************************************************)
EXTENDS RaftInvariants

\* Server i leads, and nobody knows of a newer term.
LeadsLast(i) ==
    role[i] = "Leader" /\ \A j \in Server : currentTerm[j] <= currentTerm[i]

\* The log of i ends in an entry of its own term, which it may commit (5.4.2).
HasOwnEntry(i) ==
    IF log[i] = <<>> THEN /\ snapshot[i].lastIncludedIndex > 0
                         /\ snapshot[i].lastIncludedTerm = currentTerm[i]
    ELSE log[i][Len(log[i])].term = currentTerm[i]

\* The newest leader has an entry to commit. All it needs for that are followers
\* that answer.
CommitIsDue == \E i \in Server : LeadsLast(i) /\ HasOwnEntry(i)

\* The newest leader has committed all that it has.
CommitIsDone ==
    \E i \in Server :
        /\ LeadsLast(i) /\ HasOwnEntry(i)
        /\ commitIndex[i] = snapshot[i].lastIncludedIndex + Len(log[i])

-------------------------------------------------------------------------------
\* Some server leads the newest term. It is asked for from everywhere, with as
\* many servers down as a cluster bears.
LeaderIsElected == \E i \in Server : LeadsLast(i)

-------------------------------------------------------------------------------
\* What the newest leader has committed, all servers hear of in the end.
CommitIsKnown == \E i \in Server : LeadsLast(i) /\ commitIndex[i] > 0
CommitIsKnownToAll ==
    \E i \in Server :
        LeadsLast(i) /\ commitIndex[i] > 0 /\ \A j \in Server : commitIndex[j] = commitIndex[i]
===============================================================================
