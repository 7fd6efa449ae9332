------------------------------ MODULE MCRaftBag ------------------------------
(* RaftBag within bounds, and its invariants. The constraints read a bag's   *)
(* counts by a recursive sum and are named apart, to be combined in a .cfg.  *)
EXTENDS RaftBag
CONSTANTS MaxTerm, MaxLog, MaxMessages, MaxCopies

RECURSIVE SumOver(_, _)
SumOver(f, S) == IF S = {} THEN 0
                 ELSE LET x == CHOOSE x \in S : TRUE IN f[x] + SumOver(f, S \ {x})

TermBound == \A i \in Server : currentTerm[i] <= MaxTerm
LogBound == \A i \in Server : Len(log[i]) <= MaxLog
MessageBound ==
    /\ SumOver(messages, DOMAIN messages) <= MaxMessages
    /\ \A m \in DOMAIN messages : messages[m] <= MaxCopies

Symmetry == Permutations(Server)

ElectionSafety == \A e, f \in elections : e.eterm = f.eterm => e.eleader = f.eleader
OneLeaderATerm == \A i, j \in Server :
    (state[i] = Leader /\ state[j] = Leader /\ currentTerm[i] = currentTerm[j]) => i = j
LogMatching == \A i, j \in Server : \A n \in 1..Min({Len(log[i]), Len(log[j])}) :
    log[i][n].term = log[j][n].term => SubSeq(log[i], 1, n) = SubSeq(log[j], 1, n)
VotersLogs == \A e \in elections : DOMAIN e.evoterLog = e.evotes
NoLeader == elections = {}
NothingCommitted == \A i \in Server : commitIndex[i] = 0
==============================================================================
