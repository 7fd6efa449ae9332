--------------------------- MODULE LeadershipTransfer ---------------------------
(***************************************************************************)
(* Leadership transfer (thesis, 3.10): a leader brings one server's log up *)
(* to its own and tells it to stand for election at once, while it takes   *)
(* no requests itself.                                                     *)
(***************************************************************************)
EXTENDS Configuration

VARIABLES
    transferTarget,     \* leaders: to whom leadership is being transferred, or Nil
    isForced,           \* whether a server was told to stand at once
    forcedRequests      \* of the RequestVoteRequests in flight, those that carry the
                        \* mark of a forced election, which stickiness does not stop

TransferInit ==
    /\ transferTarget = [i \in Server |-> Nil]
    /\ isForced = [i \in Server |-> FALSE]
    /\ forcedRequests = {}

\* What becomes of these when server i takes message m, if any. What it has then
\* sent to ask for votes carries the mark if it was told to stand.
Transfer(i, m) ==
    LET leads == role[i] = "Leader" /\ role'[i] = "Leader"
        stays == /\ role'[i] = role[i]
                 /\ currentTerm'[i] = currentTerm[i]
                 /\ m.type # "Restart"
        told == /\ m.type = "TimeoutNowRequest"
                /\ m.term = currentTerm'[i]
                /\ role'[i] # "Leader"
    IN /\ transferTarget' = [transferTarget EXCEPT ![i] = IF leads THEN @ ELSE Nil]
       /\ isForced' = [isForced EXCEPT ![i] = told \/ (stays /\ @)]
       /\ forcedRequests' = {r \in messages' : \/ r \in forcedRequests
                                               \/ /\ r \notin messages
                                                  /\ r.type = "RequestVoteRequest"
                                                  /\ isForced[i]}

\* Leader i is asked to have server j lead. It is one transfer at a time.
TransferLeadership(i, j) ==
    /\ role[i] = "Leader"
    /\ i # j
    /\ transferTarget[i] = Nil
    /\ transferTarget' = [transferTarget EXCEPT ![i] = j]
    /\ UNCHANGED <<vars, isForced, forcedRequests>>

\* An election timeout passes without effect, and leader i serves again.
AbortTransfer(i) ==
    /\ transferTarget[i] # Nil
    /\ transferTarget' = [transferTarget EXCEPT ![i] = Nil]
    /\ UNCHANGED <<vars, isForced, forcedRequests>>

\* While leadership is transferred, no client is served.
MayServe(i) == transferTarget[i] = Nil

\* The log of the target is as long as that of leader i, who tells it to stand.
TimeoutNow(i) ==
    /\ transferTarget[i] # Nil
    /\ matchIndex[i][transferTarget[i]] = LastIndex(i)
    /\ messages' = messages \cup {[type |-> "TimeoutNowRequest",
                                   source |-> i,
                                   dest |-> transferTarget[i],
                                   term |-> currentTerm[i]]}
    /\ UNCHANGED <<serverVars, transferTarget, isForced, forcedRequests>>

\* Who is told to stand does so in a step of its own, whatever else would keep it
\* from that. A newer term is adopted (5.1).
HandleTimeoutNowRequest(i, m, others) ==
    /\ IF m.term > currentTerm[i]
       THEN UpdateTerm(i, m.term)
       ELSE UNCHANGED <<currentTerm, votedFor, electionVars, leaderVars>>
    /\ messages' = others
    /\ UNCHANGED <<logVars, commitIndex>>
===============================================================================
