--------------------------------- MODULE Raft ---------------------------------
(***************************************************************************)
(* The Raft consensus protocol: leader election, log replication,          *)
(* commitment and restart, over a network that loses, duplicates and       *)
(* reorders messages.                                                      *)
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
    log,            \* its log: a sequence of [term, value]

    (* What a crash takes away (figure 2, volatile state). *)
    role,           \* "Follower", "Candidate" or "Leader"
    commitIndex,    \* the highest index that it knows to be committed
    votesGranted,   \* candidates: the servers that granted their vote
    nextIndex,      \* leaders: for each server, the next index to send
    matchIndex,     \* leaders: for each server, the highest index known to match

    (* The network. *)
    messages        \* the set of messages in flight

durableVars == <<currentTerm, votedFor, log>>
electionVars == <<role, votesGranted>>
leaderVars == <<nextIndex, matchIndex>>
serverVars == <<currentTerm, votedFor, log, role, commitIndex, votesGranted,
                nextIndex, matchIndex>>
vars == <<serverVars, messages>>

-------------------------------------------------------------------------------
(* Helpers *)

Min(a, b) == IF a < b THEN a ELSE b
Max(a, b) == IF a > b THEN a ELSE b

\* A majority of the servers; any two of them share a server (5.1).
IsQuorum(servers) == 2 * Cardinality(servers) > Cardinality(Server)

\* The term of the entry at an index of a log; 0 before the first entry (5.3).
TermAt(entries, index) == IF index = 0 THEN 0 ELSE entries[index].term
LastTerm(entries) == TermAt(entries, Len(entries))

\* What nextIndex and matchIndex are in a server that does not lead.
NoNextIndex == [j \in Server |-> 1]
NoMatchIndex == [j \in Server |-> 0]

-------------------------------------------------------------------------------
(* The servers at their first start (figure 2). *)
Init ==
    /\ currentTerm = [i \in Server |-> 0]
    /\ votedFor = [i \in Server |-> Nil]
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
    /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> Len(log[i]) + 1]]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = NoMatchIndex]

\* A leader commits up to the last entry of its own term that is stored on a
\* majority; entries of older terms are committed only along with one of its
\* own (5.3, 5.4.2). `match` is its matchIndex after the step.
AdvanceCommitIndex(i, match) ==
    LET Stored(index) == {i} \cup {j \in Server : match[j] >= index}
        committable == {index \in (commitIndex[i] + 1)..Len(log[i]) :
                            /\ log[i][index].term = currentTerm[i]
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
             lastLogIndex |-> Len(log[i]),
             lastLogTerm |-> LastTerm(log[i])] : j \in Server \ {i}}
    /\ UNCHANGED <<log, commitIndex, leaderVars>>

\* Leader i sends server j the `count` entries from nextIndex on; none is a
\* heartbeat (5.2, 5.3).
AppendEntries(i, j, count) ==
    LET prevLogIndex == nextIndex[i][j] - 1
    IN /\ role[i] = "Leader"
       /\ i # j
       /\ count \in 0..(Len(log[i]) - prevLogIndex)
       /\ messages' = messages \cup
              {[type |-> "AppendEntriesRequest",
                source |-> i,
                dest |-> j,
                term |-> currentTerm[i],
                prevLogIndex |-> prevLogIndex,
                prevLogTerm |-> TermAt(log[i], prevLogIndex),
                entries |-> SubSeq(log[i], prevLogIndex + 1, prevLogIndex + count),
                leaderCommit |-> commitIndex[i]]}
       /\ UNCHANGED serverVars

\* Leader i takes a client's request into its log (5.3).
ClientRequest(i, value) ==
    /\ role[i] = "Leader"
    /\ log' = [log EXCEPT ![i] = Append(@, [term |-> currentTerm[i], value |-> value])]
    /\ UNCHANGED <<currentTerm, votedFor, electionVars, commitIndex, leaderVars, messages>>

\* Server i crashes and starts again with what is on stable storage (figure 2).
Restart(i) ==
    /\ role' = [role EXCEPT ![i] = "Follower"]
    /\ commitIndex' = [commitIndex EXCEPT ![i] = 0]
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
    LET upToDate == \/ m.lastLogTerm > LastTerm(log[i])
                    \/ /\ m.lastLogTerm = LastTerm(log[i])
                       /\ m.lastLogIndex >= Len(log[i])
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
       /\ UNCHANGED <<log, commitIndex>>

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
       /\ UNCHANGED <<log, commitIndex>>

\* Follow the leader of the term, and take its entries if one's log matches at
\* prevLogIndex. Entries are removed only where they conflict (5.3).
HandleAppendEntriesRequest(i, m, others) ==
    LET current == m.term >= currentTerm[i]
        success == /\ current
                   /\ m.prevLogIndex <= Len(log[i])
                   /\ m.prevLogTerm = TermAt(log[i], m.prevLogIndex)
        lastNew == m.prevLogIndex + Len(m.entries)
        \* The indices at which the log lacks or contradicts the request.
        differing == {index \in (m.prevLogIndex + 1)..lastNew :
                          \/ index > Len(log[i])
                          \/ log[i][index].term # m.entries[index - m.prevLogIndex].term}
        first == CHOOSE index \in differing : \A other \in differing : index <= other
        merged == IF differing = {} THEN log[i]
                  ELSE SubSeq(log[i], 1, first - 1)
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
       /\ UNCHANGED log

Handle(m, others) ==
    \/ /\ m.type = "RequestVoteRequest"
       /\ HandleRequestVoteRequest(m.dest, m, others)
    \/ /\ m.type = "RequestVoteResponse"
       /\ HandleRequestVoteResponse(m.dest, m, others)
    \/ /\ m.type = "AppendEntriesRequest"
       /\ HandleAppendEntriesRequest(m.dest, m, others)
    \/ /\ m.type = "AppendEntriesResponse"
       /\ HandleAppendEntriesResponse(m.dest, m, others)

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
    \/ \E i \in Server, value \in Value : ClientRequest(i, value)
    \/ \E i \in Server : Restart(i)
    \/ \E m \in messages : Receive(m)
    \/ \E m \in messages : ReceiveDuplicate(m)
    \/ \E m \in messages : DropMessage(m)

Spec == Init /\ [][Next]_vars
===============================================================================
