----------------------------- MODULE RaftLiveness -----------------------------
(***************************************************************************)
(* What goals of liveness are made of, besides those of RaftProgress: what *)
(* must happen in the end, in every run that is fair.                      *)
(***************************************************************************)
EXTENDS RaftProgress

\* The log of i is at least as up to date as that of j (5.4.1).
LOCAL IsUpToDate(i, j) ==
    LET Term(k) == IF log[k] = <<>> THEN snapshot[k].lastIncludedTerm
                   ELSE log[k][Len(log[k])].term
        Index(k) == snapshot[k].lastIncludedIndex + Len(log[k])
    IN Term(i) > Term(j) \/ (Term(i) = Term(j) /\ Index(i) >= Index(j))

\* A candidate has the newest term for itself, and all may vote for it. If
\* timeouts come to rest, and messages arrive, this does not last without a
\* leader: []<>(CandidateIsAlone => LeaderIsElected).
CandidateIsAlone ==
    \E i \in Server :
        /\ role[i] = "Candidate"
        /\ \A j \in Server \ {i} :
              /\ IsUpToDate(i, j)
              /\ \/ currentTerm[j] < currentTerm[i]
                 \/ /\ currentTerm[j] = currentTerm[i]
                    /\ votedFor[j] \in {i, Nil}
===============================================================================
