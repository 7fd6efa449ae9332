------------------------------ MODULE RaftCounts ------------------------------
(* Raft for checking on a laptop: each message is sent once and delivered     *)
(* once (a function from message to deliveries left), elections and restarts  *)
(* are counted and bounded, and a VIEW leaves the counters and histories out. *)
(* Source: the manner of Vanlightly's Raft specifications.                    *)
EXTENDS Naturals, FiniteSets, Sequences, TLC
CONSTANTS Server, Value, MaxElections, MaxRestarts
CONSTANTS Follower, Candidate, Leader, Nil
CONSTANTS VoteRequest, VoteResponse, AppendRequest, AppendResponse
CONSTANT EqualTerm, LessOrEqualTerm

VARIABLES currentTerm, state, votedFor, log, commitIndex,
          votesGranted, nextIndex, matchIndex, pending, messages,
          acked, electionCtr, restartCtr
serverVars == <<currentTerm, state, votedFor>>
logVars == <<log, commitIndex>>
leaderVars == <<votesGranted, nextIndex, matchIndex, pending>>
auxVars == <<acked, electionCtr, restartCtr>>
view == <<serverVars, logVars, leaderVars, messages>>
vars == <<serverVars, logVars, leaderVars, messages, auxVars>>
symmServers == Permutations(Server)
symmBoth == symmServers \union Permutations(Value)

Quorum == {Q \in SUBSET Server : Cardinality(Q) * 2 > Cardinality(Server)}
LastTerm(l) == IF l = <<>> THEN 0 ELSE l[Len(l)].term
Max2(a, b) == IF a >= b THEN a ELSE b
Min2(a, b) == IF a <= b THEN a ELSE b

\* Fails if the message was ever sent: no endless repetitions.
SendOnce(m) == m \notin DOMAIN messages /\ messages' = messages @@ (m :> 1)
SendAllOnce(ms) ==
    /\ \A m \in ms : m \notin DOMAIN messages
    /\ messages' = messages @@ [m \in ms |-> 1]
Receivable(m, type, relation) ==
    /\ messages[m] > 0
    /\ m.mtype = type
    /\ \/ relation = EqualTerm /\ m.mterm = currentTerm[m.mdest]
       \/ relation = LessOrEqualTerm /\ m.mterm <= currentTerm[m.mdest]
Consume(m) == messages' = [messages EXCEPT ![m] = @ - 1]
Respond(m, answer) ==
    messages' = LET left == [messages EXCEPT ![m] = @ - 1]
                IN IF answer \in DOMAIN left THEN [left EXCEPT ![answer] = @ + 1]
                   ELSE left @@ (answer :> 1)

Init ==
    /\ currentTerm = [i \in Server |-> 1] /\ state = [i \in Server |-> Follower]
    /\ votedFor = [i \in Server |-> Nil]
    /\ log = [i \in Server |-> <<>>] /\ commitIndex = [i \in Server |-> 0]
    /\ votesGranted = [i \in Server |-> {}]
    /\ nextIndex = [i \in Server |-> [j \in Server |-> 1]]
    /\ matchIndex = [i \in Server |-> [j \in Server |-> 0]]
    /\ pending = [i \in Server |-> [j \in Server |-> FALSE]]
    /\ messages = [m \in {} |-> 0]
    /\ acked = [v \in Value |-> Nil]
    /\ electionCtr = 0 /\ restartCtr = 0

Restart(i) ==
    /\ restartCtr < MaxRestarts
    /\ state' = [state EXCEPT ![i] = Follower]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> 1]]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = [j \in Server |-> 0]]
    /\ pending' = [pending EXCEPT ![i] = [j \in Server |-> FALSE]]
    /\ commitIndex' = [commitIndex EXCEPT ![i] = 0]
    /\ restartCtr' = restartCtr + 1
    /\ UNCHANGED <<messages, currentTerm, votedFor, log, acked, electionCtr>>

RequestVote(i) ==
    /\ electionCtr < MaxElections
    /\ state[i] \in {Follower, Candidate}
    /\ state' = [state EXCEPT ![i] = Candidate]
    /\ currentTerm' = [currentTerm EXCEPT ![i] = @ + 1]
    /\ votedFor' = [votedFor EXCEPT ![i] = i]
    /\ votesGranted' = [votesGranted EXCEPT ![i] = {i}]
    /\ electionCtr' = electionCtr + 1
    /\ SendAllOnce({[mtype |-> VoteRequest, mterm |-> currentTerm[i] + 1,
                     mlastLogTerm |-> LastTerm(log[i]), mlastLogIndex |-> Len(log[i]),
                     msource |-> i, mdest |-> j] : j \in Server \ {i}})
    /\ UNCHANGED <<acked, restartCtr, nextIndex, matchIndex, pending, logVars>>

BecomeLeader(i) ==
    /\ state[i] = Candidate
    /\ votesGranted[i] \in Quorum
    /\ state' = [state EXCEPT ![i] = Leader]
    /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> Len(log[i]) + 1]]
    /\ matchIndex' = [matchIndex EXCEPT ![i] = [j \in Server |-> 0]]
    /\ pending' = [pending EXCEPT ![i] = [j \in Server |-> FALSE]]
    /\ UNCHANGED <<messages, currentTerm, votedFor, votesGranted, auxVars, logVars>>

