----------------------------- MODULE Configuration -----------------------------
(***************************************************************************)
(* Who the servers of a cluster are, where that changes (thesis, 4; paper, *)
(* 6). A configuration is a value in the log, as what clients ask for is.  *)
(* With Membership off there is one, for good: all servers are its voters. *)
(*                                                                         *)
(* A configuration is [voters, outgoingVoters, learners]. Where there are  *)
(* outgoing voters it is C_old,new: a majority of these is needed, too.    *)
(* Learners are sent what voters are, and count in no majority.            *)
(***************************************************************************)
EXTENDS Raft

CONSTANTS
    Features,           \* those of ExtendedRaft that are on
    Voters              \* who the cluster begins with

VARIABLES
    bootstrap,          \* the configuration that a server was started with: of who
                        \* is added later, none
    configurationIndex  \* AppliedMembership: the index of the configuration that
                        \* the server has applied; 0 for the first

IsChangeable == "Membership" \in Features
IsUsedWhenApplied == "AppliedMembership" \in Features

NoConfiguration == [voters |-> {}, outgoingVoters |-> {}, learners |-> {}]

IsConfiguration(value) == value \notin Value

\* The value at an index: the state machine forgets none.
ValueAt(i, index) ==
    IF index <= snapshot[i].lastIncludedIndex THEN snapshot[i].data[index]
    ELSE log[i][index - snapshot[i].lastIncludedIndex].value

\* The indices at which a value is, up to an index.
Filled(i, last) ==
    {index \in DOMAIN snapshot[i].data : index <= last}
        \cup (snapshot[i].lastIncludedIndex + 1)..last

\* The index of the last configuration up to an index in the log of server i; 0
\* for the one that it was started with.
LatestUpTo(i, last) ==
    LET found == {index \in Filled(i, last) : IsConfiguration(ValueAt(i, index))}
    IN IF found = {} THEN 0
       ELSE CHOOSE index \in found : \A other \in found : index >= other

LatestIndex(i) == LatestUpTo(i, LastIndex(i))

\* The configuration that server i goes by: the latest in its log, committed or
\* not (thesis, 4.1); or, as some have it, the latest that it has applied.
InForce(i) ==
    LET index == IF IsUsedWhenApplied THEN configurationIndex[i] ELSE LatestIndex(i)
    IN IF index = 0 THEN bootstrap[i] ELSE ValueAt(i, index)

IsMajorityOf(servers, members) == 2 * Cardinality(servers \cap members) > Cardinality(members)

\* What is agreed on by these servers is agreed on by the cluster.
IsQuorumOf(i, servers) ==
    IF ~IsChangeable THEN IsQuorum(servers)
    ELSE LET configuration == InForce(i)
         IN /\ IsMajorityOf(servers, configuration.voters)
            /\ \/ configuration.outgoingVoters = {}
               \/ IsMajorityOf(servers, configuration.outgoingVoters)

\* Who may vote for server i.
VotersOf(i) ==
    IF ~IsChangeable THEN Server
    ELSE InForce(i).voters \cup InForce(i).outgoingVoters

\* Whom server i sends entries to as a leader.
MembersOf(i) ==
    IF ~IsChangeable THEN Server
    ELSE VotersOf(i) \cup InForce(i).learners
===============================================================================
