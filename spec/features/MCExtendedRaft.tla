---------------------------- MODULE MCExtendedRaft ----------------------------
(***************************************************************************)
(* Raft with features, within bounds, for a model checker: as MCRaft.tla   *)
(* is of Raft.tla.                                                         *)
(***************************************************************************)
EXTENDS PreVoteInvariants, CheckQuorumInvariants, LeadershipTransferInvariants,
        ReadIndexInvariants, LeasesInvariants, MembershipInvariants,
        JointConsensusInvariants, AppliedMembershipInvariants, TLC

CONSTANTS MaxTerm, MaxLogLength, MaxSnapshotIndex, MaxMessages, MaxRestarts, MaxDrops,
          MaxDuplicates,
          MaxReads,     \* no more reads are begun in all
          MaxRounds,    \* no leader begins more rounds of heartbeats
          MaxChanges    \* no log holds more configurations

VARIABLES drops, duplicates

E == INSTANCE ExtendedRaft

vars == <<E!vars, committed, askedAt, restarts, drops, duplicates>>

ServerSymmetry == Permutations(Server)
ValueSymmetry == Permutations(Value)
Symmetry == ServerSymmetry \cup ValueSymmetry

\* What is assumed of clocks: no promise ends while its leader still trusts in the
\* round for which it was given.
ClocksAgree == \A i \in Server : PromiseLasts(i)

