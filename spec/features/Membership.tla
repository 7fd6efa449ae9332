------------------------------- MODULE Membership -------------------------------
(***************************************************************************)
(* Changes of who the servers of a cluster are: one server at a time       *)
(* (thesis, 4.1), or any at once by way of C_old,new (thesis, 4.3; paper,  *)
(* 6), with learners that catch up first (thesis, 4.2.1).                  *)
(*                                                                         *)
(* A configuration is used as soon as it is in the log, or, with           *)
(* AppliedMembership, once it is committed and applied, as etcd and its    *)
(* kin have it. What a server knows to be committed is on stable storage   *)
(* there: after a restart it still knows of each configuration that it had *)
(* to apply.                                                               *)
(***************************************************************************)
EXTENDS Configuration

membershipVars == <<bootstrap, configurationIndex>>

MembershipInit ==
    /\ bootstrap = [i \in Server |-> IF IsChangeable /\ i \in Voters
                                     THEN [NoConfiguration EXCEPT !.voters = Voters]
                                     ELSE NoConfiguration]
    /\ configurationIndex = [i \in Server |-> 0]

\* What becomes of these when server i takes a step: a snapshot that is installed
\* brings the configuration as of its last index.
Configured(i) ==
    LET data == snapshot'[i].data
        brought == {index \in DOMAIN data : IsConfiguration(data[index])}
        last == CHOOSE index \in brought : \A other \in brought : index >= other
    IN /\ configurationIndex' = [configurationIndex EXCEPT ![i] =
              IF IsUsedWhenApplied /\ brought # {} THEN Max(@, last) ELSE @]
       /\ UNCHANGED bootstrap

-------------------------------------------------------------------------------
(* Elections and commitment, by the configuration in force. *)

\* A configuration that is committed is not applied yet.
IsBehind(i) == IsUsedWhenApplied /\ LatestUpTo(i, commitIndex[i]) > configurationIndex[i]

