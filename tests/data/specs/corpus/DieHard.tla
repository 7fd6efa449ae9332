------------------------------- MODULE DieHard -------------------------------
(* Water jugs of 3 and 5 gallons that are to hold exactly 4: the invariant   *)
(* NotSolved is violated, and its shortest counterexample is the solution.   *)
(* Source: the film of 1995; a standard first example of TLA+.               *)
EXTENDS Naturals
VARIABLES small, big

Min(a, b) == IF a < b THEN a ELSE b

TypeOK == small \in 0..3 /\ big \in 0..5

Init == small = 0 /\ big = 0

FillSmall == small' = 3 /\ big' = big
FillBig == big' = 5 /\ UNCHANGED small
EmptySmall == small' = 0 /\ UNCHANGED big
EmptyBig == big' = 0 /\ UNCHANGED <<small>>
SmallToBig ==
    LET poured == Min(small, 5 - big)
    IN big' = big + poured /\ small' = small - poured
BigToSmall ==
    LET poured == Min(big, 3 - small)
    IN /\ big' = big - poured
       /\ small' = small + poured

Next ==
    \/ FillSmall \/ FillBig
    \/ EmptySmall \/ EmptyBig
    \/ SmallToBig \/ BigToSmall

Spec == Init /\ [][Next]_<<small, big>>

NotSolved == big # 4
==============================================================================
