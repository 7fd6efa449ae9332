----------------------------- MODULE ModInstance -----------------------------
(* INSTANCE in its forms: named with WITH and expressions, with variables    *)
(* that are expressions, parametrised by an argument, implicit by equal      *)
(* names, and unnamed LOCAL.                                                 *)
EXTENDS Naturals
CONSTANT N
VARIABLES c, cs
Limit == N + 1
Same == INSTANCE ModCounter
Of(i) == INSTANCE ModCounter WITH c <- cs[i], Limit <- i + 1
Sum == INSTANCE ModCounter WITH c <- cs[1] + cs[2], Limit <- 2 * N
LOCAL INSTANCE FiniteSets
Init == Same!Init /\ cs = [i \in 1..2 |-> 0]
Next ==
    \/ Same!Up /\ UNCHANGED cs
    \/ Same!Reset /\ UNCHANGED cs
    \/ \E i \in 1..2 : cs[i] < i + 1 /\ cs' = [cs EXCEPT ![i] = Of(i)!Bump(@)] /\ c' = c
    \/ cs' = [cs EXCEPT ![1] = 0] /\ Sum!Bump(0) = 1 /\ UNCHANGED c
Inv == Same!InRange /\ (\A i \in 1..2 : Of(i)!InRange) /\ Cardinality({c}) = 1
SumFits == Sum!InRange
==============================================================================
