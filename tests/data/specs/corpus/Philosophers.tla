----------------------------- MODULE Philosophers -----------------------------
(* Dining philosophers who take one fork after the other. All of them hold    *)
(* their left fork at last; with one who takes the right fork first, nobody   *)
(* starves together. Source: Dijkstra, EWD310, 1971.                          *)
EXTENDS Naturals
CONSTANTS N, Lefty
ASSUME N \in Nat \ {0, 1}
VARIABLES fork, state

Phil == 0..(N - 1)
Left(p) == p
Right(p) == (p + 1) % N
First(p) == IF p \in Lefty THEN Right(p) ELSE Left(p)
Second(p) == IF p \in Lefty THEN Left(p) ELSE Right(p)

Init ==
    /\ fork = [f \in Phil |-> N]        \* N: on the table
    /\ state = [p \in Phil |-> "thinking"]

Take(p, f, before, after) ==
    /\ state[p] = before
    /\ fork[f] = N
    /\ fork' = [fork EXCEPT ![f] = p]
    /\ state' = [state EXCEPT ![p] = after]

Release(p) ==
    /\ state[p] = "eating"
    /\ fork' = [f \in Phil |-> IF fork[f] = p THEN N ELSE fork[f]]
    /\ state' = [state EXCEPT ![p] = "thinking"]

Next == \E p \in Phil :
    \/ Take(p, First(p), "thinking", "waiting")
    \/ Take(p, Second(p), "waiting", "eating")
    \/ Release(p)

Spec == Init /\ [][Next]_<<fork, state>> /\ \A p \in Phil : WF_<<fork, state>>(Release(p))

NeighboursDoNotEat == \A p \in Phil : ~(state[p] = "eating" /\ state[Right(p)] = "eating")
EatersHoldForks == \A p \in Phil :
    state[p] = "eating" <=> fork[Left(p)] = p /\ fork[Right(p)] = p
===============================================================================
