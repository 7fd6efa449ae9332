------------------------------ MODULE MCRaftTrace ------------------------------
(***************************************************************************)
(* RaftTrace within bounds, for a model checker: that the liberties of     *)
(* RaftTrace.tla break no property is checked as it is for Raft.tla.       *)
(***************************************************************************)
EXTENDS RaftInvariants, TLC

CONSTANTS
    MaxTerm,        \* no server reaches a higher term
    MaxLogLength,   \* no log grows longer, what is compacted included
    MaxMessages,    \* no more messages are in flight at a time
    MaxRestarts     \* no more crashes in all

R == INSTANCE RaftTrace

vars == <<R!vars, committed, restarts>>

Symmetry == Permutations(Server) \cup Permutations(Value)

Within ==
    /\ \A i \in Server :
           /\ currentTerm'[i] <= MaxTerm
           /\ snapshot'[i].lastIncludedIndex + Len(log'[i]) <= MaxLogLength
    /\ Cardinality(messages') <= MaxMessages

\* What every action but a restart does besides its own work.
Bounded == Within /\ CommittedRecorded /\ UNCHANGED restarts

Init == R!Init /\ committed = <<>> /\ restarts = 0

Timeout(i) == R!Timeout(i) /\ Bounded
ClientRequest(i, value) == R!ClientRequest(i, value) /\ Bounded
CompactLog(i, index) == R!CompactLog(i, index) /\ Bounded
DropMessage(m) == R!DropMessage(m) /\ Bounded

SendEntries(i, j, prevLogIndex, count, commit) ==
    R!SendEntries(i, j, prevLogIndex, count, commit) /\ Bounded
SendSnapshot(i, j, index) == R!SendSnapshot(i, j, index) /\ Bounded
MoveNextIndex(i, j, index) == R!MoveNextIndex(i, j, index) /\ Bounded
ForgetMatch(i, j, index) == R!ForgetMatch(i, j, index) /\ Bounded
Acknowledge(i, j, type, index) == R!Acknowledge(i, j, type, index) /\ Bounded
AcknowledgeLess(m, index) == R!AcknowledgeLess(m, index) /\ Bounded
Refuse(i, j, type) == R!Refuse(i, j, type) /\ Bounded
TakeLead(i) == R!TakeLead(i) /\ Bounded
Commit(i, index) == R!Commit(i, index) /\ Bounded
StepDown(i) == R!StepDown(i) /\ Bounded

\* A message stays in flight where it is handled once more.
Handle(m, others) == R!Handle(m, others) /\ Bounded
AdoptTerm(m, others) == R!AdoptTerm(m, others) /\ Bounded
ReceiveCommit(m, commit, others) == R!ReceiveCommit(m, commit, others) /\ Bounded
LearnCommit(m, index, others) == R!LearnCommit(m, index, others) /\ Bounded
NoteLeader(m, others) == R!NoteLeader(m, others) /\ Bounded
RecordVote(m, others) == R!RecordVote(m, others) /\ Bounded
RecordMatch(m, others) == R!RecordMatch(m, others) /\ Bounded
MatchSnapshot(m, others) == R!MatchSnapshot(m, others) /\ Bounded

RestartAt(i, commit) ==
    /\ restarts < MaxRestarts
    /\ R!RestartAt(i, commit) /\ Within /\ CommittedRecorded
    /\ restarts' = restarts + 1

Index == 0..MaxLogLength

Next ==
    \/ \E i \in Server :
           \/ Timeout(i)
           \/ \E value \in Value : ClientRequest(i, value)
           \/ \E index \in Index : CompactLog(i, index) \/ Commit(i, index)
           \/ TakeLead(i)
           \/ StepDown(i)
           \/ \E commit \in Index : RestartAt(i, commit)
    \/ \E i, j \in Server :
           \/ \E prevLogIndex, count, commit \in Index :
                  SendEntries(i, j, prevLogIndex, count, commit)
           \/ \E index \in Index : SendSnapshot(i, j, index)
           \/ \E index \in 1..(MaxLogLength + 1) : MoveNextIndex(i, j, index)
           \/ \E index \in Index : ForgetMatch(i, j, index)
           \/ \E type \in {"AppendEntriesResponse", "InstallSnapshotResponse"}, index \in Index :
                  Acknowledge(i, j, type, index)
           \/ \E type \in {"RequestVoteResponse", "AppendEntriesResponse"} : Refuse(i, j, type)
    \/ \E m \in messages :
           \/ DropMessage(m)
           \/ \E index \in Index : AcknowledgeLess(m, index)
           \/ \E others \in {messages, messages \ {m}} :
                  \/ Handle(m, others)
                  \/ AdoptTerm(m, others)
                  \/ \E commit \in Index : ReceiveCommit(m, commit, others)
                  \/ \E index \in Index : LearnCommit(m, index, others)
                  \/ NoteLeader(m, others)
                  \/ RecordVote(m, others)
                  \/ RecordMatch(m, others)
                  \/ MatchSnapshot(m, others)

Spec == Init /\ [][Next]_vars

LeaderAppendOnlyAlways == [][LeaderAppendOnly]_vars
CurrentTermMonotonicAlways == [][CurrentTermMonotonic]_vars
CommitIndexMonotonicAlways == [][CommitIndexMonotonic]_vars
SnapshotMonotonicAlways == [][SnapshotMonotonic]_vars
===============================================================================