FewReads ==
    Cardinality({read \in Server \X (1..(MaxReads + 1)) : read[2] <= readNumber'[read[1]]})
        <= MaxReads

Changes(data, entries) ==
    Cardinality({index \in 1..Len(data) : data[index] \notin Value})
    + Cardinality({index \in 1..Len(entries) : entries[index].value \notin Value})

Within ==
    /\ \A i \in Server :
           LET compacted == snapshot'[i].lastIncludedIndex
           IN /\ currentTerm'[i] <= MaxTerm
              /\ compacted + Len(log'[i]) <= MaxLogLength
              /\ compacted <= MaxSnapshotIndex
              /\ readRound'[i] <= MaxRounds
              /\ Changes(snapshot'[i].data, log'[i]) <= MaxChanges
    /\ Cardinality(messages') <= MaxMessages
    /\ FewReads
    /\ ClocksAgree

Bounded == Within /\ CommittedRecorded /\ AskedRecorded

Unfaulted == UNCHANGED <<restarts, drops, duplicates>>

Init ==
    /\ E!Init
    /\ committed = <<>>
    /\ askedAt = [i \in Server |-> 0]
    /\ restarts = 0
    /\ drops = 0
    /\ duplicates = 0

Timeout(i) == E!Timeout(i) /\ Bounded /\ Unfaulted
AppendEntries(i, j, count) == E!AppendEntries(i, j, count) /\ Bounded /\ Unfaulted
InstallSnapshot(i, j) == E!InstallSnapshot(i, j) /\ Bounded /\ Unfaulted
ClientRequest(i, value) == E!ClientRequest(i, value) /\ Bounded /\ Unfaulted
CompactLog(i, index) == E!CompactLog(i, index) /\ Bounded /\ Unfaulted
MissLeader(i) == E!MissLeader(i) /\ Bounded /\ Unfaulted
RequestPreVotes(i) == E!RequestPreVotes(i) /\ Bounded /\ Unfaulted
CheckQuorum(i) == E!CheckQuorum(i) /\ Bounded /\ Unfaulted
TransferLeadership(i, j) == E!TransferLeadership(i, j) /\ Bounded /\ Unfaulted
AbortTransfer(i) == E!AbortTransfer(i) /\ Bounded /\ Unfaulted
TimeoutNow(i) == E!TimeoutNow(i) /\ Bounded /\ Unfaulted
Read(i) == E!Read(i) /\ Bounded /\ Unfaulted
RequestReadIndex(i, j) == E!RequestReadIndex(i, j) /\ Bounded /\ Unfaulted
BeginRound(i) == E!BeginRound(i) /\ Bounded /\ Unfaulted
Heartbeat(i, j) == E!Heartbeat(i, j) /\ Bounded /\ Unfaulted
AnswerReads(i) == E!AnswerReads(i) /\ Bounded /\ Unfaulted
ServeRead(i) == E!ServeRead(i) /\ Bounded /\ Unfaulted
LeaseRead(i) == E!LeaseRead(i) /\ Bounded /\ Unfaulted
EndLease(i) == E!EndLease(i) /\ Bounded /\ Unfaulted
EndPromise(i) == E!EndPromise(i) /\ Bounded /\ Unfaulted
AddServer(i, j) == E!AddServer(i, j) /\ Bounded /\ Unfaulted
RemoveServer(i, j) == E!RemoveServer(i, j) /\ Bounded /\ Unfaulted
AddLearner(i, j) == E!AddLearner(i, j) /\ Bounded /\ Unfaulted
PromoteLearner(i, j) == E!PromoteLearner(i, j) /\ Bounded /\ Unfaulted
EnterJoint(i, voters) == E!EnterJoint(i, voters) /\ Bounded /\ Unfaulted
LeaveJoint(i) == E!LeaveJoint(i) /\ Bounded /\ Unfaulted
TakeLead(i) == E!TakeLead(i) /\ Bounded /\ Unfaulted
Commit(i) == E!Commit(i) /\ Bounded /\ Unfaulted
StepDown(i) == E!StepDown(i) /\ Bounded /\ Unfaulted
ApplyConfiguration(i) == E!ApplyConfiguration(i) /\ Bounded /\ Unfaulted
Receive == \E m \in messages : E!Receive(m) /\ Bounded /\ Unfaulted

Restart(i) ==
    /\ restarts < MaxRestarts
    /\ E!Restart(i) /\ Bounded
    /\ restarts' = restarts + 1
    /\ UNCHANGED <<drops, duplicates>>

DropMessage ==
    /\ drops < MaxDrops
    /\ \E m \in messages : E!DropMessage(m) /\ Bounded
    /\ drops' = drops + 1
    /\ UNCHANGED <<restarts, duplicates>>

ReceiveDuplicate ==
    /\ duplicates < MaxDuplicates
    /\ \E m \in messages : E!ReceiveDuplicate(m) /\ Bounded
    /\ duplicates' = duplicates + 1
    /\ UNCHANGED <<restarts, drops>>

Next ==
    \/ \E i \in Server : Timeout(i)
    \/ \E i, j \in Server : \E count \in 0..MaxLogLength : AppendEntries(i, j, count)
    \/ \E i, j \in Server : InstallSnapshot(i, j)
    \/ \E i \in Server, value \in Value : ClientRequest(i, value)
    \/ \E i \in Server : \E index \in 1..MaxSnapshotIndex : CompactLog(i, index)
    \/ \E i \in Server : MissLeader(i)
    \/ \E i \in Server : RequestPreVotes(i)
    \/ \E i \in Server : CheckQuorum(i)
    \/ \E i, j \in Server : TransferLeadership(i, j)
    \/ \E i \in Server : AbortTransfer(i)
    \/ \E i \in Server : TimeoutNow(i)
    \/ \E i \in Server : Read(i)
    \/ \E i, j \in Server : RequestReadIndex(i, j)
    \/ \E i \in Server : BeginRound(i)
    \/ \E i, j \in Server : Heartbeat(i, j)
    \/ \E i \in Server : AnswerReads(i)
    \/ \E i \in Server : ServeRead(i)
    \/ \E i \in Server : LeaseRead(i)
    \/ \E i \in Server : EndLease(i)
    \/ \E i \in Server : EndPromise(i)
    \/ \E i, j \in Server : AddServer(i, j)
    \/ \E i, j \in Server : RemoveServer(i, j)
    \/ \E i, j \in Server : AddLearner(i, j)
    \/ \E i, j \in Server : PromoteLearner(i, j)
    \/ \E i \in Server : \E voters \in SUBSET Server : EnterJoint(i, voters)
    \/ \E i \in Server : LeaveJoint(i)
    \/ \E i \in Server : TakeLead(i)
    \/ \E i \in Server : Commit(i)
    \/ \E i \in Server : StepDown(i)
    \/ \E i \in Server : ApplyConfiguration(i)
    \/ Receive
    \/ \E i \in Server : Restart(i)
    \/ DropMessage
    \/ ReceiveDuplicate

Spec == Init /\ [][Next]_vars

-------------------------------------------------------------------------------
(* With what the features add hidden, each step is one of Raft.tla, or none,  *)
(* or one of two that make a server know less: it steps down in its own term, *)
(* or adopts a newer one, of which a feature's message told it. Membership    *)
(* changes what a quorum is, and is not held to this.                         *)

Base == INSTANCE RaftTrace WITH messages <- RaftMessages(messages)

RefinesRaft ==
    \/ Base!Next
    \/ \E i \in Server : Base!StepDown(i)
    \/ \E i \in Server, term \in 1..MaxTerm :
           Base!AdoptTerm([dest |-> i, term |-> term], RaftMessages(messages))

LinearizableReadsAlways == [][LinearizableReads]_vars
RefinesRaftAlways == [][RefinesRaft]_(Base!vars)

-------------------------------------------------------------------------------
(* The properties of steps, as the temporal formulas that TLC checks. *)

LeaderAppendOnlyAlways == [][LeaderAppendOnly]_vars
CurrentTermMonotonicAlways == [][CurrentTermMonotonic]_vars
CommitIndexMonotonicAlways == [][CommitIndexMonotonic]_vars
SnapshotMonotonicAlways == [][SnapshotMonotonic]_vars
MatchIndexMonotonicAlways == [][MatchIndexMonotonic]_vars
LeaderIsHeardFromAlways == [][LeaderIsHeardFrom]_vars
CandidateHadPreVotesAlways == [][CandidateHadPreVotes]_vars
PreVoteOnlyWithoutLeaderAlways == [][PreVoteOnlyWithoutLeader]_vars
PreVoteOnlyIfUpToDateAlways == [][PreVoteOnlyIfUpToDate]_vars
PreVotesAreForNextTermAlways == [][PreVotesAreForNextTerm]_vars
TermIsBegunAlways == [][TermIsBegun]_vars
VoteIsKeptAlways == [][VoteIsKept]_vars
StickyFollowerDoesNotVoteAlways == [][StickyFollowerDoesNotVote]_vars
StickyFollowerKeepsTermAlways == [][StickyFollowerKeepsTerm]_vars
OnlyQuorumKeepsLeaderAlways == [][OnlyQuorumKeepsLeader]_vars
ForcedByLeaderOfItsTermAlways == [][ForcedByLeaderOfItsTerm]_vars
TargetIsUpToDateAlways == [][TargetIsUpToDate]_vars
NoRequestsDuringTransferAlways == [][NoRequestsDuringTransfer]_vars
CommitIsStoredAlways == [][CommitIsStored]_vars
NewFollowsCommittedJointAlways == [][NewFollowsCommittedJoint]_vars
ConfigurationMonotonicAlways == [][ConfigurationMonotonic]_vars
NobodyStandsBehindAlways == [][NobodyStandsBehind]_vars
===============================================================================
