--------------------------------- MODULE Raft ---------------------------------
(***************************************************************************)
(* The Raft consensus protocol: leader election, log replication,          *)
(* commitment, log compaction and restart, over a network that loses,      *)
(* duplicates and reorders messages.                                       *)
(*                                                                         *)
(* Three rules hold all through this module.                               *)
(*  - An action is one atomic step of one server, or of the network. What  *)
(*    a server does on a message (adopt a newer term, handle the message,  *)
(*    reply) is one step.                                                  *)
(*  - An action of server i reads and writes the variables at i only, and  *)
(*    of the network only the message at hand. It can therefore be         *)
(*    evaluated on one server and one message.                             *)
(*  - No action reads a bound. Bounds are the business of MCRaft.          *)
(*                                                                         *)
(* Numbers such as 5.2 are sections of "In Search of an Understandable     *)
(* Consensus Algorithm (Extended Version)", Ongaro and Ousterhout, 2014;   *)
(* "thesis" is Ongaro's "Consensus: Bridging Theory and Practice", 2014.   *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS
    Server,         \* the servers of the cluster, two at least
    Value,          \* what clients may ask the cluster to store
    Nil             \* nobody: the vote of a server that has not voted

VARIABLES
    (* What a server keeps on stable storage (figure 2, persistent state). *)
    currentTerm,    \* the latest term that the server has seen
    votedFor,       \* the candidate that has its vote in currentTerm, or Nil
    snapshot,       \* what stands for the entries that it has compacted (7):
                    \* [lastIncludedIndex, lastIncludedTerm, data]
    log,            \* the entries after these: a sequence of [term, value]

    (* What a crash takes away (figure 2, volatile state). *)
    role,           \* "Follower", "Candidate" or "Leader"
    commitIndex,    \* the highest index that it knows to be committed
    votesGranted,   \* candidates: the servers that granted their vote
    nextIndex,      \* leaders: for each server, the next index to send
    matchIndex,     \* leaders: for each server, the highest index known to match

    (* The network. *)
    messages        \* the set of messages in flight

durableVars == <<currentTerm, votedFor, snapshot, log>>
logVars == <<snapshot, log>>
electionVars == <<role, votesGranted>>
leaderVars == <<nextIndex, matchIndex>>
serverVars == <<currentTerm, votedFor, snapshot, log, role, commitIndex,
                votesGranted, nextIndex, matchIndex>>
vars == <<serverVars, messages>>

-------------------------------------------------------------------------------
(* Helpers *)

Min(a, b) == IF a < b THEN a ELSE b
Max(a, b) == IF a > b THEN a ELSE b

\* A majority of the servers; any two of them share a server (5.1).
IsQuorum(servers) == 2 * Cardinality(servers) > Cardinality(Server)

\* What a server has that has compacted nothing. The state machine of this
\* module is the simplest that forgets nothing: its state, the `data` of a
\* snapshot, is the sequence of the values that were applied.
NoSnapshot == [lastIncludedIndex |-> 0, lastIncludedTerm |-> 0, data |-> <<>>]

\* Indices count from the first entry ever, compacted or not (7).
FirstIndex(i) == snapshot[i].lastIncludedIndex + 1
LastIndex(i) == snapshot[i].lastIncludedIndex + Len(log[i])

\* The entries of server i from one index to another, none of them compacted.
Entries(i, from, to) ==
    SubSeq(log[i], from - snapshot[i].lastIncludedIndex, to - snapshot[i].lastIncludedIndex)

\* The term of the entry at an index that is not compacted, or the last that
\* is; 0 before the first entry (5.3, 7).
TermAt(i, index) ==
    IF index = snapshot[i].lastIncludedIndex THEN snapshot[i].lastIncludedTerm
    ELSE log[i][index - snapshot[i].lastIncludedIndex].term
LastTerm(i) == TermAt(i, LastIndex(i))

\* The state machine of server i once the entries up to an index are applied.
Applied(i, index) ==
    LET entries == Entries(i, FirstIndex(i), index)
    IN snapshot[i].data \o [k \in 1..Len(entries) |-> entries[k].value]

\* What nextIndex and matchIndex are in a server that does not lead.
NoNextIndex == [j \in Server |-> 1]
NoMatchIndex == [j \in Server |-> 0]

-------------------------------------------------------------------------------
(* The servers at their first start (figure 2). *)
Init ==
    /\ currentTerm = [i \in Server |-> 0]
    /\ votedFor = [i \in Server |-> Nil]
    /\ snapshot = [i \in Server |-> NoSnapshot]
    /\ log = [i \in Server |-> <<>>]
    /\ role = [i \in Server |-> "Follower"]
    /\ commitIndex = [i \in Server |-> 0]
    /\ votesGranted = [i \in Server |-> {}]
    /\ nextIndex = [i \in Server |-> NoNextIndex]
    /\ matchIndex = [i \in Server |-> NoMatchIndex]
    /\ messages = {}

-------------------------------------------------------------------------------
(* Parts of actions: what becomes of one server's variables. *)

\* Server i follows in the given term, its vote given to `vote` (5.2). What
\* candidates and leaders know of others is forgotten with the role.
Follow(i, term, vote) ==
    /\ currentTerm' = [currentTerm EXCEPT ![i] = term]
    /\ votedFor' = [votedFor EXCEPT ![i] = vote]
    /\ role' = [role EXCEPT ![i] = "Follower"]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = NoNextIndex]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = NoMatchIndex]

\* A newer term is adopted: its server follows, and has not voted yet (5.1).
UpdateTerm(i, term) == Follow(i, term, Nil)

\* The vote of server i in a term that is not older than its own (5.1).
VoteIn(i, term) == IF term > currentTerm[i] THEN Nil ELSE votedFor[i]

\* A candidate with the votes of a majority leads (5.2). It first assumes that
\* all other logs end as its own does (5.3).
BecomeLeader(i) ==
    /\ role' = [role EXCEPT ![i] = "Leader"]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> LastIndex(i) + 1]]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = NoMatchIndex]

\* A leader commits up to the last entry of its own term that is stored on a
\* majority; entries of older terms are committed only along with one of its
\* own (5.3, 5.4.2). `match` is its matchIndex after the step.
AdvanceCommitIndex(i, match) ==
    LET Stored(index) == {i} \cup {j \in Server : match[j] >= index}
        committable == {index \in (commitIndex[i] + 1)..LastIndex(i) :
                            /\ TermAt(i, index) = currentTerm[i]
                            /\ IsQuorum(Stored(index))}
        highest == CHOOSE index \in committable :
                       \A other \in committable : index >= other
    IN commitIndex' = [commitIndex EXCEPT ![i] =
                           IF committable = {} THEN @ ELSE highest]

-------------------------------------------------------------------------------
(* Actions of a server on its own. *)

\* An election timeout: server i stands for a new term, votes for itself and
\* asks all others for their votes (5.2).
Timeout(i) ==
    /\ role[i] \in {"Follower", "Candidate"}
    /\ currentTerm' = [currentTerm EXCEPT ![i] = @ + 1]
    /\ role' = [role EXCEPT ![i] = "Candidate"]
    /\ votedFor' = [votedFor EXCEPT ![i] = i]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {i}]
    /\ messages' = messages \cup
           {[type |-> "RequestVoteRequest",
             source |-> i,
             dest |-> j,
             term |-> currentTerm[i] + 1,
             lastLogIndex |-> LastIndex(i),
             lastLogTerm |-> LastTerm(i)] : j \in Server \ {i}}
    /\ UNCHANGED <<logVars, commitIndex, leaderVars>>

\* Leader i sends server j the `count` entries from nextIndex on; none is a
\* heartbeat (5.2, 5.3). It must still have them, and the term before them.
AppendEntries(i, j, count) ==
    LET prevLogIndex == nextIndex[i][j] - 1
    IN /\ role[i] = "Leader"
       /\ i # j
       /\ prevLogIndex >= snapshot[i].lastIncludedIndex
       /\ count \in 0..(LastIndex(i) - prevLogIndex)
       /\ messages' = messages \cup
              {[type |-> "AppendEntriesRequest",
                source |-> i,
                dest |-> j,
                term |-> currentTerm[i],
                prevLogIndex |-> prevLogIndex,
                prevLogTerm |-> TermAt(i, prevLogIndex),
                entries |-> Entries(i, prevLogIndex + 1, prevLogIndex + count),
                leaderCommit |-> commitIndex[i]]}
       /\ UNCHANGED serverVars

\* Leader i sends server j its snapshot, for want of the entries that j needs
\* next (7).
InstallSnapshot(i, j) ==
    /\ role[i] = "Leader"
    /\ i # j
    /\ nextIndex[i][j] <= snapshot[i].lastIncludedIndex
    /\ messages' = messages \cup
           {[type |-> "InstallSnapshotRequest",
             source |-> i,
             dest |-> j,
             term |-> currentTerm[i],
             snapshot |-> snapshot[i]]}
    /\ UNCHANGED serverVars

\* Leader i takes a client's request into its log (5.3).
ClientRequest(i, value) ==
    /\ role[i] = "Leader"
    /\ log' = [log EXCEPT ![i] = Append(@, [term |-> currentTerm[i], value |-> value])]
    /\ UNCHANGED <<currentTerm, votedFor, snapshot, electionVars, commitIndex, leaderVars,
                   messages>>

\* Server i lets a snapshot of its state machine stand for the entries up to an
\* index; what is committed may be compacted (7).
CompactLog(i, index) ==
    /\ index \in FirstIndex(i)..commitIndex[i]
    /\ snapshot' = [snapshot EXCEPT ![i] = [lastIncludedIndex |-> index,
                                            lastIncludedTerm |-> TermAt(i, index),
                                            data |-> Applied(i, index)]]
    /\ log' = [log EXCEPT ![i] = Entries(i, index + 1, LastIndex(i))]
    /\ UNCHANGED <<currentTerm, votedFor, electionVars, commitIndex, leaderVars, messages>>

\* Server i crashes and starts again with what is on stable storage (figure 2).
\* What a snapshot includes was committed (7).
Restart(i) ==
    /\ role' = [role EXCEPT ![i] = "Follower"]
    /\ commitIndex' = [commitIndex EXCEPT ![i] = snapshot[i].lastIncludedIndex]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = NoNextIndex]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = NoMatchIndex]
    /\ UNCHANGED <<durableVars, messages>>

-------------------------------------------------------------------------------
(* Handlers of messages: m is handled by its addressee i, and `others` is what *)
(* the network holds besides the reply.                                        *)

\* Grant or refuse a vote: one vote a term, and only for a candidate whose log
\* is at least as up-to-date as one's own (5.2, 5.4.1).
HandleRequestVoteRequest(i, m, others) ==
    LET upToDate == \/ m.lastLogTerm > LastTerm(i)
                    \/ /\ m.lastLogTerm = LastTerm(i)
                       /\ m.lastLogIndex >= LastIndex(i)
        grant == /\ m.term >= currentTerm[i]
                 /\ upToDate
                 /\ VoteIn(i, m.term) \in {Nil, m.source}
    IN /\ IF grant THEN Follow(i, m.term, m.source)
          ELSE IF m.term > currentTerm[i] THEN UpdateTerm(i, m.term)
          ELSE UNCHANGED <<currentTerm, votedFor, electionVars, leaderVars>>
       /\ messages' = others \cup
              {[type |-> "RequestVoteResponse",
                source |-> i,
                dest |-> m.source,
                term |-> Max(m.term, currentTerm[i]),
                voteGranted |-> grant]}
       /\ UNCHANGED <<logVars, commitIndex>>

\* Count a vote; a majority of them makes a leader (5.2).
HandleRequestVoteResponse(i, m, others) ==
    LET granted == votesGranted[i] \cup {m.source}
    IN /\ IF m.term > currentTerm[i]
          THEN UpdateTerm(i, m.term)
          ELSE /\ IF /\ role[i] = "Candidate"
                     /\ m.term = currentTerm[i]
                     /\ m.voteGranted
                  THEN IF IsQuorum(granted)
                       THEN BecomeLeader(i)
                       ELSE /\ votesGranted' = [votesGranted EXCEPT ![i] = granted]
                            /\ UNCHANGED <<role, leaderVars>>
                  ELSE UNCHANGED <<electionVars, leaderVars>>
               /\ UNCHANGED <<currentTerm, votedFor>>
       /\ messages' = others
       /\ UNCHANGED <<logVars, commitIndex>>

\* Follow the leader of the term, and take its entries if one's log matches at
\* prevLogIndex. Entries are removed only where they conflict (5.3). What a
\* snapshot includes was committed, and so matches (7).
HandleAppendEntriesRequest(i, m, others) ==
    LET current == m.term >= currentTerm[i]
        compacted == snapshot[i].lastIncludedIndex
        success == /\ current
                   /\ m.prevLogIndex <= LastIndex(i)
                   /\ \/ m.prevLogIndex < compacted
                      \/ m.prevLogTerm = TermAt(i, m.prevLogIndex)
        lastNew == m.prevLogIndex + Len(m.entries)
        \* The indices at which the log lacks or contradicts the request.
        differing == {index \in (Max(m.prevLogIndex, compacted) + 1)..lastNew :
                          \/ index > LastIndex(i)
                          \/ TermAt(i, index) # m.entries[index - m.prevLogIndex].term}
        first == CHOOSE index \in differing : \A other \in differing : index <= other
        merged == IF differing = {} THEN log[i]
                  ELSE Entries(i, FirstIndex(i), first - 1)
                       \o SubSeq(m.entries, first - m.prevLogIndex, Len(m.entries))
    IN /\ IF current
          THEN Follow(i, m.term, VoteIn(i, m.term))
          ELSE UNCHANGED <<currentTerm, votedFor, electionVars, leaderVars>>
       /\ IF success
          THEN /\ log' = [log EXCEPT ![i] = merged]
               /\ commitIndex' = [commitIndex EXCEPT ![i] =
                                      Max(@, Min(m.leaderCommit, lastNew))]
          ELSE UNCHANGED <<log, commitIndex>>
       /\ messages' = others \cup
              {[type |-> "AppendEntriesResponse",
                source |-> i,
                dest |-> m.source,
                term |-> Max(m.term, currentTerm[i]),
                success |-> success,
                matchIndex |-> IF success THEN lastNew ELSE 0]}
       /\ UNCHANGED snapshot

\* Learn how far a follower's log matches, and commit; or try again with an
\* earlier entry (5.3).
HandleAppendEntriesResponse(i, m, others) ==
    LET j == m.source
        match == [matchIndex[i] EXCEPT ![j] = Max(@, m.matchIndex)]
        next == IF m.success
                THEN Max(nextIndex[i][j], m.matchIndex + 1)
                ELSE Max(nextIndex[i][j] - 1, matchIndex[i][j] + 1)
    IN /\ IF m.term > currentTerm[i]
          THEN UpdateTerm(i, m.term) /\ UNCHANGED commitIndex
          ELSE /\ IF role[i] = "Leader" /\ m.term = currentTerm[i]
                  THEN /\ nextIndex' = [nextIndex EXCEPT ![i][j] = next]
                       /\ matchIndex' = [matchIndex EXCEPT ![i] = match]
                       /\ AdvanceCommitIndex(i, match)
                  ELSE UNCHANGED <<leaderVars, commitIndex>>
               /\ UNCHANGED <<currentTerm, votedFor, electionVars>>
       /\ messages' = others
       /\ UNCHANGED logVars

\* Follow the leader of the term, and take its snapshot if it holds more than is
\* known to be committed. The log goes, but for what follows the snapshot in a
\* log that matches it (7, figure 13).
HandleInstallSnapshotRequest(i, m, others) ==
    LET current == m.term >= currentTerm[i]
        last == m.snapshot.lastIncludedIndex
        matches == last <= LastIndex(i) /\ TermAt(i, last) = m.snapshot.lastIncludedTerm
    IN /\ IF current
          THEN Follow(i, m.term, VoteIn(i, m.term))
          ELSE UNCHANGED <<currentTerm, votedFor, electionVars, leaderVars>>
       /\ IF current /\ last > commitIndex[i]
          THEN /\ snapshot' = [snapshot EXCEPT ![i] = m.snapshot]
               /\ log' = [log EXCEPT ![i] = IF matches THEN Entries(i, last + 1, LastIndex(i))
                                            ELSE <<>>]
               /\ commitIndex' = [commitIndex EXCEPT ![i] = last]
          ELSE UNCHANGED <<logVars, commitIndex>>
       /\ messages' = others \cup
              {[type |-> "InstallSnapshotResponse",
                source |-> i,
                dest |-> m.source,
                term |-> Max(m.term, currentTerm[i]),
                matchIndex |-> IF current THEN last ELSE 0]}

