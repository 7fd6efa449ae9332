----------------------------- MODULE LeaderContact -----------------------------
(***************************************************************************)
(* Whether a server has heard from a leader lately, for the features that  *)
(* ask: pre-vote and check-quorum.                                         *)
(*                                                                         *)
(* There is no clock here. "Within the minimum election timeout" (thesis,  *)
(* 4.2.3) is a truth that a leader's request brings about, and that ends   *)
(* by a step of the server's own.                                          *)
(***************************************************************************)
EXTENDS Raft

VARIABLE
    heardFromLeader \* followers: whether the leader of the term was heard from
                    \* within the minimum election timeout

ContactInit == heardFromLeader = [i \in Server |-> FALSE]

\* What becomes of it when server i takes message m, if any.
Contact(i, m) ==
    LET hears == /\ m.type \in {"AppendEntriesRequest", "InstallSnapshotRequest",
                               "HeartbeatRequest"}
                 /\ m.term = currentTerm'[i]
        lasts == /\ heardFromLeader[i]
                 /\ m.type # "Restart"
                 /\ role'[i] = "Follower"
                 /\ currentTerm'[i] = currentTerm[i]
    IN heardFromLeader' = [heardFromLeader EXCEPT ![i] = hears \/ lasts]

\* The minimum election timeout passes without a word of the leader.
MissLeader(i) ==
    /\ heardFromLeader[i]
    /\ heardFromLeader' = [heardFromLeader EXCEPT ![i] = FALSE]
    /\ UNCHANGED vars

\* An election timeout is no shorter than the minimum.
MayStand(i) == ~heardFromLeader[i]
===============================================================================
