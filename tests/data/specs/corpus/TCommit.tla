------------------------------- MODULE TCommit -------------------------------
(* Transaction commit: resource managers agree on one outcome, and nothing   *)
(* is said on how. Source: Gray and Lamport, "Consensus on Transaction       *)
(* Commit", 2006, section 2.                                                 *)
CONSTANT RM
VARIABLE rmState

TypeOK == rmState \in [RM -> {"working", "prepared", "committed", "aborted"}]

Init == rmState = [rm \in RM |-> "working"]

CanCommit == \A rm \in RM : rmState[rm] \in {"prepared", "committed"}
NotCommitted == \A rm \in RM : rmState[rm] # "committed"

Prepare(rm) ==
    /\ rmState[rm] = "working"
    /\ rmState' = [rmState EXCEPT ![rm] = "prepared"]

Decide(rm) ==
    \/ /\ rmState[rm] = "prepared"
       /\ CanCommit
       /\ rmState' = [rmState EXCEPT ![rm] = "committed"]
    \/ /\ rmState[rm] \in {"working", "prepared"}
       /\ NotCommitted
       /\ rmState' = [rmState EXCEPT ![rm] = "aborted"]

Next == \E rm \in RM : Prepare(rm) \/ Decide(rm)

Spec == Init /\ [][Next]_rmState

Consistent == \A a, b \in RM : ~(rmState[a] = "aborted" /\ rmState[b] = "committed")

THEOREM Spec => [](TypeOK /\ Consistent)
==============================================================================
