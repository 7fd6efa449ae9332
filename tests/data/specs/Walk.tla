------------------------------- MODULE Walk -------------------------------
(* A walk along the numbers, by steps of one or two: small enough to count *)
(* by hand, and with a configuration for each thing that a check can do.   *)
EXTENDS Integers

CONSTANTS Last, Start(_)

VARIABLES at, parity

Zero(n) == n = 0
ZeroOrOne(n) == n \in {0, 1}
Length == Last
Fixed == 4

Init == Start(at) /\ at \in 0..Last /\ parity = at % 2

One == at < Length /\ at' = at + 1 /\ parity' = 1 - parity
Two == at + 2 <= Length /\ at' = at + 2 /\ UNCHANGED parity
Rest == at = Last /\ UNCHANGED <<at, parity>>

Next == One \/ Two
NextOrRest == One \/ Two \/ Rest
Wrong == One \/ Two \/ (at = 3 /\ at' = "four" /\ parity' = 0)
Spec == Init /\ [][Next]_<<at, parity>>

TypeOK == at \in 0..Last /\ parity \in 0..1
Parity == parity = at % 2
Small == at < 3
Undefined == at < 3 \/ at = "three"
Nonsense == 7

Near == at <= 2
Once == at' # 2

Forward == [][at' > at]_at
ByOne == [][at' = at + 1]_at
FromZero == at = 0 /\ parity = 0
Safe == FromZero /\ Forward /\ []Parity
Unsafe == FromZero /\ Forward /\ [][at' # 2]_at
Reaches == <>(at = Last)
AlwaysReaches == []<>(at = Last)

Half == at \div 2
===========================================================================