\* Learners do not stand for election, nor who knows of no cluster. Who is not in
\* its own configuration does: it may be needed until that is committed (thesis,
\* 4.2.2). Who uses what is applied, and is behind, must not (etcd#7280).
MayStand(i) ==
    /\ InForce(i).voters # {}
    /\ i \notin InForce(i).learners
    /\ IsUsedWhenApplied => i \in VotersOf(i) /\ ~IsBehind(i)

\* Timeout of Raft.tla, which asks voters alone.
Stand(i) ==
    /\ role[i] \in {"Follower", "Candidate"}
    /\ MayStand(i)
    /\ currentTerm' = [currentTerm EXCEPT ![i] = @ + 1]
    /\ role' = [role EXCEPT ![i] = "Candidate"]
    /\ votedFor' = [votedFor EXCEPT ![i] = i]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {i}]
    /\ messages' = messages \cup
           {[type |-> "RequestVoteRequest",
             source |-> i,
             dest |-> j,
             term |-> currentTerm[i] + 1,
             lastLogIndex |-> LastIndex(i),
             lastLogTerm |-> LastTerm(i)] : j \in VotersOf(i) \ {i}}
    /\ UNCHANGED <<logVars, commitIndex, leaderVars>>

\* HandleRequestVoteResponse of Raft.tla: it takes a quorum of the configuration.
CountVote(i, m, others) ==
    LET granted == votesGranted[i] \cup {m.source}
    IN /\ IF m.term > currentTerm[i]
          THEN UpdateTerm(i, m.term)
          ELSE /\ IF /\ role[i] = "Candidate"
                     /\ m.term = currentTerm[i]
                     /\ m.voteGranted
                  THEN IF IsQuorumOf(i, granted)
                       THEN BecomeLeader(i)
                       ELSE /\ votesGranted' = [votesGranted EXCEPT ![i] = granted]
                            /\ UNCHANGED <<role, leaderVars>>
                  ELSE UNCHANGED <<electionVars, leaderVars>>
               /\ UNCHANGED <<currentTerm, votedFor>>
       /\ messages' = others
       /\ UNCHANGED <<logVars, commitIndex>>

\* What leader i may commit by what it knows, entries of its term on a quorum.
Committable(i, match) ==
    {index \in (commitIndex[i] + 1)..LastIndex(i) :
        /\ TermAt(i, index) = currentTerm[i]
        /\ IsQuorumOf(i, {i} \cup {j \in Server : match[j] >= index})}

CommitOf(i, match) ==
    LET committable == Committable(i, match)
        highest == CHOOSE index \in committable : \A other \in committable : index >= other
    IN commitIndex' = [commitIndex EXCEPT ![i] = IF committable = {} THEN @ ELSE highest]

\* HandleAppendEntriesResponse of Raft.tla: it takes a quorum of the configuration.
LearnMatch(i, m, others) ==
    LET j == m.source
        match == [matchIndex[i] EXCEPT ![j] = Max(@, m.matchIndex)]
        next == IF m.success
                THEN Max(nextIndex[i][j], m.matchIndex + 1)
                ELSE Max(nextIndex[i][j] - 1, matchIndex[i][j] + 1)
    IN /\ IF m.term > currentTerm[i]
          THEN UpdateTerm(i, m.term) /\ UNCHANGED commitIndex
          ELSE /\ IF role[i] = "Leader" /\ m.term = currentTerm[i]
                  THEN /\ nextIndex' = [nextIndex EXCEPT ![i][j] = next]
                       /\ matchIndex' = [matchIndex EXCEPT ![i] = match]
                       /\ CommitOf(i, match)
                  ELSE UNCHANGED <<leaderVars, commitIndex>>
               /\ UNCHANGED <<currentTerm, votedFor, electionVars>>
       /\ messages' = others
       /\ UNCHANGED logVars

\* A candidate whose own vote is enough leads: nobody has to answer.
TakeLead(i) ==
    /\ role[i] = "Candidate"
    /\ IsQuorumOf(i, votesGranted[i])
    /\ BecomeLeader(i)
    /\ UNCHANGED <<currentTerm, votedFor, logVars, commitIndex, messages, membershipVars>>

\* A change makes a quorum of those that have answered already, or of the leader
\* alone.
Commit(i) ==
    /\ role[i] = "Leader"
    /\ Committable(i, matchIndex[i]) # {}
    /\ CommitOf(i, matchIndex[i])
    /\ UNCHANGED <<currentTerm, votedFor, logVars, electionVars, leaderVars, messages,
                   membershipVars>>

\* With AppliedMembership what is known to be committed outlives a crash.
RestartWithCommits(i) ==
    /\ role' = [role EXCEPT ![i] = "Follower"]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = NoNextIndex]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = NoMatchIndex]
    /\ UNCHANGED <<durableVars, commitIndex, messages>>

-------------------------------------------------------------------------------
(* Changes. *)

\* The leader has committed an entry of its own term (the correction of 2015).
HasCommittedInTerm(i) == commitIndex[i] > 0 /\ TermAt(i, commitIndex[i]) = currentTerm[i]

\* One change at a time: the one before is committed, or applied.
IsSettled(i) ==
    LatestIndex(i) <= IF IsUsedWhenApplied THEN configurationIndex[i] ELSE commitIndex[i]

\* Leader i appends a configuration.
Change(i, configuration) ==
    /\ log' = [log EXCEPT ![i] = Append(@, [term |-> currentTerm[i], value |-> configuration])]
    /\ UNCHANGED <<currentTerm, votedFor, snapshot, electionVars, commitIndex, leaderVars,
                   messages, membershipVars>>

\* One server at a time: majorities before and after meet (thesis, 4.1).
MayChange(i) ==
    /\ role[i] = "Leader"
    /\ InForce(i).outgoingVoters = {}
    /\ IsSettled(i)
    /\ ~IsUsedWhenApplied => HasCommittedInTerm(i)

AddServer(i, j) ==
    /\ MayChange(i)
    /\ i # j
    /\ j \notin MembersOf(i)
    /\ Change(i, [InForce(i) EXCEPT !.voters = @ \cup {j}])

RemoveServer(i, j) ==
    /\ MayChange(i)
    /\ j \in MembersOf(i)
    /\ InForce(i).voters # {j}
    /\ Change(i, [InForce(i) EXCEPT !.voters = @ \ {j}, !.learners = @ \ {j}])

\* Server j is sent entries and does not vote, until it has caught up (4.2.1).
AddLearner(i, j) ==
    /\ MayChange(i)
    /\ i # j
    /\ j \notin MembersOf(i)
    /\ Change(i, [InForce(i) EXCEPT !.learners = @ \cup {j}])

PromoteLearner(i, j) ==
    /\ MayChange(i)
    /\ j \in InForce(i).learners
    /\ Change(i, [InForce(i) EXCEPT !.voters = @ \cup {j}, !.learners = @ \ {j}])

\* Any number at a time: majorities of old and new are needed until C_old,new is
\* committed, and C_new after that (4.3).
EnterJoint(i, voters) ==
    /\ role[i] = "Leader"
    /\ InForce(i).outgoingVoters = {}
    /\ IsSettled(i)
    /\ voters # {}
    /\ voters # InForce(i).voters
    /\ Change(i, [voters |-> voters,
                  outgoingVoters |-> InForce(i).voters,
                  learners |-> InForce(i).learners \ voters])

LeaveJoint(i) ==
    /\ role[i] = "Leader"
    /\ InForce(i).outgoingVoters # {}
    /\ IsSettled(i)
    /\ Change(i, [InForce(i) EXCEPT !.outgoingVoters = {}])

\* Server i goes by what is committed of configurations (AppliedMembership).
ApplyConfiguration(i) ==
    /\ IsBehind(i)
    /\ configurationIndex' = [configurationIndex EXCEPT ![i] = LatestUpTo(i, commitIndex[i])]
    /\ UNCHANGED <<vars, bootstrap>>

\* What a snapshot stands for is applied.
MayCompact(i, index) == IsUsedWhenApplied => LatestUpTo(i, index) <= configurationIndex[i]

\* A leader that has been removed leads until that is committed (4.2.2).
StepDown(i) ==
    /\ role[i] = "Leader"
    /\ i \notin VotersOf(i)
    /\ IsSettled(i)
    /\ Follow(i, currentTerm[i], votedFor[i])
    /\ UNCHANGED <<logVars, commitIndex, messages, membershipVars>>
===============================================================================
