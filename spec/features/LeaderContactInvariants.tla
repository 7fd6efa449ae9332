------------------------ MODULE LeaderContactInvariants ------------------------
(***************************************************************************)
(* What is true of hearing from a leader, which pre-vote and check-quorum  *)
(* ask for; to be read as RaftInvariants.tla is.                           *)
(***************************************************************************)
EXTENDS FeatureVariables

\* Nothing but a request of the term's leader makes a server have a leader.
LeaderIsHeardFrom ==
    \A i \in Server :
        heardFromLeader'[i] /\ ~heardFromLeader[i]
            => \E m \in messages : /\ m.type \in {"AppendEntriesRequest", "InstallSnapshotRequest",
                                                 "HeartbeatRequest"}
                                  /\ m.dest = i
                                  /\ m.term = currentTerm'[i]
===============================================================================
