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
(* behind; who answers a read without a majority that still follows: these *)
(* stay as ExtendedRaft.tla has them.                                      *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS Server, Value, Nil, Features, Voters

VARIABLES currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
          nextIndex, matchIndex, messages

VARIABLES heardFromLeader, preVotesGranted, heardFrom, transferTarget, isForced, forcedRequests,
          readNumber, readIndex, pendingReads, readRound, roundAcks,
          promise, isTrusting, isLeaseGivenUp, bootstrap, configurationIndex

\* What only traces need: reads beside each other, and rounds that overtake each other.
VARIABLES
    earlierReads,   \* the reads that a server has beside its latest, as [number, index]:
                    \* the index is 0 while it is not known
    confirmations   \* leaders: for each read that a round covers, as [server, number,
                    \* round, acks], who has acknowledged that round or a later one

E == INSTANCE ExtendedRaft
T == INSTANCE RaftTrace
M == INSTANCE Membership
LOCAL ActiveQuorum == INSTANCE CheckQuorum
LOCAL Reads == INSTANCE ReadIndex
LOCAL Lease == INSTANCE Leases

besideVars == <<earlierReads, confirmations>>
vars == <<E!vars, besideVars>>

LOCAL raftVars == <<currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
                    nextIndex, matchIndex>>
LOCAL leaseVars == <<promise, isTrusting, isLeaseGivenUp>>
LOCAL membershipVars == <<bootstrap, configurationIndex>>
LOCAL otherVars == <<heardFromLeader, preVotesGranted, heardFrom, transferTarget, isForced,
                     forcedRequests, membershipVars>>

LOCAL NoReads ==
    UNCHANGED <<readNumber, readIndex, pendingReads, readRound, roundAcks, leaseVars, besideVars>>

\* What features know stays as it is.
LOCAL Unseen ==
    /\ UNCHANGED otherVars
    /\ NoReads

\* What becomes of what only traces need, when server i takes message m, if any.
LOCAL Beside(i, m) ==
    LET leads == role[i] = "Leader" /\ role'[i] = "Leader"
        acknowledges(c) == /\ m.type = "HeartbeatResponse"
                           /\ m.term = currentTerm[i]
                           /\ m.round >= c.round
        isLeft(c) == \E read \in pendingReads'[i] :
                         read.server = c.server /\ read.number = c.number
    IN IF ~E!On("ReadIndex") THEN UNCHANGED besideVars
       ELSE /\ confirmations' = [confirmations EXCEPT ![i] =
                   IF ~leads THEN {}
                   ELSE {IF acknowledges(c) THEN [c EXCEPT !.acks = @ \cup {m.source}] ELSE c :
                             c \in {c \in @ : isLeft(c)}}]
            /\ earlierReads' = [earlierReads EXCEPT ![i] = IF m.type = "Restart" THEN {} ELSE @]

-------------------------------------------------------------------------------
(* What ExtendedRaft.tla has. *)

Init ==
    /\ E!Init
    /\ earlierReads = [i \in Server |-> {}]
    /\ confirmations = [i \in Server |-> {}]

Timeout(i) == E!Timeout(i) /\ Beside(i, E!NoMessage)
AppendEntries(i, j, count) == E!AppendEntries(i, j, count) /\ UNCHANGED besideVars
InstallSnapshot(i, j) == E!InstallSnapshot(i, j) /\ UNCHANGED besideVars
ClientRequest(i, value) == E!ClientRequest(i, value) /\ UNCHANGED besideVars
CompactLog(i, index) == E!CompactLog(i, index) /\ UNCHANGED besideVars
MissLeader(i) == E!MissLeader(i) /\ UNCHANGED besideVars
RequestPreVotes(i) == E!RequestPreVotes(i) /\ UNCHANGED besideVars
CheckQuorum(i) == E!CheckQuorum(i) /\ Beside(i, E!NoMessage)
TransferLeadership(i, j) == E!TransferLeadership(i, j) /\ UNCHANGED besideVars
AbortTransfer(i) == E!AbortTransfer(i) /\ UNCHANGED besideVars
TimeoutNow(i) == E!TimeoutNow(i) /\ UNCHANGED besideVars
DropMessage(m) == E!DropMessage(m) /\ UNCHANGED besideVars

