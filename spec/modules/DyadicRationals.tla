--------------------------- MODULE DyadicRationals ----------------------------
(* Fractions whose denominator is a power of two, as records, under the    
   names that the TLA+ Community Modules made common. A file of this name  
   beside a specification takes precedence.                                 *)
LOCAL INSTANCE Integers
LOCAL INSTANCE Sequences
LOCAL INSTANCE TLC

LOCAL IsPower(n) == \E k \in 0..30 : n = 2 ^ k
IsDyadicRational(r) == r.num \in Int /\ IsPower(r.den)
Zero == [num |-> 0, den |-> 1]
One == [num |-> 1, den |-> 1]

RECURSIVE Reduce(_)
Reduce(p) ==
    IF p.num = 0 THEN Zero
    ELSE IF p.num % 2 = 0 /\ p.den > 1
    THEN Reduce([num |-> p.num \div 2, den |-> p.den \div 2])
    ELSE p
Add(p, q) ==
    Reduce(IF p.den >= q.den
           THEN [num |-> p.num + q.num * (p.den \div q.den), den |-> p.den]
           ELSE [num |-> q.num + p.num * (q.den \div p.den), den |-> q.den])
Half(p) == Reduce([num |-> p.num, den |-> p.den * 2])
PrettyPrint(p) ==
    IF p.den = 1 THEN ToString(p.num) ELSE ToString(p.num) \o "/" \o ToString(p.den)
===============================================================================
