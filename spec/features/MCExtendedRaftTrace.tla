-------------------------- MODULE MCExtendedRaftTrace --------------------------
(***************************************************************************)
(* ExtendedRaftTrace within bounds, for a model checker: that its          *)
(* liberties, those too that only some take, break no property, as         *)
(* MCRaftTrace.tla asks it of RaftTrace.tla.                               *)
(***************************************************************************)
EXTENDS PreVoteInvariants, CheckQuorumInvariants, LeadershipTransferInvariants,
        ReadIndexInvariants, LeasesInvariants, MembershipInvariants,
        AppliedMembershipInvariants, TLC

CONSTANTS
    MaxTerm,        \* no server reaches a higher term
    MaxLogLength,   \* no log grows longer, what is compacted included
    MaxMessages,    \* no more messages are in flight at a time
    MaxRestarts,    \* no more crashes in all
    MaxReads,       \* no server begins more reads
    MaxRounds       \* no leader begins more rounds of heartbeats in a term

VARIABLES earlierReads, confirmations

\* History: for each read that began, how many entries had been committed then, as
\* [server, number, committed]. `askedAt` knows one read of a server.
VARIABLE asked

X == INSTANCE ExtendedRaftTrace

vars == <<X!vars, committed, askedAt, asked, restarts>>

Symmetry == Permutations(Server) \cup Permutations(Value)

