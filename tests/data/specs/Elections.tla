----------------------------- MODULE Elections -----------------------------
\* Invariants in the manner of a Raft specification.
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS Server, Nil, Follower, Leader
VARIABLES currentTerm, votedFor, state, log, commitIndex, messages

LOCAL serverVars == <<currentTerm, votedFor, state>>
LOCAL Quorum == {Q \in SUBSET Server : Cardinality(Q) * 2 > Cardinality(Server)}
LOCAL Min(S) == CHOOSE x \in S : \A y \in S : x <= y
LOCAL LastTerm(entries) == IF entries = <<>> THEN 0 ELSE entries[Len(entries)].term
LOCAL IsPrefix(s, t) == Len(s) <= Len(t) /\ SubSeq(t, 1, Len(s)) = s
LOCAL Committed(i) == SubSeq(log[i], 1, commitIndex[i])
LOCAL Entry == [term : Nat, value : STRING]

TypeOK ==
    /\ currentTerm \in [Server -> Nat]
    /\ votedFor \in [Server -> Server \cup {Nil}]
    /\ state \in [Server -> {Follower, Leader}]
    /\ log \in [Server -> Seq(Entry)]
    /\ \A m \in messages : m.type \in {"vote", "append"} /\ m.term \in Nat

ElectionSafety ==
    \A i, j \in Server :
        (/\ state[i] = Leader
         /\ state[j] = Leader
         /\ currentTerm[i] = currentTerm[j]) => i = j

LogMatching ==
    \A i, j \in Server :
        \A n \in (1..Len(log[i])) \cap (1..Len(log[j])) :
            log[i][n].term = log[j][n].term => SubSeq(log[i], 1, n) = SubSeq(log[j], 1, n)

StateMachineSafety ==
    \A i, j \in Server :
        LET shorter == Min({commitIndex[i], commitIndex[j]})
        IN  SubSeq(log[i], 1, shorter) = SubSeq(log[j], 1, shorter)

LeaderHoldsWhatIsCommitted ==
    \A i \in Server : state[i] = Leader =>
        \A j \in Server : currentTerm[j] <= currentTerm[i] => IsPrefix(Committed(j), log[i])

QuorumsMeet == \A P, Q \in Quorum : P \cap Q # {}

TermsGrow == \A i \in Server : currentTerm'[i] >= currentTerm[i]
LeaderAppendOnly ==
    \A i \in Server : state[i] = Leader /\ state'[i] = Leader => IsPrefix(log[i], log'[i])
SometimesLeader == \E i \in Server : state[i] = Leader /\ LastTerm(log[i]) > 0
=============================================================================