ClientRequest(i, v) ==
    /\ state[i] = Leader
    /\ acked[v] = Nil
    /\ log' = [log EXCEPT ![i] = Append(@, [term |-> currentTerm[i], value |-> v])]
    /\ acked' = [acked EXCEPT ![v] = FALSE]
    /\ UNCHANGED <<messages, serverVars, leaderVars, commitIndex, electionCtr, restartCtr>>

AppendEntries(i, j) ==
    /\ i # j
    /\ state[i] = Leader
    /\ ~pending[i][j]
    /\ LET prev == nextIndex[i][j] - 1
           last == Min2(Len(log[i]), nextIndex[i][j])
       IN SendOnce([mtype |-> AppendRequest, mterm |-> currentTerm[i],
                    mprevLogIndex |-> prev,
                    mprevLogTerm |-> IF prev > 0 THEN log[i][prev].term ELSE 0,
                    mentries |-> SubSeq(log[i], nextIndex[i][j], last),
                    mcommitIndex |-> Min2(commitIndex[i], last),
                    msource |-> i, mdest |-> j])
    /\ pending' = [pending EXCEPT ![i][j] = TRUE]
    /\ UNCHANGED <<serverVars, votesGranted, nextIndex, matchIndex, logVars, auxVars>>

AdvanceCommitIndex(i) ==
    /\ state[i] = Leader
    /\ LET Agree(n) == {i} \cup {k \in Server : matchIndex[i][k] >= n}
           agreed == {n \in 1..Len(log[i]) : Agree(n) \in Quorum}
           highest == CHOOSE n \in agreed : \A other \in agreed : other <= n
           new == IF agreed # {} /\ log[i][highest].term = currentTerm[i]
                  THEN highest ELSE commitIndex[i]
           committed == {log[i][n].value : n \in (commitIndex[i] + 1)..new}
       IN /\ commitIndex[i] < new
          /\ commitIndex' = [commitIndex EXCEPT ![i] = new]
          /\ acked' = [v \in Value |-> IF acked[v] = FALSE THEN v \in committed ELSE acked[v]]
    /\ UNCHANGED <<messages, serverVars, leaderVars, log, electionCtr, restartCtr>>

UpdateTerm == \E m \in DOMAIN messages :
    /\ messages[m] > 0
    /\ m.mterm > currentTerm[m.mdest]
    /\ currentTerm' = [currentTerm EXCEPT ![m.mdest] = m.mterm]
    /\ state' = [state EXCEPT ![m.mdest] = Follower]
    /\ votedFor' = [votedFor EXCEPT ![m.mdest] = Nil]
    /\ UNCHANGED <<messages, leaderVars, logVars, auxVars>>

HandleVoteRequest == \E m \in DOMAIN messages :
    /\ Receivable(m, VoteRequest, LessOrEqualTerm)
    /\ LET i == m.mdest
           logOk == \/ m.mlastLogTerm > LastTerm(log[i])
                    \/ m.mlastLogTerm = LastTerm(log[i]) /\ m.mlastLogIndex >= Len(log[i])
           grant == m.mterm = currentTerm[i] /\ logOk /\ votedFor[i] \in {Nil, m.msource}
       IN /\ votedFor' = [votedFor EXCEPT ![i] = IF grant THEN m.msource ELSE @]
          /\ Respond(m, [mtype |-> VoteResponse, mterm |-> currentTerm[i],
                         mvoteGranted |-> grant, msource |-> i, mdest |-> m.msource])
    /\ UNCHANGED <<state, currentTerm, leaderVars, logVars, auxVars>>

HandleVoteResponse == \E m \in DOMAIN messages :
    /\ Receivable(m, VoteResponse, EqualTerm)
    /\ votesGranted' = [votesGranted EXCEPT ![m.mdest] =
                            IF m.mvoteGranted THEN @ \cup {m.msource} ELSE @]
    /\ Consume(m)
    /\ UNCHANGED <<serverVars, nextIndex, matchIndex, pending, logVars, auxVars>>