Within ==
    /\ \A i \in Server :
           /\ currentTerm'[i] <= MaxTerm
           /\ snapshot'[i].lastIncludedIndex + Len(log'[i]) <= MaxLogLength
    /\ Cardinality(messages') <= MaxMessages
    /\ \A i \in Server : readNumber'[i] <= MaxReads /\ readRound'[i] <= MaxRounds

\* Each read that begins, with what was committed before.
ReadsRecorded ==
    asked' = asked \cup {[server |-> i, number |-> readNumber'[i], committed |-> Len(committed)] :
                             i \in {i \in Server : readNumber'[i] # readNumber[i]}}

\* What is assumed of clocks (MCExtendedRaft.tla).
ClocksAgree == \A i \in Server : PromiseLasts(i)

\* What every action but a restart does besides its own work.
Bounded ==
    /\ Within /\ ClocksAgree /\ CommittedRecorded /\ AskedRecorded /\ ReadsRecorded
    /\ UNCHANGED restarts

Init ==
    /\ X!Init
    /\ committed = <<>>
    /\ askedAt = [i \in Server |-> 0]
    /\ asked = {}
    /\ restarts = 0

LOCAL Restarted ==
    /\ restarts < MaxRestarts
    /\ Within /\ CommittedRecorded /\ AskedRecorded /\ ReadsRecorded
    /\ restarts' = restarts + 1

RestartAt(i, commit) == X!RestartAt(i, commit) /\ Restarted
RestartFrom(i, commit, index) == X!RestartFrom(i, commit, index) /\ Restarted

Index == 0..MaxLogLength

\* Those of reads, and of leases.
OfReads(i) ==
    \/ \E number \in 1..MaxReads :
           X!ReadBeside(i, number) \/ X!AskRead(i, number) \/ X!NoteOwnRead(i, number)
    \/ \E number \in 1..MaxReads : X!ServeEarlier(i, number)
    \/ \E round \in 1..MaxRounds : X!BeginRoundAs(i, round)
    \/ X!Read(i)
    \/ X!BeginRound(i)
    \/ X!AnswerReads(i)
    \/ X!ServeRead(i)
    \/ X!LeaseRead(i)
    \/ X!EndLease(i)
    \/ X!EndPromise(i)

OfReadsTowards(i, j) ==
    \/ X!RequestReadIndex(i, j)
    \/ X!Heartbeat(i, j)
    \/ \E number \in 1..MaxReads :
           X!RequestBeside(i, j, number) \/ X!AskAgain(i, j, number) \/ X!AnswerRead(i, j, number)

\* A step of server i by itself.
Own(i) ==
    \/ X!Timeout(i)
    \/ \E value \in Value : X!ClientRequest(i, value)
    \/ \E index \in Index : X!CompactLog(i, index) \/ X!Commit(i, index)
    \/ X!TakeLead(i)
    \/ X!StepDown(i)
    \/ X!MissLeader(i)
    \/ X!RequestPreVotes(i)
    \/ X!ForgetPreVotes(i)
    \/ X!CheckQuorum(i)
    \/ X!AbortTransfer(i)
    \/ X!TimeoutNow(i)
    \/ OfReads(i)

\* What server i does about j.
Towards(i, j) ==
    \/ \E prevLogIndex, count, commit \in Index : X!SendEntries(i, j, prevLogIndex, count, commit)
    \/ \E index \in Index : X!SendSnapshot(i, j, index)
    \/ \E index \in 1..(MaxLogLength + 1) : X!MoveNextIndex(i, j, index)
    \/ \E index \in Index : X!ForgetMatch(i, j, index)
    \/ \E type \in {"AppendEntriesResponse", "InstallSnapshotResponse"}, index \in Index :
           X!Acknowledge(i, j, type, index)
    \/ \E type \in {"RequestVoteResponse", "AppendEntriesResponse", "PreVoteResponse"} :
           X!Refuse(i, j, type)
    \/ X!TransferLeadership(i, j)
    \/ X!ChangeTarget(i, j)
    \/ X!TellToStand(i, j)
    \/ OfReadsTowards(i, j)

\* What is made of message m, which may stay in flight.
Of(m, others) ==
    \/ X!Handle(m, others)
    \/ X!AdoptTerm(m, others)
    \/ \E commit \in Index : X!ReceiveCommit(m, commit, others)
    \/ \E index \in Index : X!LearnCommit(m, index, others)
    \/ X!NoteLeader(m, others)
    \/ X!RecordVote(m, others)
    \/ X!RecordMatch(m, others)
    \/ X!MatchSnapshot(m, others)
    \/ X!GrantInSameTerm(m, others)
    \/ X!RefuseInTermAsked(m, others)
    \/ X!GrantInSpiteOfLeader(m, others)
    \/ X!GrantInOwnTerm(m, others)
    \/ X!CountOfEarlierTerm(m, others)
    \/ X!NoteRead(m, others)
    \/ X!LearnIndex(m, others)

Next ==
    \/ \E i \in Server : Own(i) /\ Bounded
    \/ \E i \in Server : \E commit \in Index : RestartAt(i, commit)
    \/ \E i, j \in Server : Towards(i, j) /\ Bounded
    \/ \E m \in messages :
           \/ X!DropMessage(m) /\ Bounded
           \/ \E index \in Index : X!AcknowledgeLess(m, index) /\ Bounded
           \/ \E others \in {messages, messages \ {m}} : Of(m, others) /\ Bounded

Spec == Init /\ [][Next]_vars

\* Reads beside what Raft.tla has, without its own liberties: there are far fewer states.
NextWithReads ==
    \/ \E i \in Server :
           /\ OfReads(i) \/ X!Timeout(i) \/ \E value \in Value : X!ClientRequest(i, value)
           /\ Bounded
    \/ \E i, j \in Server :
           /\ OfReadsTowards(i, j) \/ \E count \in Index : X!AppendEntries(i, j, count)
           /\ Bounded
    \/ \E m \in messages :
           \/ X!DropMessage(m) /\ Bounded
           \/ \E others \in {messages, messages \ {m}} :
                  /\ X!Handle(m, others) \/ X!NoteRead(m, others) \/ X!LearnIndex(m, others)
                  /\ Bounded

\* Changes of membership beside what Raft.tla has, without its own liberties but for
\* those that have to do with quorums and with what is known to be committed.
NextWithChanges ==
    \/ \E i \in Server :
           /\ \/ X!Timeout(i)
              \/ X!TakeLead(i)
              \/ \E index \in Index :
                     X!CompactLog(i, index) \/ X!Commit(i, index) \/ X!ApplyUpTo(i, index)
              \/ \E configuration \in ConfigurationsOf(Server) : X!ChangeTo(i, configuration)
           /\ Bounded
    \/ \E i \in Server : \E commit, index \in Index :
           RestartAt(i, commit) \/ RestartFrom(i, commit, index)
    \/ \E i, j \in Server :
           /\ \/ \E count \in Index : X!AppendEntries(i, j, count)
              \/ X!InstallSnapshot(i, j)
           /\ Bounded
    \/ \E m \in messages :
           \/ X!DropMessage(m) /\ Bounded
           \/ \E others \in {messages, messages \ {m}} :
                  (X!Handle(m, others) \/ X!RecordVote(m, others)) /\ Bounded

LeaderAppendOnlyAlways == [][LeaderAppendOnly]_vars
CurrentTermMonotonicAlways == [][CurrentTermMonotonic]_vars
CommitIndexMonotonicAlways == [][CommitIndexMonotonic]_vars
SnapshotMonotonicAlways == [][SnapshotMonotonic]_vars
CandidateHadPreVotesAlways == [][CandidateHadPreVotes]_vars
StickyFollowerDoesNotVoteAlways == [][StickyFollowerDoesNotVote]_vars
TargetIsUpToDateAlways == [][TargetIsUpToDate]_vars
NoRequestsDuringTransferAlways == [][NoRequestsDuringTransfer]_vars

-------------------------------------------------------------------------------
(* Reads: LinearizableReads, of those too that a server has beside its latest. *)

AllReads(i) ==
    earlierReads[i] \cup
        (IF readIndex[i] = Nil THEN {} ELSE {[number |-> readNumber[i], index |-> readIndex[i]]})

\* The index for which a read waits is beyond all that was committed when it began.
IndexCoversWhatWasAsked ==
    \A i \in Server : \A read \in AllReads(i) : \A history \in asked :
        (history.server = i /\ history.number = read.number /\ read.index # 0)
            => read.index >= history.committed

LinearizableReadsAlways == [][LinearizableReads]_vars
-------------------------------------------------------------------------------
(* Changes of membership. *)

\* Two servers that can both be elected have no quorums without a server in common.
\* Who is behind does not stand: it may have started again with an earlier
\* configuration, which ConfigurationsIntersect makes nothing of.
ElectablesIntersect ==
    LET electable == {i \in Server : CanBeElected(i) /\ ~X!M!IsBehind(i)}
    IN \A i, j \in electable : \A servers \in SUBSET Server :
           ~(IsQuorumFor(i, servers) /\ IsQuorumFor(j, Server \ servers))

CommitIsStoredAlways == [][CommitIsStored]_vars
NobodyStandsBehindAlways == [][NobodyStandsBehind]_vars
===============================================================================
