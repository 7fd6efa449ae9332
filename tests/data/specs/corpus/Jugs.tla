--------------------------------- MODULE Jugs ---------------------------------
(* Water jugs of any number and capacity, as functions from jug to gallons.   *)
(* Source: Lamport's generalisation of the die hard puzzle.                   *)
EXTENDS Naturals, TLC
CONSTANTS Jug, Capacity, Goal
ASSUME Capacity \in [Jug -> {n \in 0..20 : n > 0}] /\ Goal \in Nat
VARIABLE held

Min(a, b) == IF a < b THEN a ELSE b
Init == held = [j \in Jug |-> 0]
Fill(j) == held' = [held EXCEPT ![j] = Capacity[j]]
Empty(j) == held' = [held EXCEPT ![j] = 0]
Pour(j, k) ==
    LET poured == Min(held[j], Capacity[k] - held[k])
    IN held' = [held EXCEPT ![j] = @ - poured, ![k] = @ + poured]
Next == \E j \in Jug :
    \/ Fill(j)
    \/ Empty(j)
    \/ \E k \in Jug \ {j} : Pour(j, k)
NotSolved == \A j \in Jug : held[j] # Goal

CONSTANTS small, middle, large
Three == small :> 3 @@ middle :> 5 @@ large :> 8
TwoHalves == {small, middle, large} = Jug /\ held[middle] = 4 => held[large] # 4
===============================================================================
