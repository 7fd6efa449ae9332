----------------------------- MODULE VectorClocks -----------------------------
(* Logs in an order that their vector clocks allow, under the names that   
   the TLA+ Community Modules made common. A file of this name beside a    
   specification takes precedence.                                          *)
EXTENDS Naturals, Sequences, Functions

LOCAL Before(v, w) == (\A n \in DOMAIN v : v[n] <= w[n]) /\ v # w

\* No entry stands before one that its clock is after.
IsCausalOrder(log, clock(_)) ==
    \A i, j \in 1..Len(log) : i < j => ~Before(clock(log[j]), clock(log[i]))

\* The entries one by one, each time the first that no other is before.
CausalOrder(log, clock(_), node(_), domain(_)) ==
    LET RECURSIVE Sorted(_)
        Sorted(s) ==
            IF s = <<>> THEN <<>>
            ELSE LET free == {i \in DOMAIN s :
                             \A j \in DOMAIN s : ~Before(clock(s[j]), clock(s[i]))}
                     first == CHOOSE i \in free : \A j \in free : i <= j
                 IN <<s[first]>> \o Sorted(SubSeq(s, 1, first - 1)
                                            \o SubSeq(s, first + 1, Len(s)))
    IN Sorted(log)
===============================================================================