Read(i) == E!Read(i) /\ Beside(i, E!NoMessage)
RequestReadIndex(i, j) == E!RequestReadIndex(i, j) /\ UNCHANGED besideVars
Heartbeat(i, j) == E!Heartbeat(i, j) /\ UNCHANGED besideVars
AnswerReads(i) == E!AnswerReads(i) /\ Beside(i, E!NoMessage)
ServeRead(i) == E!ServeRead(i) /\ UNCHANGED besideVars
LeaseRead(i) == E!LeaseRead(i) /\ Beside(i, E!NoMessage)
EndLease(i) == E!EndLease(i) /\ UNCHANGED besideVars
EndPromise(i) == E!EndPromise(i) /\ UNCHANGED besideVars

\* A round that leader i begins covers what it has noted by now.
LOCAL Covers(i) ==
    /\ confirmations' = [confirmations EXCEPT ![i] = @ \cup
           {[server |-> read.server, number |-> read.number,
             round |-> readRound'[i], acks |-> {}] :
                read \in {read \in pendingReads[i] : ~read.isCovered}}]
    /\ UNCHANGED earlierReads
BeginRound(i) == E!BeginRound(i) /\ Covers(i)

Handle(m, others) == E!Take(m, others) /\ Beside(m.dest, m)

-------------------------------------------------------------------------------
(* What RaftTrace.tla allows. *)

SendEntries(i, j, prevLogIndex, count, commit) ==
    T!SendEntries(i, j, prevLogIndex, count, commit) /\ Unseen
SendSnapshot(i, j, index) == T!SendSnapshot(i, j, index) /\ Unseen
MoveNextIndex(i, j, index) == T!MoveNextIndex(i, j, index) /\ Unseen
ForgetMatch(i, j, index) == T!ForgetMatch(i, j, index) /\ Unseen
Acknowledge(i, j, type, index) == T!Acknowledge(i, j, type, index) /\ Unseen
AcknowledgeLess(m, index) == T!AcknowledgeLess(m, index) /\ Unseen

\* It takes a quorum of the configuration in force to lead, and to commit.
Commit(i, index) ==
    /\ IF ~E!On("Membership") THEN T!Commit(i, index)
       ELSE /\ role[i] = "Leader"
            /\ index \in (commitIndex[i] + 1)..M!LastIndex(i)
            /\ \E top \in index..M!LastIndex(i) :
                   /\ M!TermAt(i, top) = currentTerm[i]
                   /\ M!IsQuorumOf(i, {i} \cup {j \in Server : matchIndex[i][j] >= top})
            /\ commitIndex' = [commitIndex EXCEPT ![i] = index]
            /\ UNCHANGED <<currentTerm, votedFor, snapshot, log, role, votesGranted,
                           nextIndex, matchIndex, messages>>
    /\ Unseen

\* A request for a vote that is ignored is no reason to adopt its term, nor is one
\* for a pre-vote, or a yes to it: nobody need have begun the term asked.
AdoptTerm(m, others) ==
    /\ m.type # "PreVoteRequest"
    /\ m.type = "PreVoteResponse" => ~m.voteGranted
    /\ ~(E!On("CheckQuorum") /\ ActiveQuorum!Ignores(m.dest, m))
    /\ T!AdoptTerm(m, others)
    /\ E!Watched(m.dest, E!NoMessage) /\ Beside(m.dest, E!NoMessage)

\* A message is taken in part.
LOCAL TakenIn(m) == E!Watched(m.dest, m) /\ Beside(m.dest, m)

ReceiveCommit(m, commit, others) == T!ReceiveCommit(m, commit, others) /\ TakenIn(m)
LearnCommit(m, index, others) == T!LearnCommit(m, index, others) /\ TakenIn(m)
NoteLeader(m, others) == T!NoteLeader(m, others) /\ TakenIn(m)
RecordVote(m, others) == T!RecordVote(m, others) /\ TakenIn(m)
RecordMatch(m, others) == T!RecordMatch(m, others) /\ TakenIn(m)
MatchSnapshot(m, others) == T!MatchSnapshot(m, others) /\ TakenIn(m)

