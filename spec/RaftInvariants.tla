---------------------------- MODULE RaftInvariants ----------------------------
(***************************************************************************)
(* What is true of Raft, in the names of the literature.                   *)
(*                                                                         *)
(* Every operator of this module that has no parameters and is not LOCAL   *)
(* is a property, and is checked:                                          *)
(*  - one that reads no primed variable is an invariant;                   *)
(*  - one that reads a primed variable holds of every step;                *)
(*  - one whose name begins with Sometimes must be true of some state or   *)
(*    step that is reached, so that no invariant holds for want of         *)
(*    anything happening.                                                  *)
(*                                                                         *)
(* Numbers such as 5.2 are sections of the extended Raft paper (Ongaro and *)
(* Ousterhout, 2014); figure 3 there lists the first five properties.      *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS Server, Value, Nil

\* The variables of Raft.tla.
VARIABLES currentTerm, votedFor, snapshot, log, role, commitIndex, votesGranted,
          nextIndex, matchIndex, messages

\* History, which no server can read.
VARIABLES
    committed,  \* the longest log that was ever committed: a sequence of
                \* [term, value, committedIn], the last being the term of the
                \* server that first committed the entry
    restarts    \* how many times a server has crashed and started again

-------------------------------------------------------------------------------
(* Helpers *)

LOCAL Min(a, b) == IF a < b THEN a ELSE b

LOCAL Max(a, b) == IF a > b THEN a ELSE b

\* The last index of a log behind a snapshot.
LOCAL Last(snap, entries) == snap.lastIncludedIndex + Len(entries)

\* The value at an index of a log behind a snapshot: the state of the state
\* machine tells it also where the entry is gone.
LOCAL ValueAt(snap, entries, index) ==
    IF index <= snap.lastIncludedIndex THEN snap.data[index]
    ELSE entries[index - snap.lastIncludedIndex].value

\* The term at an index of a log behind a snapshot; 0 where nothing tells it.
LOCAL TermAt(snap, entries, index) ==
    IF index < snap.lastIncludedIndex THEN 0
    ELSE IF index = snap.lastIncludedIndex THEN snap.lastIncludedTerm
    ELSE entries[index - snap.lastIncludedIndex].term

LOCAL LastIndex(i) == Last(snapshot[i], log[i])

\* Servers i and j agree at an index, as far as they can tell.
LOCAL Agree(i, j, index) ==
    /\ ValueAt(snapshot[i], log[i], index) = ValueAt(snapshot[j], log[j], index)
    /\ Max(snapshot[i].lastIncludedIndex, snapshot[j].lastIncludedIndex) <= index
           => TermAt(snapshot[i], log[i], index) = TermAt(snapshot[j], log[j], index)

\* What server i has at an index is what was ever committed there.
LOCAL HasCommitted(i, index) ==
    /\ index <= Len(committed)
    /\ index <= LastIndex(i)
    /\ ValueAt(snapshot[i], log[i], index) = committed[index].value
    /\ TermAt(snapshot[i], log[i], index) \in {0, committed[index].term}

LOCAL Entry == [term : Nat \ {0}, value : Value]
LOCAL Snapshot == [lastIncludedIndex : Nat, lastIncludedTerm : Nat, data : Seq(Value)]

-------------------------------------------------------------------------------
(* Types: what each variable and each field of a message may hold. *)

TypeOK ==
    \A i \in Server :
        /\ currentTerm[i] \in Nat
        /\ votedFor[i] \in Server \cup {Nil}
        /\ snapshot[i] \in Snapshot
        /\ Len(snapshot[i].data) = snapshot[i].lastIncludedIndex
        /\ log[i] \in Seq(Entry)
        /\ role[i] \in {"Follower", "Candidate", "Leader"}
        /\ commitIndex[i] \in Nat
        /\ votesGranted[i] \subseteq Server
        /\ nextIndex[i] \in [Server -> Nat \ {0}]
        /\ matchIndex[i] \in [Server -> Nat]

MessageTypeOK ==
    \A m \in messages :
        m \in CASE m.type = "RequestVoteRequest" ->
                     [type : {m.type}, source : Server, dest : Server, term : Nat \ {0},
                      lastLogIndex : Nat, lastLogTerm : Nat]
                [] m.type = "RequestVoteResponse" ->
                     [type : {m.type}, source : Server, dest : Server, term : Nat \ {0},
                      voteGranted : BOOLEAN]
                [] m.type = "AppendEntriesRequest" ->
                     [type : {m.type}, source : Server, dest : Server, term : Nat \ {0},
                      prevLogIndex : Nat, prevLogTerm : Nat, entries : Seq(Entry),
                      leaderCommit : Nat]
                [] m.type = "AppendEntriesResponse" ->
                     [type : {m.type}, source : Server, dest : Server, term : Nat \ {0},
                      success : BOOLEAN, matchIndex : Nat]
                [] m.type = "InstallSnapshotRequest" ->
                     [type : {m.type}, source : Server, dest : Server, term : Nat \ {0},
                      snapshot : Snapshot]
                [] m.type = "InstallSnapshotResponse" ->
                     [type : {m.type}, source : Server, dest : Server, term : Nat \ {0},
                      matchIndex : Nat]

-------------------------------------------------------------------------------
(* Invariants *)

\* At most one leader can be elected in a given term (5.2).
ElectionSafety ==
    \A i, j \in Server :
        role[i] = "Leader" /\ role[j] = "Leader" /\ currentTerm[i] = currentTerm[j]
            => i = j

\* Two logs that hold an entry of the same index and term are identical up to
\* that entry (5.3).
LogMatching ==
    \A i, j \in Server :
        LET first == Max(1, Max(snapshot[i].lastIncludedIndex, snapshot[j].lastIncludedIndex))
        IN \A index \in first..Min(LastIndex(i), LastIndex(j)) :
               TermAt(snapshot[i], log[i], index) = TermAt(snapshot[j], log[j], index)
                   => \A before \in 1..index : Agree(i, j, before)

\* Terms never decrease along a log (5.3, 5.4.2).
LogTermsMonotonic ==
    \A i \in Server : \A index \in 1..Len(log[i]) :
        log[i][index].term >= IF index = 1 THEN snapshot[i].lastIncludedTerm
                              ELSE log[i][index - 1].term

\* An entry that was committed in some term is in the logs of the leaders of
\* all higher terms (5.4).
LeaderCompleteness ==
    \A i \in Server :
        role[i] = "Leader"
            => \A index \in 1..Len(committed) :
                   committed[index].committedIn < currentTerm[i] => HasCommitted(i, index)

\* No two servers ever hold different entries to be committed, and so applied,
\* at the same index: not at one time, and not over time (5.4.3).
StateMachineSafety ==
    \A i \in Server : \A index \in 1..commitIndex[i] : HasCommitted(i, index)

\* What a snapshot includes was committed, and its server knows it (7).
SnapshotCommitted ==
    \A i \in Server :
        /\ snapshot[i].lastIncludedIndex <= commitIndex[i]
        /\ \A index \in 1..snapshot[i].lastIncludedIndex : HasCommitted(i, index)

\* A leader never sends again what it knows to match (5.3).
NextIndexAboveMatchIndex ==
    \A i \in Server : \A j \in Server : nextIndex[i][j] > matchIndex[i][j]

-------------------------------------------------------------------------------
(* Properties of steps *)

\* A leader never overwrites or removes entries of its log; it only appends (5.3).
LeaderAppendOnly ==
    \A i \in Server :
        role[i] = "Leader" /\ role'[i] = "Leader" /\ currentTerm'[i] = currentTerm[i]
            => /\ LastIndex(i) <= Last(snapshot'[i], log'[i])
               /\ \A index \in 1..LastIndex(i) :
                      /\ ValueAt(snapshot'[i], log'[i], index) = ValueAt(snapshot[i], log[i], index)
                      /\ index > snapshot'[i].lastIncludedIndex
                             => TermAt(snapshot'[i], log'[i], index)
                                    = TermAt(snapshot[i], log[i], index)

\* Terms act as a clock: they never move back, restarts included (5.1).
CurrentTermMonotonic ==
    \A i \in Server : currentTerm[i] <= currentTerm'[i]

\* What a server knows to be committed stays known, until it restarts (figure 2).
CommitIndexMonotonic ==
    \A i \in Server : restarts' = restarts => commitIndex[i] <= commitIndex'[i]

\* A snapshot gives way only to one that includes more, restarts included (7).
SnapshotMonotonic ==
    \A i \in Server : snapshot[i].lastIncludedIndex <= snapshot'[i].lastIncludedIndex

\* What a leader knows to match stays known in its term (figure 2).
MatchIndexMonotonic ==
    \A i \in Server :
        role[i] = "Leader" /\ role'[i] = "Leader" /\ currentTerm'[i] = currentTerm[i]
            => \A j \in Server : matchIndex[i][j] <= matchIndex'[i][j]

\* The history `committed` records each step as it should. This is also the
\* definition of `committed`: MCRaft conjoins it with each action.
CommittedRecorded ==
    LET Known(i) == Min(commitIndex'[i], Last(snapshot'[i], log'[i]))
        ahead == {i \in Server : Known(i) > Len(committed)}
    IN committed' =
           IF ahead = {} THEN committed
           ELSE LET i == CHOOSE i \in ahead : TRUE
                IN [index \in 1..Known(i) |->
                       IF index <= Len(committed) THEN committed[index]
                       ELSE [term |-> TermAt(snapshot'[i], log'[i], index),
                             value |-> ValueAt(snapshot'[i], log'[i], index),
                             committedIn |-> currentTerm'[i]]]

-------------------------------------------------------------------------------
(* What must happen, lest the properties above hold of nothing *)

SometimesLeader == \E i \in Server : role[i] = "Leader"

\* A leader of an older term that does not know yet of the newer one (5.1).
SometimesTwoLeaders ==
    \E i, j \in Server : i # j /\ role[i] = "Leader" /\ role[j] = "Leader"

SometimesCommitted == committed # <<>>

SometimesFollowerCommits ==
    \E i \in Server : role[i] = "Follower" /\ commitIndex[i] > 0

\* An entry that contradicts the leader's is removed (5.3).
SometimesConflictTruncated ==
    \E i \in Server : \E index \in (snapshot'[i].lastIncludedIndex + 1)..LastIndex(i) :
        \/ index > Last(snapshot'[i], log'[i])
        \/ TermAt(snapshot'[i], log'[i], index) # TermAt(snapshot[i], log[i], index)

\* A follower installs a leader's snapshot (7).
SometimesSnapshotInstalled ==
    \E i \in Server : snapshot'[i].lastIncludedIndex > commitIndex[i]

\* A snapshot takes the place of an entry that contradicts it (7).
SometimesSnapshotReplacesConflict ==
    \E i \in Server :
        /\ snapshot'[i].lastIncludedIndex > commitIndex[i]
        /\ snapshot'[i].lastIncludedIndex <= LastIndex(i)
        /\ TermAt(snapshot[i], log[i], snapshot'[i].lastIncludedIndex)
               # snapshot'[i].lastIncludedTerm

\* A leader learns of a newer term and follows (5.1).
SometimesLeaderStepsDown ==
    \E i \in Server :
        restarts' = restarts /\ role[i] = "Leader" /\ role'[i] = "Follower"

\* A follower's log does not match, and the leader tries an earlier entry (5.3).
SometimesNextIndexBacksUp ==
    \E i \in Server : /\ role[i] = "Leader" /\ role'[i] = "Leader"
                      /\ \E j \in Server : nextIndex'[i][j] < nextIndex[i][j]

\* A server that had known an entry to be committed has to learn it anew.
SometimesCommitForgotten ==
    \E i \in Server : commitIndex'[i] < commitIndex[i]
===============================================================================
