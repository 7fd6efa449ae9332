------------------------------ MODULE ExtendedRaft ------------------------------
(***************************************************************************)
(* Raft with the features that production runs, each of which can be on or *)
(* off. An action of Raft.tla stands here with what the features that are  *)
(* on demand of it, and with what becomes of their own variables by it.    *)
(* With none on, this is Raft.tla.                                         *)
(*                                                                         *)
(* Each feature is a module. What becomes of its variables when a server   *)
(* takes a step stands there in one place, whatever the step. Membership   *)
(* is about what all others stand on, a quorum: with that on, and changes, *)
(* this is Raft.tla no more.                                               *)
(*                                                                         *)
(* The rules of Raft.tla hold here, too. "Thesis" is Ongaro's "Consensus:  *)
(* Bridging Theory and Practice", 2014.                                    *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS
    Server, Value, Nil,
    Features,   \* those that are on, of "PreVote", "CheckQuorum",
                \* "LeadershipTransfer", "ReadIndex" and, with that, "Leases",
                \* "Membership" and, with that, "JointConsensus" and
                \* "AppliedMembership"
    Voters      \* Membership: who the cluster begins with; the other servers
                \* are there, and empty

\* The variables of Raft.tla.
VARIABLES currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
          nextIndex, matchIndex, messages

\* Those of the features; what is off leaves its own as they are at first.
VARIABLES heardFromLeader, preVotesGranted, heardFrom, transferTarget, isForced, forcedRequests,
          readNumber, readIndex, pendingReads, readRound, roundAcks,
          promise, isTrusting, isLeaseGivenUp, bootstrap, configurationIndex

Raft == INSTANCE Raft
LeaderContact == INSTANCE LeaderContact
PreVote == INSTANCE PreVote
ActiveQuorum == INSTANCE CheckQuorum
LeadershipTransfer == INSTANCE LeadershipTransfer
ReadIndex == INSTANCE ReadIndex
Leases == INSTANCE Leases
Membership == INSTANCE Membership

serverVars == <<currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
                nextIndex, matchIndex>>
quorumVars == <<heardFromLeader, preVotesGranted, heardFrom>>
transferVars == <<transferTarget, isForced, forcedRequests>>
readVars == <<readNumber, readIndex, pendingReads, readRound, roundAcks>>
leaseVars == <<promise, isTrusting, isLeaseGivenUp>>
membershipVars == <<bootstrap, configurationIndex>>
featureVars == <<quorumVars, transferVars, readVars, leaseVars, membershipVars>>
vars == <<serverVars, messages, featureVars>>

On(feature) == feature \in Features
ContactMatters == Features \cap {"PreVote", "CheckQuorum"} # {}

-------------------------------------------------------------------------------
Init ==
    /\ Raft!Init
    /\ LeaderContact!ContactInit
    /\ PreVote!PreVoteInit
    /\ ActiveQuorum!CheckQuorumInit
    /\ LeadershipTransfer!TransferInit
    /\ ReadIndex!ReadIndexInit
    /\ Leases!LeasesInit
    /\ Membership!MembershipInit

\* What becomes of the features' variables, but for those named, when server i
\* takes message m, if any.
Contact(i, m) ==
    IF ContactMatters THEN LeaderContact!Contact(i, m) ELSE UNCHANGED heardFromLeader
PreVotes(i, m) ==
    IF On("PreVote") THEN PreVote!PreVotes(i, m) ELSE UNCHANGED preVotesGranted
Answers(i, m) ==
    IF On("CheckQuorum") THEN ActiveQuorum!Answers(i, m) ELSE UNCHANGED heardFrom
Transfer(i, m) ==
    IF On("LeadershipTransfer") THEN LeadershipTransfer!Transfer(i, m)
    ELSE UNCHANGED transferVars
Reads(i, m) ==
    IF On("ReadIndex") THEN ReadIndex!Reads(i, m) ELSE UNCHANGED readVars
Lease(i, m) ==
    IF On("Leases") THEN Leases!Lease(i, m) ELSE UNCHANGED leaseVars

Configured(i) ==
    IF On("Membership") THEN Membership!Configured(i) ELSE UNCHANGED membershipVars

Watched(i, m) ==
    /\ Contact(i, m) /\ PreVotes(i, m) /\ Answers(i, m)
    /\ Transfer(i, m) /\ Reads(i, m) /\ Lease(i, m) /\ Configured(i)

NoMessage == [type |-> "None"]
Crash == [type |-> "Restart"]

-------------------------------------------------------------------------------
(* The actions of a server on its own: those of Raft.tla, and the features'. *)

Timeout(i) ==
    /\ ~isForced[i] => /\ LeaderContact!MayStand(i)
                       /\ On("PreVote") => PreVote!MayStand(i)
                       /\ Leases!MayStand(i)
    /\ IF On("Membership") THEN Membership!Stand(i) ELSE Raft!Timeout(i)
    /\ Watched(i, NoMessage)

AppendEntries(i, j, count) ==
    /\ j \in Membership!MembersOf(i)
    /\ Raft!AppendEntries(i, j, count)
    /\ UNCHANGED featureVars

InstallSnapshot(i, j) ==
    /\ j \in Membership!MembersOf(i)
    /\ Raft!InstallSnapshot(i, j)
    /\ UNCHANGED featureVars

ClientRequest(i, value) ==
    /\ LeadershipTransfer!MayServe(i)
    /\ Raft!ClientRequest(i, value)
    /\ UNCHANGED featureVars

CompactLog(i, index) ==
    /\ Raft!CompactLog(i, index)
    /\ Membership!MayCompact(i, index)
    /\ UNCHANGED featureVars

Restart(i) ==
    /\ IF On("AppliedMembership") THEN Membership!RestartWithCommits(i) ELSE Raft!Restart(i)
    /\ Watched(i, Crash)

MissLeader(i) ==
    /\ ContactMatters
    /\ LeaderContact!MissLeader(i)
    /\ UNCHANGED <<preVotesGranted, heardFrom, transferVars, readVars, leaseVars, membershipVars>>

RequestPreVotes(i) ==
    /\ On("PreVote")
    /\ On("Membership") => Membership!MayStand(i)
    /\ PreVote!RequestPreVotes(i)
    /\ UNCHANGED <<heardFromLeader, heardFrom, transferVars, readVars, leaseVars, membershipVars>>

CheckQuorum(i) ==
    /\ On("CheckQuorum")
    /\ ActiveQuorum!CheckQuorum(i)
    /\ Contact(i, NoMessage) /\ PreVotes(i, NoMessage)
    /\ Transfer(i, NoMessage) /\ Reads(i, NoMessage) /\ Lease(i, NoMessage)
    /\ UNCHANGED membershipVars

TransferLeadership(i, j) ==
    /\ On("LeadershipTransfer")
    /\ j \in Membership!VotersOf(i)
    /\ LeadershipTransfer!TransferLeadership(i, j)
    /\ UNCHANGED <<quorumVars, readVars, leaseVars, membershipVars>>

AbortTransfer(i) ==
    /\ On("LeadershipTransfer")
    /\ LeadershipTransfer!AbortTransfer(i)
    /\ UNCHANGED <<quorumVars, readVars, leaseVars, membershipVars>>

TimeoutNow(i) ==
    /\ On("LeadershipTransfer")
    /\ transferTarget[i] \in Membership!VotersOf(i)
    /\ LeadershipTransfer!TimeoutNow(i)
    /\ IF On("Leases") THEN Leases!GiveUp(i) ELSE UNCHANGED leaseVars
    /\ UNCHANGED <<quorumVars, readVars, membershipVars>>

Read(i) ==
    /\ On("ReadIndex")
    /\ ReadIndex!Read(i)
    /\ UNCHANGED <<quorumVars, transferVars, leaseVars, membershipVars>>

RequestReadIndex(i, j) ==
    /\ On("ReadIndex")
    /\ ReadIndex!RequestReadIndex(i, j)
    /\ UNCHANGED <<quorumVars, transferVars, leaseVars, membershipVars>>

BeginRound(i) ==
    /\ On("ReadIndex")
    /\ ~ReadIndex!IsAsked(i) => On("Leases") /\ Leases!MayRenew(i)
    /\ ReadIndex!BeginRound(i)
    /\ IF On("Leases") THEN Leases!Trust(i) ELSE UNCHANGED leaseVars
    /\ UNCHANGED <<quorumVars, transferVars, membershipVars>>

Heartbeat(i, j) ==
    /\ On("ReadIndex")
    /\ j \in Membership!MembersOf(i)
    /\ ReadIndex!Heartbeat(i, j)
    /\ UNCHANGED <<quorumVars, transferVars, leaseVars, membershipVars>>

AnswerReads(i) ==
    /\ On("ReadIndex")
    /\ ReadIndex!AnswerReads(i)
    /\ UNCHANGED <<quorumVars, transferVars, leaseVars, membershipVars>>

ServeRead(i) ==
    /\ On("ReadIndex")
    /\ ReadIndex!ServeRead(i)
    /\ UNCHANGED <<quorumVars, transferVars, leaseVars, membershipVars>>

LeaseRead(i) ==
    /\ On("Leases")
    /\ Leases!LeaseRead(i, ReadIndex!KnowsCommitted(i))
    /\ pendingReads' = [pendingReads EXCEPT ![i] = {read \in @ : read.server # i}]
    /\ UNCHANGED <<quorumVars, transferVars, readRound, roundAcks, membershipVars>>

EndLease(i) ==
    /\ On("Leases")
    /\ Leases!EndLease(i)
    /\ UNCHANGED <<quorumVars, transferVars, readVars, membershipVars>>

EndPromise(i) ==
    /\ On("Leases")
    /\ Leases!EndPromise(i)
    /\ UNCHANGED <<quorumVars, transferVars, readVars, membershipVars>>

-------------------------------------------------------------------------------
(* Changes of membership. *)

\* A step of Membership that no other feature knows the kind of.
Changing(i) ==
    /\ LeadershipTransfer!MayServe(i)
    /\ UNCHANGED <<quorumVars, transferVars, readVars, leaseVars>>

AddServer(i, j) == On("Membership") /\ Membership!AddServer(i, j) /\ Changing(i)
RemoveServer(i, j) == On("Membership") /\ Membership!RemoveServer(i, j) /\ Changing(i)
AddLearner(i, j) == On("Membership") /\ Membership!AddLearner(i, j) /\ Changing(i)
PromoteLearner(i, j) == On("Membership") /\ Membership!PromoteLearner(i, j) /\ Changing(i)
EnterJoint(i, voters) ==
    On("JointConsensus") /\ Membership!EnterJoint(i, voters) /\ Changing(i)
LeaveJoint(i) == On("JointConsensus") /\ Membership!LeaveJoint(i) /\ Changing(i)

TakeLead(i) ==
    /\ On("Membership")
    /\ Membership!TakeLead(i)
    /\ Contact(i, NoMessage) /\ PreVotes(i, NoMessage) /\ Answers(i, NoMessage)
    /\ Transfer(i, NoMessage) /\ Reads(i, NoMessage) /\ Lease(i, NoMessage)

Commit(i) ==
    /\ On("Membership")
    /\ Membership!Commit(i)
    /\ UNCHANGED <<quorumVars, transferVars, readVars, leaseVars>>

StepDown(i) ==
    /\ On("Membership")
    /\ Membership!StepDown(i)
    /\ Contact(i, NoMessage) /\ PreVotes(i, NoMessage) /\ Answers(i, NoMessage)
    /\ Transfer(i, NoMessage) /\ Reads(i, NoMessage) /\ Lease(i, NoMessage)

ApplyConfiguration(i) ==
    /\ On("AppliedMembership")
    /\ Membership!ApplyConfiguration(i)
    /\ UNCHANGED <<quorumVars, transferVars, readVars, leaseVars>>

-------------------------------------------------------------------------------
(* Messages. *)

Handle(m, others) ==
    \/ /\ m.type = "PreVoteRequest"
       /\ PreVote!HandlePreVoteRequest(m.dest, m, others)
    \/ /\ m.type = "PreVoteResponse"
       /\ PreVote!HandlePreVoteResponse(m.dest, m, others)
    \/ /\ m.type = "TimeoutNowRequest"
       /\ LeadershipTransfer!HandleTimeoutNowRequest(m.dest, m, others)
    \/ /\ m.type = "HeartbeatRequest"
       /\ ReadIndex!HandleHeartbeatRequest(m.dest, m, others)
    \/ /\ m.type \in {"HeartbeatResponse", "ReadIndexRequest", "ReadIndexResponse"}
       /\ ReadIndex!HandleOfReads(m.dest, m, others)
    \/ /\ On("Membership")
       /\ m.type = "RequestVoteResponse"
       /\ Membership!CountVote(m.dest, m, others)
    \/ /\ On("Membership")
       /\ m.type = "AppendEntriesResponse"
       /\ Membership!LearnMatch(m.dest, m, others)
    \/ /\ On("Membership") => m.type \notin {"RequestVoteResponse", "AppendEntriesResponse"}
       /\ Raft!Handle(m, others)

Take(m, others) ==
    IF \/ On("CheckQuorum") /\ ActiveQuorum!Ignores(m.dest, m)
       \/ Leases!Ignores(m.dest, m)
    THEN /\ messages' = others
         /\ UNCHANGED serverVars
         /\ Watched(m.dest, NoMessage)
    ELSE Handle(m, others) /\ Watched(m.dest, m)

Receive(m) == Take(m, messages \ {m})

ReceiveDuplicate(m) == Take(m, messages)

DropMessage(m) ==
    /\ Raft!DropMessage(m)
    /\ forcedRequests' = forcedRequests \ {m}
    /\ UNCHANGED <<quorumVars, transferTarget, isForced, readVars, leaseVars, membershipVars>>

-------------------------------------------------------------------------------
Next ==
    \/ \E i \in Server : Timeout(i)
    \/ \E i, j \in Server : \E count \in 0..Len(log[i]) : AppendEntries(i, j, count)
    \/ \E i, j \in Server : InstallSnapshot(i, j)
    \/ \E i \in Server, value \in Value : ClientRequest(i, value)
    \/ \E i \in Server : \E index \in 1..commitIndex[i] : CompactLog(i, index)
    \/ \E i \in Server : Restart(i)
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
    \/ \E m \in messages : Receive(m)
    \/ \E m \in messages : ReceiveDuplicate(m)
    \/ \E m \in messages : DropMessage(m)

Spec == Init /\ [][Next]_vars
===============================================================================