TakeLead(i) ==
    /\ IF E!On("Membership") THEN E!TakeLead(i) ELSE T!TakeLead(i) /\ E!Watched(i, E!NoMessage)
    /\ Beside(i, E!NoMessage)
StepDown(i) == T!StepDown(i) /\ E!Watched(i, E!NoMessage) /\ Beside(i, E!NoMessage)

\* With AppliedMembership a server that knows of a configuration knows of the one
\* before that it was committed: these reach its disk together.
LOCAL Settled(i) ==
    IF E!On("AppliedMembership")
    THEN M!Max(configurationIndex[i], M!LatestUpTo(i, M!LatestIndex(i) - 1))
    ELSE 0

RestartAt(i, commit) ==
    /\ commit >= Settled(i)
    /\ T!RestartAt(i, commit)
    /\ E!Watched(i, E!Crash)
    /\ Beside(i, E!Crash)

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
                   transferTarget, isForced, forcedRequests, membershipVars>>
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
                      isForced, forcedRequests, membershipVars>>
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
                   isForced, forcedRequests, membershipVars>>
    /\ NoReads

-------------------------------------------------------------------------------
(* Reads. Here a server may have several at a time, and number them, and its   *)
(* rounds, as it likes if the later has the higher number; rounds are begun at *)
(* any time, and each answer says of a read what it says: that somebody still  *)
(* followed after that was noted. Who answers without a majority of those, or  *)
(* an index other than was noted, stays forbidden.                             *)

LOCAL OfReads == E!On("ReadIndex") /\ UNCHANGED <<raftVars, otherVars>>

LOCAL IsOpen(i, number) ==
    \/ number = readNumber[i] /\ readIndex[i] = 0
    \/ [number |-> number, index |-> 0] \in earlierReads[i]

LOCAL IsNoted(i, j, number) ==
    \E read \in pendingReads[i] : read.server = j /\ read.number = number

\* A client reads at server i. The read before may be open still; what that waits for
\* is committed here, or it is kept.
LOCAL Begins(i, number) ==
    /\ number > readNumber[i]
    /\ readNumber' = [readNumber EXCEPT ![i] = number]
    /\ readIndex' = [readIndex EXCEPT ![i] = 0]
    /\ earlierReads' = [earlierReads EXCEPT ![i] =
           IF readIndex[i] = Nil THEN @
           ELSE {read \in @ \cup {[number |-> readNumber[i], index |-> readIndex[i]]} :
                    read.index = 0 \/ read.index > commitIndex[i]}]

\* Server i knows the index of a read of its own.
LOCAL Knows(i, number, index) ==
    IF number = readNumber[i]
    THEN readIndex' = [readIndex EXCEPT ![i] = index] /\ UNCHANGED earlierReads
    ELSE /\ earlierReads' = [earlierReads EXCEPT ![i] =
                (@ \ {[number |-> number, index |-> 0]}) \cup {[number |-> number, index |-> index]}]
         /\ UNCHANGED readIndex

LOCAL Notes(i, j, number) ==
    /\ role[i] = "Leader"
    /\ Reads!KnowsCommitted(i)
    /\ ~IsNoted(i, j, number)
    /\ pendingReads' = [pendingReads EXCEPT ![i] = @ \cup {Reads!Noted(i, j, number)}]

\* A client reads at leader i beside others.
ReadBeside(i, number) ==
    /\ OfReads
    /\ Notes(i, i, number)
    /\ Begins(i, number)
    /\ UNCHANGED <<messages, readRound, roundAcks, confirmations, leaseVars>>

\* A client asks server i, and what comes of that comes later: a leader that has committed
\* nothing in its term notes it then, another server asks who leads then.
AskRead(i, number) ==
    /\ OfReads
    /\ Begins(i, number)
    /\ UNCHANGED <<messages, pendingReads, readRound, roundAcks, confirmations, leaseVars>>

NoteOwnRead(i, number) ==
    /\ OfReads
    /\ IsOpen(i, number)
    /\ Notes(i, i, number)
    /\ UNCHANGED <<messages, readNumber, readIndex, readRound, roundAcks, leaseVars, besideVars>>

LOCAL Asks(i, j, number) ==
    messages' = messages \cup {[type |-> "ReadIndexRequest",
                                source |-> i,
                                dest |-> j,
                                term |-> currentTerm[i],
                                number |-> number]}

