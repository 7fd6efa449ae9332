-------------------------------- MODULE MCRaft --------------------------------
(***************************************************************************)
(* Raft within bounds, for a model checker. Each action of Raft.tla stands *)
(* here under its own name, with the bounds as guards: a step that would   *)
(* leave them is not enabled. (As constraints they would leave the same    *)
(* states, but count the rejected successors as generated.)                *)
(***************************************************************************)
EXTENDS RaftInvariants, TLC

CONSTANTS
    MaxTerm,        \* no server reaches a higher term
    MaxLogLength,   \* no log grows longer, what is compacted included
    MaxSnapshotIndex,   \* nothing beyond this index is compacted
    MaxMessages,    \* no more messages are in flight at a time
    MaxRestarts,    \* no more crashes in all
    MaxDrops,       \* no more messages are lost in all
    MaxDuplicates   \* no more messages are delivered twice in all

\* How much of the network's faults was used; `restarts` is the third counter.
VARIABLES drops, duplicates

R == INSTANCE Raft

vars == <<R!vars, committed, restarts, drops, duplicates>>

\* No rule tells servers apart, nor values: states that differ by a renaming
\* are one. A property that names a server or a value needs another symmetry.
ServerSymmetry == Permutations(Server)
ValueSymmetry == Permutations(Value)
Symmetry == ServerSymmetry \cup ValueSymmetry

Within ==
    /\ \A i \in Server :
           LET compacted == snapshot'[i].lastIncludedIndex
           IN /\ currentTerm'[i] <= MaxTerm
              /\ compacted + Len(log'[i]) <= MaxLogLength
              /\ compacted <= MaxSnapshotIndex
    /\ Cardinality(messages') <= MaxMessages

\* What every action does besides its own work.
Bounded == Within /\ CommittedRecorded

Init ==
    /\ R!Init
    /\ committed = <<>>
    /\ restarts = 0
    /\ drops = 0
    /\ duplicates = 0

Timeout(i) ==
    R!Timeout(i) /\ Bounded /\ UNCHANGED <<restarts, drops, duplicates>>

AppendEntries(i, j, count) ==
    R!AppendEntries(i, j, count) /\ Bounded /\ UNCHANGED <<restarts, drops, duplicates>>

InstallSnapshot(i, j) ==
    R!InstallSnapshot(i, j) /\ Bounded /\ UNCHANGED <<restarts, drops, duplicates>>

ClientRequest(i, value) ==
    R!ClientRequest(i, value) /\ Bounded /\ UNCHANGED <<restarts, drops, duplicates>>

CompactLog(i, index) ==
    R!CompactLog(i, index) /\ Bounded /\ UNCHANGED <<restarts, drops, duplicates>>

Receive ==
    \E m \in messages :
        R!Receive(m) /\ Bounded /\ UNCHANGED <<restarts, drops, duplicates>>

Restart(i) ==
    /\ restarts < MaxRestarts
    /\ R!Restart(i) /\ Bounded
    /\ restarts' = restarts + 1
    /\ UNCHANGED <<drops, duplicates>>

DropMessage ==
    /\ drops < MaxDrops
    /\ \E m \in messages : R!DropMessage(m) /\ Bounded
    /\ drops' = drops + 1
    /\ UNCHANGED <<restarts, duplicates>>

ReceiveDuplicate ==
    /\ duplicates < MaxDuplicates
    /\ \E m \in messages : R!ReceiveDuplicate(m) /\ Bounded
    /\ duplicates' = duplicates + 1
    /\ UNCHANGED <<restarts, drops>>

Next ==
    \/ \E i \in Server : Timeout(i)
    \/ \E i, j \in Server : \E count \in 0..MaxLogLength : AppendEntries(i, j, count)
    \/ \E i, j \in Server : InstallSnapshot(i, j)
    \/ \E i \in Server, value \in Value : ClientRequest(i, value)
    \/ \E i \in Server : \E index \in 1..MaxSnapshotIndex : CompactLog(i, index)
    \/ Receive
    \/ \E i \in Server : Restart(i)
    \/ DropMessage
    \/ ReceiveDuplicate

Spec == Init /\ [][Next]_vars

-------------------------------------------------------------------------------
(* The properties of steps, as the temporal formulas that TLC checks. *)

LeaderAppendOnlyAlways == [][LeaderAppendOnly]_vars
CurrentTermMonotonicAlways == [][CurrentTermMonotonic]_vars
CommitIndexMonotonicAlways == [][CommitIndexMonotonic]_vars
SnapshotMonotonicAlways == [][SnapshotMonotonic]_vars
MatchIndexMonotonicAlways == [][MatchIndexMonotonic]_vars
===============================================================================
