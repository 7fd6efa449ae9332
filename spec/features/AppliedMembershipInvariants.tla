---------------------- MODULE AppliedMembershipInvariants ----------------------
(***************************************************************************)
(* What is true where a configuration is used once it is applied, beside   *)
(* what is true of all changes of membership; to be read as                *)
(* RaftInvariants.tla is.                                                  *)
(***************************************************************************)
EXTENDS FeatureVariables

LOCAL Unapplied(i) ==
    LET values == snapshot[i].data \o [k \in 1..Len(log[i]) |-> log[i][k].value]
    IN {index \in (configurationIndex[i] + 1)..commitIndex[i] : values[index] \notin Value}

\* What is applied was committed, and its server knows it.
AppliedIsCommitted ==
    \A i \in Server :
        configurationIndex[i] <= commitIndex[i] /\ configurationIndex[i] <= Len(committed)

\* A configuration does not give way to an earlier one, restarts included.
ConfigurationMonotonic ==
    \A i \in Server : configurationIndex[i] <= configurationIndex'[i]

\* Nobody stands for election by a configuration that was replaced (etcd#7280).
NobodyStandsBehind ==
    \A i \in Server :
        role'[i] = "Candidate" /\ currentTerm'[i] > currentTerm[i] => Unapplied(i) = {}

SometimesConfigurationApplied ==
    \E i \in Server : configurationIndex[i] # 0

\* A configuration is committed, and its server goes by an earlier one.
SometimesConfigurationUnapplied ==
    \E i \in Server : role[i] = "Follower" /\ Unapplied(i) # {}
===============================================================================
