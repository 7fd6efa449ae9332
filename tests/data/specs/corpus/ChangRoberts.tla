----------------------------- MODULE ChangRoberts -----------------------------
(* Leader election on a one-way ring: a node passes on greater names only, and *)
(* the greatest returns to its owner. Source: Chang and Roberts, "An Improved  *)
(* Algorithm for Decentralized Extrema-Finding", 1979.                         *)
EXTENDS Naturals
CONSTANTS N, Id
ASSUME /\ N \in Nat
       /\ Id \in [1..N -> Nat]
       /\ \A i, j \in 1..N : Id[i] = Id[j] => i = j
VARIABLES inbox, state
Node == 1..N
Succ(n) == IF n = N THEN 1 ELSE n + 1
LOCAL INSTANCE TLC
Ring == (1 :> 4 @@ 2 :> 1 @@ 3 :> 5 @@ 4 :> 2)

Init ==
    /\ inbox = [n \in Node |-> {}]
    /\ state \in [Node -> {"asleep", "candidate"}]
    /\ \E n \in Node : state[n] = "candidate"
Start(n) ==
    /\ state[n] = "candidate"
    /\ inbox' = [inbox EXCEPT ![Succ(n)] = @ \cup {Id[n]}]
    /\ state' = [state EXCEPT ![n] = "started"]
Deliver(n) == \E id \in inbox[n] :
    LET taken == [inbox EXCEPT ![n] = @ \ {id}] IN
    \/ /\ id > Id[n]
       /\ inbox' = [taken EXCEPT ![Succ(n)] = @ \union {id}]
       /\ state' = [state EXCEPT ![n] = "lost"]
    \/ /\ id < Id[n]
       /\ IF state[n] = "asleep"
          THEN /\ inbox' = [taken EXCEPT ![Succ(n)] = @ \cup {Id[n]}]
               /\ state' = [state EXCEPT ![n] = "started"]
          ELSE inbox' = taken /\ UNCHANGED state
    \/ /\ id = Id[n]
       /\ inbox' = taken
       /\ state' = [state EXCEPT ![n] = "leader"]
Next == \E n \in Node : Start(n) \/ Deliver(n)
Spec == Init /\ [][Next]_<<inbox, state>>
Greatest(n) == \A m \in Node : Id[m] <= Id[n]
OneLeader == \A m, n \in Node : state[m] = "leader" /\ state[n] = "leader" => m = n
LeaderIsGreatestAwake == \A n \in Node : state[n] = "leader" =>
    \A m \in Node : Id[m] > Id[n] => state[m] = "asleep"
GreatestIsLeader == \A n \in Node : state[n] = "leader" => Greatest(n)
===============================================================================