\* A client reads at server i beside others, which takes j for the leader.
RequestBeside(i, j, number) ==
    /\ OfReads
    /\ role[i] # "Leader"
    /\ i # j
    /\ Begins(i, number)
    /\ Asks(i, j, number)
    /\ UNCHANGED <<pendingReads, readRound, roundAcks, confirmations, leaseVars>>

\* Server i asks again, or another.
AskAgain(i, j, number) ==
    /\ E!On("ReadIndex")
    /\ i # j
    /\ IsOpen(i, number)
    /\ Asks(i, j, number)
    /\ UNCHANGED raftVars
    /\ Unseen

\* A read of another server is noted, whatever the term in which that has asked.
NoteRead(m, others) ==
    /\ OfReads
    /\ m.type = "ReadIndexRequest"
    /\ Notes(m.dest, m.source, m.number)
    /\ messages' = others
    /\ UNCHANGED <<readNumber, readIndex, readRound, roundAcks, leaseVars, besideVars>>

BeginRoundAs(i, round) ==
    /\ OfReads
    /\ role[i] = "Leader"
    /\ round > readRound[i]
    /\ readRound' = [readRound EXCEPT ![i] = round]
    /\ roundAcks' = [roundAcks EXCEPT ![i] = {}]
    /\ pendingReads' = [pendingReads EXCEPT ![i] =
                            {[read EXCEPT !.isCovered = TRUE] : read \in @}]
    /\ Covers(i)
    /\ IF E!On("Leases") THEN Lease!Trust(i) ELSE UNCHANGED leaseVars
    /\ UNCHANGED <<messages, readNumber, readIndex>>

\* Leader i trusts in its clock, of which no line tells, instead of asking whether it still
\* leads, and notes a read for the first time or anew. That is no liberty unless a header says
\* that the implementation takes it, and it is held to what reads are for: nobody knows more
\* to be committed (NobodyKnowsMore). The step itself looks at no other server, so whoever
\* searches demands that besides.
TrustClock(i, j, number) ==
    /\ OfReads
    /\ role[i] = "Leader"
    /\ \E read \in pendingReads[i] :
           /\ read.server = j
           /\ read.number = number
           /\ pendingReads' = [pendingReads EXCEPT ![i] =
                                   (@ \ {read}) \cup {[read EXCEPT !.index = commitIndex[i]]}]
    /\ confirmations' = [confirmations EXCEPT ![i] = @ \cup
           {[server |-> j, number |-> number, round |-> readRound[i], acks |-> Server]}]
    /\ UNCHANGED <<messages, readNumber, readIndex, readRound, roundAcks, leaseVars, earlierReads>>

NobodyKnowsMore(i) == \A k \in Server : commitIndex[k] <= commitIndex[i]

\* One read is answered.
AnswerRead(i, j, number) ==
    /\ OfReads
    /\ role[i] = "Leader"
    /\ \E c \in confirmations[i] :
           /\ c.server = j
           /\ c.number = number
           /\ Reads!IsQuorumOf(i, {i} \cup c.acks)
           /\ confirmations' = [confirmations EXCEPT ![i] = @ \ {c}]
    /\ \E read \in pendingReads[i] :
           /\ read.server = j
           /\ read.number = number
           /\ pendingReads' = [pendingReads EXCEPT ![i] = @ \ {read}]
           /\ IF i = j
              THEN /\ IF IsOpen(i, number) THEN Knows(i, number, read.index)
                      ELSE UNCHANGED <<readIndex, earlierReads>>
                   /\ UNCHANGED messages
              ELSE /\ messages' = messages \cup {[type |-> "ReadIndexResponse",
                                                 source |-> i,
                                                 dest |-> j,
                                                 term |-> currentTerm[i],
                                                 number |-> number,
                                                 index |-> read.index]}
                   /\ UNCHANGED <<readIndex, earlierReads>>
    /\ UNCHANGED <<readNumber, readRound, roundAcks, leaseVars>>

