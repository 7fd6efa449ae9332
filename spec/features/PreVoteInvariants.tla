--------------------------- MODULE PreVoteInvariants ---------------------------
(***************************************************************************)
(* What is true of Raft with pre-vote (thesis, 9.6), beside what is true   *)
(* of Raft; to be read as RaftInvariants.tla is.                           *)
(***************************************************************************)
EXTENDS FeatureVariables

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
            => isForced[i] \/ 2 * Cardinality(preVotesGranted[i]) > Cardinality(Server)

SometimesPreVoteGranted ==
    \E m \in messages : m.type = "PreVoteResponse" /\ m.voteGranted

SometimesPreVoteRefused ==
    \E m \in messages : m.type = "PreVoteResponse" /\ ~m.voteGranted

SometimesPreVotesOfMajority ==
    \E i \in Server : 2 * Cardinality(preVotesGranted[i]) > Cardinality(Server)

\* Who asks hears of a leader, and asks no more.
SometimesPreVotesForgotten ==
    \E i \in Server : /\ preVotesGranted[i] # {}
                      /\ preVotesGranted'[i] = {}
                      /\ heardFromLeader'[i]
===============================================================================
