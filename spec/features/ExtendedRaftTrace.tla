--------------------------- MODULE ExtendedRaftTrace ---------------------------
(***************************************************************************)
(* Raft with features, and with the liberties that implementations take:   *)
(* what recorded traces are validated against whose header says that       *)
(* features are on.                                                        *)
(*                                                                         *)
(* What RaftTrace.tla allows is allowed here, with what the features that  *)
(* are on demand of it; and for what the features add there are liberties  *)
(* of their own. Who stands without having been told to, or without        *)
(* pre-votes of a majority; who gives a pre-vote to a log that is behind;  *)
(* who votes in spite of a leader; who tells a server to stand that is     *)
(* behind: these stay as ExtendedRaft.tla has them.                        *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS Server, Value, Nil, Features

VARIABLES currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
          nextIndex, matchIndex, messages

VARIABLES heardFromLeader, preVotesGranted, heardFrom, transferTarget, isForced, forcedRequests,
          readNumber, readIndex, pendingReads, readRound, roundAcks,
          promise, isTrusting, isLeaseGivenUp

E == INSTANCE ExtendedRaft
T == INSTANCE RaftTrace
LOCAL ActiveQuorum == INSTANCE CheckQuorum

vars == E!vars

\* Reads and leases have no liberties here.
LOCAL NoReads ==
    UNCHANGED <<readNumber, readIndex, pendingReads, readRound, roundAcks,
                promise, isTrusting, isLeaseGivenUp>>

\* What features know stays as it is.
LOCAL Unseen ==
    /\ UNCHANGED <<heardFromLeader, preVotesGranted, heardFrom, transferTarget, isForced,
                   forcedRequests>>
    /\ NoReads

-------------------------------------------------------------------------------
(* What ExtendedRaft.tla has. *)

Init == E!Init

Timeout(i) == E!Timeout(i)
AppendEntries(i, j, count) == E!AppendEntries(i, j, count)
InstallSnapshot(i, j) == E!InstallSnapshot(i, j)
ClientRequest(i, value) == E!ClientRequest(i, value)
CompactLog(i, index) == E!CompactLog(i, index)
MissLeader(i) == E!MissLeader(i)
RequestPreVotes(i) == E!RequestPreVotes(i)
CheckQuorum(i) == E!CheckQuorum(i)
TransferLeadership(i, j) == E!TransferLeadership(i, j)
AbortTransfer(i) == E!AbortTransfer(i)
TimeoutNow(i) == E!TimeoutNow(i)
DropMessage(m) == E!DropMessage(m)

Handle(m, others) == E!Take(m, others)

-------------------------------------------------------------------------------
(* What RaftTrace.tla allows. *)

SendEntries(i, j, prevLogIndex, count, commit) ==
    T!SendEntries(i, j, prevLogIndex, count, commit) /\ Unseen
SendSnapshot(i, j, index) == T!SendSnapshot(i, j, index) /\ Unseen
MoveNextIndex(i, j, index) == T!MoveNextIndex(i, j, index) /\ Unseen
ForgetMatch(i, j, index) == T!ForgetMatch(i, j, index) /\ Unseen
Acknowledge(i, j, type, index) == T!Acknowledge(i, j, type, index) /\ Unseen
AcknowledgeLess(m, index) == T!AcknowledgeLess(m, index) /\ Unseen
Commit(i, index) == T!Commit(i, index) /\ Unseen

\* A request for a vote that is ignored is no reason to adopt its term, nor is one
\* for a pre-vote, or a yes to it: nobody need have begun the term asked.
AdoptTerm(m, others) ==
    /\ m.type # "PreVoteRequest"
    /\ m.type = "PreVoteResponse" => ~m.voteGranted
    /\ ~(E!On("CheckQuorum") /\ ActiveQuorum!Ignores(m.dest, m))
    /\ T!AdoptTerm(m, others)
    /\ E!Watched(m.dest, E!NoMessage)

ReceiveCommit(m, commit, others) ==
    T!ReceiveCommit(m, commit, others) /\ E!Watched(m.dest, m)
LearnCommit(m, index, others) == T!LearnCommit(m, index, others) /\ E!Watched(m.dest, m)
NoteLeader(m, others) == T!NoteLeader(m, others) /\ E!Watched(m.dest, m)
RecordVote(m, others) == T!RecordVote(m, others) /\ E!Watched(m.dest, m)
RecordMatch(m, others) == T!RecordMatch(m, others) /\ E!Watched(m.dest, m)
MatchSnapshot(m, others) == T!MatchSnapshot(m, others) /\ E!Watched(m.dest, m)

TakeLead(i) == T!TakeLead(i) /\ E!Watched(i, E!NoMessage)
StepDown(i) == T!StepDown(i) /\ E!Watched(i, E!NoMessage)
RestartAt(i, commit) == T!RestartAt(i, commit) /\ E!Watched(i, E!Crash)

\* No may be said to a pre-vote at any time, too.
Refuse(i, j, type) ==
    /\ IF type # "PreVoteResponse" THEN T!Refuse(i, j, type)
       ELSE /\ E!On("PreVote")
            /\ i # j
            /\ messages' = messages \cup
                   {[type |-> type, source |-> i, dest |-> j, term |-> currentTerm[i],
                     voteGranted |-> FALSE]}
            /\ UNCHANGED <<currentTerm, votedFor, snapshot, log, role, commitIndex,
                           votesGranted, nextIndex, matchIndex>>
    /\ Unseen

-------------------------------------------------------------------------------
(* Pre-votes. No property depends on them: who stands for election takes part *)
(* in Raft's own, which is as strict as ever.                                 *)

\* The answer to a request for a pre-vote, in a term.
LOCAL Answers(m, others, term, granted) ==
    /\ messages' = others \cup
           {[type |-> "PreVoteResponse",
             source |-> m.dest,
             dest |-> m.source,
             term |-> term,
             voteGranted |-> granted]}
    /\ UNCHANGED <<currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
                   nextIndex, matchIndex>>
    /\ Unseen

\* Whether server i could give its vote to who asks for a pre-vote, but for roles
\* and terms: it has no leader, and no more in its log.
LOCAL Suits(i, m) ==
    /\ E!On("PreVote")
    /\ m.type = "PreVoteRequest"
    /\ \/ m.lastLogTerm > T!LastTerm(i)
       \/ m.lastLogTerm = T!LastTerm(i) /\ m.lastLogIndex >= T!LastIndex(i)

\* A pre-vote for a term that one is in already (some compare with at least).
GrantInSameTerm(m, others) ==
    LET i == m.dest
    IN /\ Suits(i, m)
       /\ m.term = currentTerm[i]
       /\ ~heardFromLeader[i]
       /\ role[i] # "Leader"
       /\ Answers(m, others, m.term, TRUE)

\* A refusal may carry the term asked.
RefuseInTermAsked(m, others) ==
    /\ E!On("PreVote")
    /\ m.type = "PreVoteRequest"
    /\ Answers(m, others, m.term, FALSE)

\* Who has asked may give up.
ForgetPreVotes(i) ==
    /\ preVotesGranted[i] # {}
    /\ preVotesGranted' = [preVotesGranted EXCEPT ![i] = {}]
    /\ UNCHANGED <<currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
                   nextIndex, matchIndex, messages, heardFromLeader, heardFrom,
                   transferTarget, isForced, forcedRequests>>
    /\ NoReads

(* The others are liberties only of implementations that say so. *)

\* A pre-vote of who leads, or has a leader: without check-quorum some do not ask.
GrantInSpiteOfLeader(m, others) ==
    LET i == m.dest
    IN /\ Suits(i, m)
       /\ m.term > currentTerm[i]
       /\ heardFromLeader[i] \/ role[i] = "Leader"
       /\ Answers(m, others, m.term, TRUE)

\* A yes that carries one's own term, as a no does.
GrantInOwnTerm(m, others) ==
    LET i == m.dest
    IN /\ Suits(i, m)
       /\ m.term > currentTerm[i]
       /\ ~heardFromLeader[i]
       /\ role[i] # "Leader"
       /\ Answers(m, others, currentTerm[i], TRUE)

\* A yes for a term that is no later than one's own: in the term of who gave it, or
\* to what was asked before (etcd takes one in its own term for an answer).
CountOfEarlierTerm(m, others) ==
    LET i == m.dest
    IN /\ m.type = "PreVoteResponse"
       /\ m.voteGranted
       /\ m.term <= currentTerm[i]
       /\ preVotesGranted[i] # {}
       /\ preVotesGranted' = [preVotesGranted EXCEPT ![i] = @ \cup {m.source}]
       /\ messages' = others
       /\ UNCHANGED <<currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
                      nextIndex, matchIndex, heardFromLeader, heardFrom, transferTarget,
                      isForced, forcedRequests>>
       /\ NoReads

-------------------------------------------------------------------------------
(* Transfers. *)

\* Leader i tells a server to stand whose log is as long as its own, whoever has
\* asked it to, and may have done so before.
TellToStand(i, j) ==
    /\ E!On("LeadershipTransfer")
    /\ role[i] = "Leader"
    /\ i # j
    /\ matchIndex[i][j] = T!LastIndex(i)
    /\ messages' = messages \cup
           {[type |-> "TimeoutNowRequest", source |-> i, dest |-> j, term |-> currentTerm[i]]}
    /\ UNCHANGED <<currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
                   nextIndex, matchIndex>>
    /\ Unseen

\* Leader i is asked to have another server lead than it was asked before.
ChangeTarget(i, j) ==
    /\ E!On("LeadershipTransfer")
    /\ role[i] = "Leader"
    /\ i # j
    /\ transferTarget[i] \notin {Nil, j}
    /\ transferTarget' = [transferTarget EXCEPT ![i] = j]
    /\ UNCHANGED <<currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
                   nextIndex, matchIndex, messages, heardFromLeader, preVotesGranted, heardFrom,
                   isForced, forcedRequests>>
    /\ NoReads
===============================================================================
