------------------------- MODULE CheckQuorumInvariants -------------------------
(***************************************************************************)
(* What is true of Raft with check-quorum and leader stickiness (thesis,   *)
(* 6.2, 4.2.3), beside what is true of Raft; to be read as                 *)
(* RaftInvariants.tla is.                                                  *)
(***************************************************************************)
EXTENDS LeaderContactInvariants

CheckQuorumTypeOK ==
    \A i \in Server :
        /\ heardFromLeader[i] \in BOOLEAN
        /\ heardFrom[i] \subseteq Server

\* Who leads heeds the answers of its term alone.
AnswersAreOfLeaders ==
    \A i \in Server : heardFrom[i] # {} => role[i] = "Leader" /\ i \notin heardFrom[i]

\* A vote stands for its term, also when its leader steps down (5.2 of the paper).
VoteIsKept ==
    \A i \in Server :
        votedFor[i] # Nil /\ currentTerm'[i] = currentTerm[i] => votedFor'[i] = votedFor[i]

\* Who has a leader gives no vote, but to who was told to stand.
StickyFollowerDoesNotVote ==
    \A i \in Server :
        heardFromLeader[i] /\ currentTerm'[i] > currentTerm[i] /\ votedFor'[i] \notin {Nil, i}
            => \E m \in forcedRequests : m.dest = i /\ m.term = currentTerm'[i]

\* Nor does it adopt the term of who asks for a vote, which is as if it had not asked.
StickyFollowerKeepsTerm ==
    \A i \in Server :
        heardFromLeader[i] /\ currentTerm'[i] > currentTerm[i] /\ role'[i] = "Follower"
            => \E m \in messages : /\ m.dest = i
                                  /\ m.term = currentTerm'[i]
                                  /\ \/ m.type \notin {"RequestVoteRequest", "PreVoteRequest"}
                                     \/ m \in forcedRequests

\* Who goes on leading when an election timeout has passed was answered by a majority.
OnlyQuorumKeepsLeader ==
    \A i \in Server :
        heardFrom[i] # {} /\ heardFrom'[i] = {} /\ role'[i] = "Leader"
            => IsQuorumFor(i, {i} \cup heardFrom[i])

SometimesQuorumIsActive ==
    \E i \in Server : /\ heardFrom[i] # {}
                      /\ heardFrom'[i] = {}
                      /\ role'[i] = "Leader"

\* A leader steps down in its own term.
SometimesQuorumIsMissed ==
    \E i \in Server : /\ role[i] = "Leader"
                      /\ role'[i] = "Follower"
                      /\ currentTerm'[i] = currentTerm[i]
                      /\ restarts' = restarts

\* A candidate is not listened to.
SometimesRequestIgnored ==
    \E m \in messages : /\ m.type = "RequestVoteRequest"
                        /\ m.term > currentTerm[m.dest]
                        /\ heardFromLeader[m.dest]
===============================================================================
