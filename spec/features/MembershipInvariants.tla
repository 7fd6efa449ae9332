-------------------------- MODULE MembershipInvariants --------------------------
(***************************************************************************)
(* What is true of changes of membership (thesis, 4; paper, 6), beside     *)
(* what is true of Raft; to be read as RaftInvariants.tla is. The          *)
(* properties of figure 3 say nothing of quorums, and hold as they stand.  *)
(***************************************************************************)
EXTENDS FeatureVariables

LOCAL LastIndex(i) == snapshot[i].lastIncludedIndex + Len(log[i])

LOCAL LastTerm(i) ==
    IF log[i] = <<>> THEN snapshot[i].lastIncludedTerm ELSE log[i][Len(log[i])].term

LOCAL ValueAt(i, index) ==
    IF index <= snapshot[i].lastIncludedIndex THEN snapshot[i].data[index]
    ELSE log[i][index - snapshot[i].lastIncludedIndex].value

\* The indices of configurations in the log of server i.
LOCAL Changes(i) == {index \in 1..LastIndex(i) : ValueAt(i, index) \notin Value}

\* Those of what was ever committed.
LOCAL Committed == {index \in 1..Len(committed) : committed[index].value \notin Value}

LOCAL Members(configuration) ==
    configuration.voters \cup configuration.outgoingVoters \cup configuration.learners

MembershipTypeOK ==
    \A i \in Server :
        /\ bootstrap[i] \in ConfigurationsOf(Server)
        /\ configurationIndex[i] \in Nat
        /\ configurationIndex[i] # 0 => configurationIndex[i] \in Changes(i)

\* A learner is no voter, and who votes is somebody.
ConfigurationsAreSound ==
    \A i \in Server : \A index \in Changes(i) :
        LET configuration == ValueAt(i, index)
        IN /\ configuration.voters # {}
           /\ configuration.learners \cap configuration.voters = {}

\* No log holds two configurations that are not committed (thesis, 4.1).
OneUncommittedChange ==
    \A i \in Server : Cardinality({index \in Changes(i) : index > Len(committed)}) <= 1

\* Each configuration that is in force somewhere, where its server could still be
\* elected: a quorum has logs that are no more up-to-date than its own.
CanBeElected(i) ==
    LET behind == {j \in Server : \/ LastTerm(j) < LastTerm(i)
                                  \/ /\ LastTerm(j) = LastTerm(i)
                                     /\ LastIndex(j) <= LastIndex(i)}
    IN IsQuorumFor(i, behind)

\* No two of these have quorums without a server in common.
ConfigurationsIntersect ==
    \A i, j \in Server :
        CanBeElected(i) /\ CanBeElected(j) /\ ConfigurationOf(i) # ConfigurationOf(j)
            => \A servers \in SUBSET Server :
                   ~(IsQuorumFor(i, servers) /\ IsQuorumFor(j, Server \ servers))

\* A learner catches up, and neither stands nor leads (thesis, 4.2.1).
LearnersFollow ==
    \A i \in Server : role[i] # "Follower" => i \notin ConfigurationOf(i).learners

\* What a leader commits, a quorum of its configuration has.
CommitIsStored ==
    \A i \in Server :
        LET index == commitIndex'[i]
            Has(j) == \/ index <= commitIndex[j]
                      \/ index <= LastIndex(j) /\ ValueAt(j, index) = ValueAt(i, index)
        IN role[i] = "Leader" /\ role'[i] = "Leader" /\ index > commitIndex[i]
               => IsQuorumFor(i, {j \in Server : Has(j)})

\* Who the cluster began with. Not Voters: a property that named servers would not be
\* the same of a state whose servers are renamed, and so of one that stands for it.
LOCAL Founders == UNION {bootstrap[i].voters : i \in Server}

LOCAL Before(index) ==
    LET earlier == {other \in Committed : other < index}
    IN IF earlier = {} THEN [voters |-> Founders, outgoingVoters |-> {}, learners |-> {}]
       ELSE committed[CHOOSE other \in earlier : \A one \in earlier : other >= one].value

SometimesServerAdded ==
    \E index \in Committed : committed[index].value.voters \ Members(Before(index)) # {}

SometimesServerRemoved ==
    \E index \in Committed : Members(Before(index)) \ Members(committed[index].value) # {}

\* A server that was not there at the beginning leads.
SometimesNewServerLeads ==
    \E i \in Server : role[i] = "Leader" /\ i \notin Founders

\* A server falls back to the configuration before, as an entry is removed.
SometimesChangeUndone ==
    \E i \in Server : \E index \in Changes(i) :
        /\ index > snapshot'[i].lastIncludedIndex
        /\ IF index > snapshot'[i].lastIncludedIndex + Len(log'[i]) THEN TRUE
           ELSE log'[i][index - snapshot'[i].lastIncludedIndex].value # ValueAt(i, index)

\* A leader that was removed steps down.
SometimesRemovedLeaderStepsDown ==
    \E i \in Server : /\ role[i] = "Leader"
                      /\ role'[i] = "Follower"
                      /\ currentTerm'[i] = currentTerm[i]
                      /\ i \notin Members(ConfigurationOf(i))
                      /\ restarts' = restarts
===============================================================================
