------------------------------- MODULE RaftTrace -------------------------------
(***************************************************************************)
(* Raft with the liberties that implementations take: what recorded traces *)
(* are validated against.                                                  *)
(*                                                                         *)
(* Raft.tla does one thing where the protocol allows many. Each action     *)
(* below is a choice on which no invariant depends, and nothing else:      *)
(* what to send and when, how late to learn, how much of what is known to  *)
(* use. Who may vote for whom, what a leader may count, what may be        *)
(* removed from a log and what a restart must keep is Raft.tla's word.     *)
(*                                                                         *)
(* The three rules of Raft.tla hold here, too. `others` is what the        *)
(* network holds besides the message that is handled.                      *)
(***************************************************************************)
EXTENDS Raft

(* What is sent. *)

\* nextIndex is a guess. Leader i may send any part of its log that it still
\* has (pipelining, probing, sending again), and may know of more commits than
\* it tells (5.3). A heartbeat after index 0 matches every log; one after what is
\* compacted comes without the term there, and matches what was compacted, too.
SendEntries(i, j, prevLogIndex, count, commit) ==
    /\ role[i] = "Leader"
    /\ i # j
    /\ \/ prevLogIndex \in snapshot[i].lastIncludedIndex..LastIndex(i)
       \/ prevLogIndex \in 0..snapshot[i].lastIncludedIndex /\ count = 0
    /\ count \in 0..(LastIndex(i) - prevLogIndex)
    /\ commit \in 0..commitIndex[i]
    /\ messages' = messages \cup
           {[type |-> "AppendEntriesRequest",
             source |-> i,
             dest |-> j,
             term |-> currentTerm[i],
             prevLogIndex |-> prevLogIndex,
             prevLogTerm |-> IF prevLogIndex < snapshot[i].lastIncludedIndex THEN 0
                             ELSE TermAt(i, prevLogIndex),
             entries |-> IF count = 0 THEN <<>>
                         ELSE Entries(i, prevLogIndex + 1, prevLogIndex + count),
             leaderCommit |-> commit]}
    /\ UNCHANGED serverVars

\* Server i may send a snapshot of whatever is committed, also of entries that it
\* has not compacted (some keep part of the log behind a snapshot), and without
\* leading: what is committed is so in every later term (7, 5.4).
SendSnapshot(i, j, index) ==
    /\ currentTerm[i] > 0
    /\ i # j
    /\ index > 0
    /\ index \in snapshot[i].lastIncludedIndex..commitIndex[i]
    /\ messages' = messages \cup
           {[type |-> "InstallSnapshotRequest",
             source |-> i,
             dest |-> j,
             term |-> currentTerm[i],
             snapshot |-> [lastIncludedIndex |-> index,
                           lastIncludedTerm |-> TermAt(i, index),
                           data |-> Applied(i, index)]]}
    /\ UNCHANGED serverVars

\* Leader i chooses anew what it will send to j next.
MoveNextIndex(i, j, index) ==
    /\ role[i] = "Leader"
    /\ index \in (matchIndex[i][j] + 1)..(LastIndex(i) + 1)
    /\ nextIndex' = [nextIndex EXCEPT ![i][j] = index]
    /\ UNCHANGED <<currentTerm, votedFor, logVars, electionVars, commitIndex, matchIndex,
                   messages>>

\* Leader i may know less of j than it has been told (5.3).
ForgetMatch(i, j, index) ==
    /\ role[i] = "Leader"
    /\ index \in 0..matchIndex[i][j]
    /\ matchIndex' = [matchIndex EXCEPT ![i][j] = index]
    /\ UNCHANGED <<currentTerm, votedFor, logVars, electionVars, commitIndex, nextIndex,
                   messages>>

\* Server i tells j, asked or not, that its log matches up to an index that it
\* knows to be committed: the leader of its term has these entries (5.4).
Acknowledge(i, j, type, index) ==
    /\ i # j
    /\ index \in 0..commitIndex[i]
    /\ currentTerm[i] > 0
    /\ messages' = messages \cup
           {IF type = "AppendEntriesResponse"
            THEN [type |-> type, source |-> i, dest |-> j, term |-> currentTerm[i],
                  success |-> TRUE, matchIndex |-> index]
            ELSE [type |-> type, source |-> i, dest |-> j, term |-> currentTerm[i],
                  matchIndex |-> index]}
    /\ UNCHANGED serverVars

\* A server may acknowledge less of a request than it has taken: what has
\* reached its disk, for one. m is the response that Raft.tla gives.
AcknowledgeLess(m, index) ==
    /\ m.type = "AppendEntriesResponse"
    /\ m.success
    /\ index \in 0..m.matchIndex
    /\ messages' = messages \cup {[m EXCEPT !.matchIndex = index]}
    /\ UNCHANGED serverVars

\* Server i may say no at any time: to a vote that it could grant (leases,
\* pre-vote), to entries that it could take.
Refuse(i, j, type) ==
    /\ i # j
    /\ currentTerm[i] > 0
    /\ messages' = messages \cup
           {IF type = "RequestVoteResponse"
            THEN [type |-> type, source |-> i, dest |-> j, term |-> currentTerm[i],
                  voteGranted |-> FALSE]
            ELSE [type |-> type, source |-> i, dest |-> j, term |-> currentTerm[i],
                  success |-> FALSE, matchIndex |-> 0]}
    /\ UNCHANGED serverVars

-------------------------------------------------------------------------------
(* What is made of a message. *)

\* A newer term is adopted before its message is handled, or without that (5.1).
AdoptTerm(m, others) ==
    /\ m.term > currentTerm[m.dest]
    /\ UpdateTerm(m.dest, m.term)
    /\ messages' = others
    /\ UNCHANGED <<logVars, commitIndex>>

\* A follower may learn of fewer commits than the leader tells (5.3).
ReceiveCommit(m, commit, others) ==
    /\ m.type = "AppendEntriesRequest"
    /\ commit \in 0..m.leaderCommit
    /\ HandleAppendEntriesRequest(m.dest, [m EXCEPT !.leaderCommit = commit], others)

\* A server may learn late, and from a leader of any term, that an entry which it
\* has is committed: it and all before it are the leader's (5.3, Log Matching).
LearnCommit(m, index, others) ==
    LET i == m.dest
        termOf(at) == IF at = m.prevLogIndex THEN m.prevLogTerm
                      ELSE m.entries[at - m.prevLogIndex].term
        named == Max(m.prevLogIndex, snapshot[i].lastIncludedIndex)
                     ..Min(m.prevLogIndex + Len(m.entries), LastIndex(i))
    IN /\ m.type = "AppendEntriesRequest"
       /\ \E at \in named :
              /\ TermAt(i, at) = termOf(at)
              /\ index \in (commitIndex[i] + 1)..Min(m.leaderCommit, at)
       /\ commitIndex' = [commitIndex EXCEPT ![i] = index]
       /\ messages' = others
       /\ UNCHANGED <<currentTerm, votedFor, logVars, electionVars, leaderVars>>

\* A server that has given no vote in the term of a leader may note the leader in
\* the place of a vote: nobody else can be elected in that term (5.2).
NoteLeader(m, others) ==
    LET i == m.dest
    IN /\ m.type = "AppendEntriesRequest"
       /\ m.term = currentTerm[i]
       /\ votedFor[i] = Nil
       /\ votedFor' = [votedFor EXCEPT ![i] = m.source]
       /\ messages' = others
       /\ UNCHANGED <<currentTerm, logVars, electionVars, leaderVars, commitIndex>>

\* A candidate may lead later than it could (5.2).
RecordVote(m, others) ==
    /\ m.type = "RequestVoteResponse"
    /\ m.voteGranted
    /\ role[m.dest] = "Candidate"
    /\ m.term = currentTerm[m.dest]
    /\ votesGranted' = [votesGranted EXCEPT ![m.dest] = @ \cup {m.source}]
    /\ messages' = others
    /\ UNCHANGED <<currentTerm, votedFor, logVars, role, commitIndex, leaderVars>>

\* A leader may learn how far a log matches, and commit later (5.3).
RecordMatch(m, others) ==
    /\ m.type = "AppendEntriesResponse"
    /\ role[m.dest] = "Leader"
    /\ m.term = currentTerm[m.dest]
    /\ matchIndex' = [matchIndex EXCEPT ![m.dest][m.source] = Max(@, m.matchIndex)]
    /\ nextIndex' = [nextIndex EXCEPT ![m.dest][m.source] = Max(@, m.matchIndex + 1)]
    /\ messages' = others
    /\ UNCHANGED <<currentTerm, votedFor, logVars, electionVars, commitIndex>>

\* A follower whose log matches a snapshot may keep it whole, and learn no more
\* than that it is committed so far (7).
MatchSnapshot(m, others) ==
    LET i == m.dest
        last == m.snapshot.lastIncludedIndex
    IN /\ m.type = "InstallSnapshotRequest"
       /\ m.term >= currentTerm[i]
       /\ last \in snapshot[i].lastIncludedIndex..LastIndex(i)
       /\ TermAt(i, last) = m.snapshot.lastIncludedTerm
       /\ Follow(i, m.term, VoteIn(i, m.term))
       /\ commitIndex' = [commitIndex EXCEPT ![i] = Max(@, last)]
       /\ messages' = others \cup
              {[type |-> "InstallSnapshotResponse",
                source |-> i,
                dest |-> m.source,
                term |-> m.term,
                matchIndex |-> last]}
       /\ UNCHANGED logVars

-------------------------------------------------------------------------------
(* What a server does on its own. *)

\* A candidate that has the votes of a majority leads (5.2).
TakeLead(i) ==
    /\ role[i] = "Candidate"
    /\ IsQuorum(votesGranted[i])
    /\ BecomeLeader(i)
    /\ UNCHANGED <<currentTerm, votedFor, logVars, commitIndex, messages>>

\* A leader commits up to any index that it may (5.3, 5.4.2): there or behind
\* it stands an entry of its own term on a majority.
Commit(i, index) ==
    /\ role[i] = "Leader"
    /\ index \in (commitIndex[i] + 1)..LastIndex(i)
    /\ \E top \in index..LastIndex(i) :
           /\ TermAt(i, top) = currentTerm[i]
           /\ IsQuorum({i} \cup {j \in Server : matchIndex[i][j] >= top})
    /\ commitIndex' = [commitIndex EXCEPT ![i] = index]
    /\ UNCHANGED <<currentTerm, votedFor, logVars, electionVars, leaderVars, messages>>

\* A candidate or leader may give up at any time (leases, a check of the quorum).
StepDown(i) ==
    /\ role[i] # "Follower"
    /\ Follow(i, currentTerm[i], votedFor[i])
    /\ UNCHANGED <<logVars, commitIndex, messages>>

\* The commit index, or some earlier one, may be on stable storage, too.
RestartAt(i, commit) ==
    /\ commit \in snapshot[i].lastIncludedIndex..commitIndex[i]
    /\ role' = [role EXCEPT ![i] = "Follower"]
    /\ commitIndex' = [commitIndex EXCEPT ![i] = commit]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = NoNextIndex]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = NoMatchIndex]
    /\ UNCHANGED <<durableVars, messages>>
===============================================================================
