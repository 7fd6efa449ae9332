---------------------------- MODULE ValSequences -----------------------------
(* Module Sequences: Append, concatenation, Head, Tail, SubSeq with empty    *)
(* ranges, SelectSeq with a LAMBDA, Len, DOMAIN, Seq, and sequences as       *)
(* functions.                                                                *)
EXTENDS Naturals, Sequences
VARIABLE q
Reverse(s) == [i \in 1..Len(s) |-> s[Len(s) + 1 - i]]
Range(s) == {s[i] : i \in DOMAIN s}
ASSUME /\ SubSeq(<<1, 2, 3>>, 2, 3) = <<2, 3>> /\ SubSeq(<<1>>, 2, 1) = <<>>
       /\ SelectSeq(<<1, 2, 3>>, LAMBDA x : x # 2) = <<1, 3>>
       /\ <<1>> \o <<>> \o <<2>> = <<1, 2>>
       /\ <<2, 1>> \in Seq({1, 2})
       /\ Len("abc") = 3
Init == q = <<>>
Next ==
    \/ \E x \in 1..2 : Len(q) < 4 /\ q' = Append(q, x)
    \/ q # <<>> /\ q' = Tail(q)
    \/ Len(q) > 1 /\ q' = Reverse(q)
    \/ Len(q) = 4 /\ q' = SelectSeq(q, LAMBDA x : x = Head(q))
    \/ Len(q) = 2 /\ q' = q \o SubSeq(q, 1, 1)
TypeOK == q \in Seq(1..2) /\ Range(q) \subseteq {1, 2} /\ Reverse(Reverse(q)) = q
==============================================================================
