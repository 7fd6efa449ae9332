----------------------------- MODULE SequencesExt -----------------------------
(* Operators on sequences under the names that the TLA+ Community Modules made *)
(* common. A file of this name beside a specification takes precedence.        *)
LOCAL INSTANCE Naturals
LOCAL INSTANCE Sequences
LOCAL INSTANCE FiniteSets

\* The elements of a sequence.
ToSet(s) == {s[k] : k \in DOMAIN s}

\* Some sequence of the elements of a finite set, each once.
RECURSIVE SetToSeq(_)
SetToSeq(S) ==
    IF S = {} THEN <<>>
    ELSE LET first == CHOOSE e \in S : TRUE
         IN <<first>> \o SetToSeq(S \ {first})

Last(s) == s[Len(s)]
Front(s) == SubSeq(s, 1, Len(s) - 1)
Cons(e, s) == <<e>> \o s
Contains(s, e) == \E k \in DOMAIN s : s[k] = e
Reverse(s) == [k \in 1..Len(s) |-> s[Len(s) + 1 - k]]
Indices(s) == 1..Len(s)

IsPrefix(s, t) == Len(s) <= Len(t) /\ \A k \in 1..Len(s) : s[k] = t[k]
IsStrictPrefix(s, t) == IsPrefix(s, t) /\ s # t
IsSuffix(s, t) == IsPrefix(Reverse(s), Reverse(t))
IsStrictSuffix(s, t) == IsSuffix(s, t) /\ s # t

InsertAt(s, k, e) == SubSeq(s, 1, k - 1) \o <<e>> \o SubSeq(s, k, Len(s))
ReplaceAt(s, k, e) == [s EXCEPT ![k] = e]
RemoveAt(s, k) == SubSeq(s, 1, k - 1) \o SubSeq(s, k + 1, Len(s))
Remove(s, e) == SelectSeq(s, LAMBDA x : x # e)

\* The first, or the last, index from `from` to `to` whose element passes the
\* test, or 0.
SelectInSubSeq(s, from, to, Test(_)) ==
    LET found == {k \in from..to : Test(s[k])}
    IN IF found = {} THEN 0 ELSE CHOOSE k \in found : \A other \in found : k <= other
SelectLastInSubSeq(s, from, to, Test(_)) ==
    LET found == {k \in from..to : Test(s[k])}
    IN IF found = {} THEN 0 ELSE CHOOSE k \in found : \A other \in found : k >= other

\* The same of a whole sequence.
SelectInSeq(s, Test(_)) == SelectInSubSeq(s, 1, Len(s), Test)
SelectLastInSeq(s, Test(_)) == SelectLastInSubSeq(s, 1, Len(s), Test)

\* Op(... Op(Op(base, s[1]), s[2]) ..., s[Len(s)])
FoldLeft(Op(_, _), base, s) ==
    LET Upto[k \in 0..Len(s)] == IF k = 0 THEN base ELSE Op(Upto[k - 1], s[k])
    IN Upto[Len(s)]

\* Op(s[1], Op(s[2], ... Op(s[Len(s)], base)))
FoldRight(Op(_, _), s, base) ==
    LET From[k \in 1..(Len(s) + 1)] ==
            IF k = Len(s) + 1 THEN base ELSE Op(s[k], From[k + 1])
    IN From[1]

\* A fold for an Op that is commutative and associative.
FoldSeq(Op(_, _), base, s) == FoldRight(Op, s, base)

\* The elements of a sequence of sequences, in order.
FlattenSeq(seqs) == FoldLeft(LAMBDA all, s : all \o s, <<>>, seqs)
===============================================================================