LogOk(i, m) ==
    \/ m.mprevLogIndex = 0
    \/ /\ m.mprevLogIndex \in 1..Len(log[i])
       /\ m.mprevLogTerm = log[i][m.mprevLogIndex].term

RejectAppend == \E m \in DOMAIN messages :
    /\ Receivable(m, AppendRequest, LessOrEqualTerm)
    /\ LET i == m.mdest IN
       /\ \/ m.mterm < currentTerm[i]
          \/ state[i] = Follower /\ ~LogOk(i, m)
       /\ Respond(m, [mtype |-> AppendResponse, mterm |-> currentTerm[i],
                      msuccess |-> FALSE, mmatchIndex |-> 0,
                      msource |-> i, mdest |-> m.msource])
    /\ UNCHANGED <<serverVars, leaderVars, logVars, auxVars>>

AcceptAppend == \E m \in DOMAIN messages :
    /\ Receivable(m, AppendRequest, EqualTerm)
    /\ LET i == m.mdest
           index == m.mprevLogIndex + 1
           conflict == /\ m.mentries # <<>>
                       /\ Len(log[i]) >= index
                       /\ log[i][index].term # m.mentries[1].term
           missing == m.mentries # <<>> /\ Len(log[i]) = m.mprevLogIndex
       IN /\ state[i] \in {Follower, Candidate}
          /\ LogOk(i, m)
          /\ log' = CASE conflict -> [log EXCEPT ![i] = SubSeq(@, 1, index - 1) \o m.mentries]
                      [] missing  -> [log EXCEPT ![i] = Append(@, m.mentries[1])]
                      [] OTHER    -> log
          /\ state' = [state EXCEPT ![i] = Follower]
          /\ commitIndex' = [commitIndex EXCEPT ![i] = Max2(@, m.mcommitIndex)]
          /\ Respond(m, [mtype |-> AppendResponse, mterm |-> currentTerm[i], msuccess |-> TRUE,
                         mmatchIndex |-> m.mprevLogIndex + Len(m.mentries),
                         msource |-> i, mdest |-> m.msource])
    /\ UNCHANGED <<currentTerm, votedFor, leaderVars, auxVars>>

HandleAppendResponse == \E m \in DOMAIN messages :
    /\ Receivable(m, AppendResponse, EqualTerm)
    /\ LET i == m.mdest  j == m.msource IN
       /\ IF m.msuccess
          THEN /\ nextIndex' = [nextIndex EXCEPT ![i][j] = m.mmatchIndex + 1]
               /\ matchIndex' = [matchIndex EXCEPT ![i][j] = Max2(@, m.mmatchIndex)]
          ELSE /\ nextIndex' = [nextIndex EXCEPT ![i] = [@ EXCEPT ![j] = Max2(@ - 1, 1)]]
               /\ UNCHANGED matchIndex
       /\ pending' = [pending EXCEPT ![i][j] = FALSE]
    /\ Consume(m)
    /\ UNCHANGED <<serverVars, votesGranted, logVars, auxVars>>

Next ==
    \/ \E i \in Server : Restart(i)
    \/ \E i \in Server : RequestVote(i)
    \/ \E i \in Server : BecomeLeader(i)
    \/ \E i \in Server, v \in Value : ClientRequest(i, v)
    \/ \E i \in Server : AdvanceCommitIndex(i)
    \/ \E i, j \in Server : AppendEntries(i, j)
    \/ UpdateTerm \/ HandleVoteRequest \/ HandleVoteResponse
    \/ RejectAppend \/ AcceptAppend \/ HandleAppendResponse

Spec == Init /\ [][Next]_vars

NoLogDivergence == \A i, j \in Server : i # j =>
    LET least == Min2(commitIndex[i], commitIndex[j])
    IN \A n \in 1..least : log[i][n] = log[j][n]
LeaderHasAllAcked == \A v \in Value : acked[v] = TRUE =>
    ~\E i \in Server :
        /\ state[i] = Leader
        /\ ~\E other \in Server : other # i /\ currentTerm[other] > currentTerm[i]
        /\ ~\E n \in DOMAIN log[i] : log[i][n].value = v
CommittedReachesMajority ==
    (\E i \in Server : state[i] = Leader /\ commitIndex[i] > 0) =>
    \E i \in Server : /\ state[i] = Leader
                      /\ commitIndex[i] > 0
                      /\ \E Q \in Quorum : i \in Q /\ \A j \in Q :
                            /\ Len(log[j]) >= commitIndex[i]
                            /\ log[j][commitIndex[i]] = log[i][commitIndex[i]]
NeverAcked == \A v \in Value : acked[v] # TRUE
===============================================================================