\* Learn that a follower's log matches up to the snapshot (7). What a snapshot
\* includes is committed already.
HandleInstallSnapshotResponse(i, m, others) ==
    LET j == m.source
    IN /\ IF m.term > currentTerm[i]
          THEN UpdateTerm(i, m.term)
          ELSE /\ IF role[i] = "Leader" /\ m.term = currentTerm[i]
                  THEN /\ nextIndex' = [nextIndex EXCEPT ![i][j] = Max(@, m.matchIndex + 1)]
                       /\ matchIndex' = [matchIndex EXCEPT ![i][j] = Max(@, m.matchIndex)]
                  ELSE UNCHANGED leaderVars
               /\ UNCHANGED <<currentTerm, votedFor, electionVars>>
       /\ messages' = others
       /\ UNCHANGED <<logVars, commitIndex>>

Handle(m, others) ==
    \/ /\ m.type = "RequestVoteRequest"
       /\ HandleRequestVoteRequest(m.dest, m, others)
    \/ /\ m.type = "RequestVoteResponse"
       /\ HandleRequestVoteResponse(m.dest, m, others)
    \/ /\ m.type = "AppendEntriesRequest"
       /\ HandleAppendEntriesRequest(m.dest, m, others)
    \/ /\ m.type = "AppendEntriesResponse"
       /\ HandleAppendEntriesResponse(m.dest, m, others)
    \/ /\ m.type = "InstallSnapshotRequest"
       /\ HandleInstallSnapshotRequest(m.dest, m, others)
    \/ /\ m.type = "InstallSnapshotResponse"
       /\ HandleInstallSnapshotResponse(m.dest, m, others)

-------------------------------------------------------------------------------
(* Actions of the network: it may deliver any message, in any order, lose it,  *)
(* or deliver it and keep a copy (thesis, 3.1).                                *)

Receive(m) == Handle(m, messages \ {m})

ReceiveDuplicate(m) == Handle(m, messages)

DropMessage(m) ==
    /\ messages' = messages \ {m}
    /\ UNCHANGED serverVars

-------------------------------------------------------------------------------
Next ==
    \/ \E i \in Server : Timeout(i)
    \/ \E i, j \in Server : \E count \in 0..Len(log[i]) : AppendEntries(i, j, count)
    \/ \E i, j \in Server : InstallSnapshot(i, j)
    \/ \E i \in Server, value \in Value : ClientRequest(i, value)
    \/ \E i \in Server : \E index \in 1..commitIndex[i] : CompactLog(i, index)
    \/ \E i \in Server : Restart(i)
    \/ \E m \in messages : Receive(m)
    \/ \E m \in messages : ReceiveDuplicate(m)
    \/ \E m \in messages : DropMessage(m)

Spec == Init /\ [][Next]_vars
===============================================================================
