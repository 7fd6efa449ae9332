--------------------------- MODULE PreVoteInvariants ---------------------------
(***************************************************************************)
(* What is true of Raft with pre-vote (thesis, 9.6), beside what is true   *)
(* of Raft; to be read as RaftInvariants.tla is.                           *)
(***************************************************************************)
EXTENDS LeaderContactInvariants

LOCAL LastIndex(i) == snapshot[i].lastIncludedIndex + Len(log[i])

LOCAL LastTerm(i) ==
    IF log[i] = <<>> THEN snapshot[i].lastIncludedTerm ELSE log[i][Len(log[i])].term

\* The pre-votes that a step gives.
LOCAL Given == {m \in messages' \ messages : m.type = "PreVoteResponse" /\ m.voteGranted}

PreVoteTypeOK ==
    \A i \in Server : preVotesGranted[i] \subseteq Server

PreVoteMessageTypeOK ==
    \A m \in messages :
        CASE m.type = "PreVoteRequest" ->
                 m \in [type : {m.type}, source : Server, dest : Server, term : Nat \ {0},
                        lastLogIndex : Nat, lastLogTerm : Nat]
          [] m.type = "PreVoteResponse" ->
                 m \in [type : {m.type}, source : Server, dest : Server, term : Nat,
                        voteGranted : BOOLEAN]
          [] OTHER -> TRUE

\* Who asks has no leader, and votes for itself.
PreCandidateHasNoLeader ==
    \A i \in Server :
        preVotesGranted[i] # {}
            => i \in preVotesGranted[i] /\ role[i] # "Leader" /\ ~heardFromLeader[i]

\* Nobody stands for a term that a majority would not have it lead, unless it was
\* told to.
CandidateHadPreVotes ==
    \A i \in Server :
        role'[i] = "Candidate" /\ currentTerm'[i] > currentTerm[i]
            => isForced[i] \/ IsQuorumFor(i, preVotesGranted[i])

\* Who leads, or has a leader, tells nobody to stand.
PreVoteOnlyWithoutLeader ==
    \A m \in Given : role[m.source] # "Leader" /\ ~heardFromLeader[m.source]

\* Who could not have one's vote has no pre-vote either.
PreVoteOnlyIfUpToDate ==
    \A m \in Given :
        \E asked \in messages :
            /\ asked.type = "PreVoteRequest"
            /\ asked.source = m.dest /\ asked.dest = m.source /\ asked.term = m.term
            /\ \/ asked.lastLogTerm > LastTerm(m.source)
               \/ /\ asked.lastLogTerm = LastTerm(m.source)
                  /\ asked.lastLogIndex >= LastIndex(m.source)

\* What counts is a pre-vote for the term that is asked for.
PreVotesAreForNextTerm ==
    \A i \in Server :
        \A j \in preVotesGranted'[i] \ (preVotesGranted[i] \cup {i}) :
            \E m \in messages : /\ m.type = "PreVoteResponse" /\ m.voteGranted
                               /\ m.source = j /\ m.dest = i
                               /\ m.term = currentTerm[i] + 1

\* Nobody adopts a term that nobody has stood for: to ask is not to stand.
TermIsBegun ==
    \A i \in Server :
        currentTerm'[i] > currentTerm[i]
            => role'[i] = "Candidate" \/ \E j \in Server : currentTerm[j] >= currentTerm'[i]

SometimesPreVoteGranted ==
    \E m \in messages : m.type = "PreVoteResponse" /\ m.voteGranted

SometimesPreVoteRefused ==
    \E m \in messages : m.type = "PreVoteResponse" /\ ~m.voteGranted

SometimesPreVotesOfMajority ==
    \E i \in Server : IsQuorumFor(i, preVotesGranted[i])

\* Who asks hears of a leader, and asks no more.
SometimesPreVotesForgotten ==
    \E i \in Server : /\ preVotesGranted[i] # {}
                      /\ preVotesGranted'[i] = {}
                      /\ heardFromLeader'[i]
===============================================================================
