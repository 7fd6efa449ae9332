------------------------------- MODULE TwoPhase -------------------------------
(* Two-phase commit: a manager collects the participants' readiness and       *)
(* tells them the outcome; it refines transaction commit. Source: Gray and    *)
(* Lamport, "Consensus on Transaction Commit", 2006, section 3.               *)
EXTENDS TLC
CONSTANT RM
VARIABLES rmState, tmState, tmPrepared, msgs

vars == <<rmState, tmState, tmPrepared, msgs>>

Message == [type : {"Prepared"}, rm : RM] \cup [type : {"Commit", "Abort"}]

TypeOK ==
    /\ rmState \in [RM -> {"working", "prepared", "committed", "aborted"}]
    /\ tmState \in {"init", "done"}
    /\ tmPrepared \subseteq RM
    /\ msgs \subseteq Message

Init ==
    /\ rmState = [rm \in RM |-> "working"]
    /\ tmState = "init"
    /\ tmPrepared = {}
    /\ msgs = {}

Send(m) == msgs' = msgs \cup {m}

TMReceivesPrepared(rm) ==
    /\ tmState = "init"
    /\ [type |-> "Prepared", rm |-> rm] \in msgs
    /\ tmPrepared' = tmPrepared \cup {rm}
    /\ UNCHANGED <<rmState, tmState, msgs>>

TMDecides(outcome) ==
    /\ tmState = "init"
    /\ outcome = "Commit" => tmPrepared = RM
    /\ tmState' = "done"
    /\ Send([type |-> outcome])
    /\ UNCHANGED <<rmState, tmPrepared>>

RMPrepares(rm) ==
    /\ rmState[rm] = "working"
    /\ rmState' = [rmState EXCEPT ![rm] = "prepared"]
    /\ Send([type |-> "Prepared", rm |-> rm])
    /\ UNCHANGED <<tmState, tmPrepared>>

RMAborts(rm) ==
    /\ rmState[rm] = "working"
    /\ rmState' = [rmState EXCEPT ![rm] = "aborted"]
    /\ UNCHANGED <<tmState, tmPrepared, msgs>>

RMObeys(rm) ==
    /\ \/ [type |-> "Commit"] \in msgs /\ rmState' = [rmState EXCEPT ![rm] = "committed"]
       \/ [type |-> "Abort"] \in msgs /\ rmState' = [rmState EXCEPT ![rm] = "aborted"]
    /\ UNCHANGED <<tmState, tmPrepared, msgs>>

Next ==
    \/ \E outcome \in {"Commit", "Abort"} : TMDecides(outcome)
    \/ \E rm \in RM :
        TMReceivesPrepared(rm) \/ RMPrepares(rm) \/ RMAborts(rm) \/ RMObeys(rm)

Spec == Init /\ [][Next]_vars

Symmetry == Permutations(RM)

TC == INSTANCE TCommit
Consistent == TC!Consistent
Refines == TC!Spec
===============================================================================