\* The answer to a read that is not the latest.
LearnIndex(m, others) ==
    /\ OfReads
    /\ m.type = "ReadIndexResponse"
    /\ m.number # readNumber[m.dest]
    /\ IsOpen(m.dest, m.number)
    /\ Knows(m.dest, m.number, m.index)
    /\ messages' = others
    /\ UNCHANGED <<readNumber, pendingReads, readRound, roundAcks, confirmations, leaseVars>>

ServeEarlier(i, number) ==
    /\ OfReads
    /\ \E read \in earlierReads[i] :
           /\ read.number = number
           /\ read.index # 0
           /\ commitIndex[i] >= read.index
           /\ earlierReads' = [earlierReads EXCEPT ![i] = @ \ {read}]
    /\ UNCHANGED <<messages, readNumber, readIndex, pendingReads, readRound, roundAcks,
                   confirmations, leaseVars>>

-------------------------------------------------------------------------------
(* Changes of membership. Who may change what, and when, is Membership.tla's.  *)

AddServer(i, j) == E!AddServer(i, j) /\ UNCHANGED besideVars
RemoveServer(i, j) == E!RemoveServer(i, j) /\ UNCHANGED besideVars
AddLearner(i, j) == E!AddLearner(i, j) /\ UNCHANGED besideVars
PromoteLearner(i, j) == E!PromoteLearner(i, j) /\ UNCHANGED besideVars
EnterJoint(i, voters) == E!EnterJoint(i, voters) /\ UNCHANGED besideVars
LeaveJoint(i) == E!LeaveJoint(i) /\ UNCHANGED besideVars
ApplyConfiguration(i) == E!ApplyConfiguration(i) /\ UNCHANGED besideVars

\* What a leader may go on to from a configuration: learners count in no majority,
\* and come and go with any change; a leader that is made one leads on, as one that
\* is removed does.
LOCAL MayFollow(i, configuration) ==
    LET old == M!InForce(i)
        added == configuration.voters \ old.voters
        removed == old.voters \ configuration.voters
    IN /\ configuration.voters # {}
       /\ configuration.voters \cap configuration.learners = {}
       /\ \/ /\ M!MayChange(i)
             /\ configuration.outgoingVoters = {}
             /\ Cardinality(added \cup removed) <= 1
          \/ /\ E!On("JointConsensus")
             /\ old.outgoingVoters = {}
             /\ configuration.outgoingVoters = old.voters
          \/ /\ E!On("JointConsensus")
             /\ old.outgoingVoters # {}
             /\ configuration.outgoingVoters = {}
             /\ configuration.voters = old.voters

\* Leader i appends a configuration, of which no line says which change it is.
ChangeTo(i, configuration) ==
    /\ E!On("Membership")
    /\ role[i] = "Leader"
    /\ M!IsSettled(i)
    /\ MayFollow(i, configuration)
    /\ M!Change(i, configuration)
    /\ E!Changing(i)
    /\ UNCHANGED besideVars

\* Server i applies what is committed of configurations one after another.
ApplyUpTo(i, index) ==
    /\ E!On("AppliedMembership")
    /\ index \in (configurationIndex[i] + 1)..commitIndex[i]
    /\ M!IsConfiguration(M!ValueAt(i, index))
    /\ configurationIndex' = [configurationIndex EXCEPT ![i] = index]
    /\ UNCHANGED <<raftVars, messages, heardFromLeader, preVotesGranted, heardFrom,
                   transferTarget, isForced, forcedRequests, bootstrap>>
    /\ NoReads

\* Server i starts again with an earlier configuration, and what it knows to be
\* committed: until it has applied that, it does not stand.
RestartFrom(i, commit, index) ==
    /\ E!On("AppliedMembership")
    /\ index \in 0..configurationIndex[i]
    /\ index # 0 => M!IsConfiguration(M!ValueAt(i, index))
    /\ commit >= Settled(i)
    /\ T!RestartAt(i, commit)
    /\ E!Contact(i, E!Crash) /\ E!PreVotes(i, E!Crash) /\ E!Answers(i, E!Crash)
    /\ E!Transfer(i, E!Crash) /\ E!Reads(i, E!Crash) /\ E!Lease(i, E!Crash)
    /\ configurationIndex' = [configurationIndex EXCEPT ![i] = index]
    /\ UNCHANGED bootstrap
    /\ Beside(i, E!Crash)
===============================================================================
