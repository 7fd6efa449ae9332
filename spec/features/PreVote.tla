-------------------------------- MODULE PreVote --------------------------------
(***************************************************************************)
(* Pre-vote (thesis, 9.6): who would stand for a new term first asks       *)
(* whether it could win. Neither who asks nor who is asked changes its     *)
(* term or its vote, so that a server which was cut off, and comes back,   *)
(* disturbs nobody.                                                        *)
(***************************************************************************)
EXTENDS Configuration

VARIABLES
    heardFromLeader,    \* of LeaderContact
    preVotesGranted     \* the servers that would vote for a server which asks
                        \* for that, itself included; {} while it does not ask

PreVoteInit == preVotesGranted = [i \in Server |-> {}]

\* What becomes of it when server i takes message m, if any: an answer counts
\* only for the term asked, and only while the server still asks.
PreVotes(i, m) ==
    LET asks == /\ preVotesGranted[i] # {}
                /\ m.type # "Restart"
                /\ ~heardFromLeader'[i]
                /\ role'[i] = role[i]
                /\ currentTerm'[i] = currentTerm[i]
        counts == /\ m.type = "PreVoteResponse"
                  /\ m.voteGranted
                  /\ m.term = currentTerm[i] + 1
    IN preVotesGranted' = [preVotesGranted EXCEPT ![i] =
                               IF ~asks THEN {}
                               ELSE IF counts THEN @ \cup {m.source} ELSE @]

\* Only who could win stands for election.
MayStand(i) == IsQuorumOf(i, preVotesGranted[i])

\* Server i asks all others whether they would vote for it in the next term.
RequestPreVotes(i) ==
    /\ role[i] # "Leader"
    /\ ~heardFromLeader[i]
    /\ preVotesGranted' = [preVotesGranted EXCEPT ![i] = {i}]
    /\ messages' = messages \cup
           {[type |-> "PreVoteRequest",
             source |-> i,
             dest |-> j,
             term |-> currentTerm[i] + 1,
             lastLogIndex |-> LastIndex(i),
             lastLogTerm |-> LastTerm(i)] : j \in VotersOf(i) \ {i}}
    /\ UNCHANGED serverVars

\* Say yes to who could have one's vote, unless there is a leader. A yes carries
\* the term asked, a no one's own.
HandlePreVoteRequest(i, m, others) ==
    LET upToDate == \/ m.lastLogTerm > LastTerm(i)
                    \/ /\ m.lastLogTerm = LastTerm(i)
                       /\ m.lastLogIndex >= LastIndex(i)
        grant == /\ m.term > currentTerm[i]
                 /\ upToDate
                 /\ ~heardFromLeader[i]
                 /\ role[i] # "Leader"
    IN /\ messages' = others \cup
              {[type |-> "PreVoteResponse",
                source |-> i,
                dest |-> m.source,
                term |-> IF grant THEN m.term ELSE currentTerm[i],
                voteGranted |-> grant]}
       /\ UNCHANGED serverVars

\* A newer term in a refusal is adopted (5.1); a yes is counted by PreVotes.
HandlePreVoteResponse(i, m, others) ==
    /\ IF ~m.voteGranted /\ m.term > currentTerm[i]
       THEN UpdateTerm(i, m.term)
       ELSE UNCHANGED <<currentTerm, votedFor, electionVars, leaderVars>>
    /\ messages' = others
    /\ UNCHANGED <<logVars, commitIndex>>
===============================================================================
