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
VARIABLES currentTerm, votedFor, log, role, commitIndex, votesGranted,
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

\* What server i has at an index is what was ever committed there.
LOCAL HasCommitted(i, index) ==
    /\ index <= Len(committed)
    /\ index <= Len(log[i])
    /\ log[i][index].term = committed[index].term
    /\ log[i][index].value = committed[index].value

LOCAL Entry == [term : Nat \ {0}, value : Value]

-------------------------------------------------------------------------------
(* Types: what each variable and each field of a message may hold. *)

TypeOK ==
    \A i \in Server :
        /\ currentTerm[i] \in Nat
        /\ votedFor[i] \in Server \cup {Nil}
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
        \A index \in 1..Min(Len(log[i]), Len(log[j])) :
            log[i][index].term = log[j][index].term
                => SubSeq(log[i], 1, index) = SubSeq(log[j], 1, index)

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

\* A leader never sends again what it knows to match (5.3).
NextIndexAboveMatchIndex ==
    \A i \in Server : \A j \in Server : nextIndex[i][j] > matchIndex[i][j]

-------------------------------------------------------------------------------
(* Properties of steps *)

\* A leader never overwrites or removes entries of its log; it only appends (5.3).
LeaderAppendOnly ==
    \A i \in Server :
        role[i] = "Leader" /\ role'[i] = "Leader" /\ currentTerm'[i] = currentTerm[i]
            => /\ Len(log[i]) <= Len(log'[i])
               /\ log[i] = SubSeq(log'[i], 1, Len(log[i]))

\* Terms act as a clock: they never move back, restarts included (5.1).
CurrentTermMonotonic ==
    \A i \in Server : currentTerm[i] <= currentTerm'[i]

\* What a server knows to be committed stays known, until it restarts (figure 2).
CommitIndexMonotonic ==
    \A i \in Server : restarts' = restarts => commitIndex[i] <= commitIndex'[i]

\* What a leader knows to match stays known in its term (figure 2).
MatchIndexMonotonic ==
    \A i \in Server :
        role[i] = "Leader" /\ role'[i] = "Leader" /\ currentTerm'[i] = currentTerm[i]
            => \A j \in Server : matchIndex[i][j] <= matchIndex'[i][j]

\* The history `committed` records each step as it should. This is also the
\* definition of `committed`: MCRaft conjoins it with each action.
CommittedRecorded ==
    LET Known(i) == Min(commitIndex'[i], Len(log'[i]))
        ahead == {i \in Server : Known(i) > Len(committed)}
    IN committed' =
           IF ahead = {} THEN committed
           ELSE LET i == CHOOSE i \in ahead : TRUE
                IN [index \in 1..Known(i) |->
                       IF index <= Len(committed) THEN committed[index]
                       ELSE [term |-> log'[i][index].term,
                             value |-> log'[i][index].value,
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
    \E i \in Server : \E index \in 1..Len(log[i]) :
        index > Len(log'[i]) \/ log'[i][index] # log[i][index]

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
