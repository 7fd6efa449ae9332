----------------------------- MODULE SequencesExt -----------------------------
(* Operators on sequences under the names that the TLA+ Community Modules made *)
(* common. A file of this name beside a specification takes precedence.        *)
EXTENDS Sequences, Naturals, FiniteSets, FiniteSetsExt, Bags
LOCAL INSTANCE TLC

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

\* How often each element occurs.
ToBag(s) == [e \in ToSet(s) |-> Cardinality({k \in DOMAIN s : s[k] = e})]

\* All sequences of the elements of a finite set, each once; the one that is
\* sorted by Op; those of k elements.
SetToSeqs(S) ==
    {s \in [1..Cardinality(S) -> S] : \A e \in S : \E k \in DOMAIN s : s[k] = e}
SetToSortSeq(S, Op(_, _)) == SortSeq(SetToSeq(S), Op)
SetToAllKPermutations(S) == UNION {SetToSeqs(T) : T \in SUBSET S}

\* The sequences over a set of a length; of a length up to n.
TupleOf(S, n) == [1..n -> S]
SeqOf(S, n) == UNION {[1..m -> S] : m \in 0..n}
BoundedSeq(S, n) == SeqOf(S, n)

IsSorted(s, Op(_, _)) == \A j, k \in DOMAIN s : j < k => Op(s[j], s[k]) \/ s[j] = s[k]
ReplaceAll(s, old, new) == [k \in DOMAIN s |-> IF s[k] = old THEN new ELSE s[k]]
RemoveFirst(s, e) ==
    IF \E k \in DOMAIN s : s[k] = e
    THEN RemoveAt(s, SelectInSeq(s, LAMBDA x : x = e))
    ELSE s
RemoveFirstMatch(s, Test(_)) ==
    IF \E k \in DOMAIN s : Test(s[k]) THEN RemoveAt(s, SelectInSeq(s, Test)) ELSE s
Snoc(e, s) == Append(s, e)

Prefixes(s) == {SubSeq(s, 1, k) : k \in 0..Len(s)}
Suffixes(s) == {SubSeq(s, k, Len(s)) : k \in 1..(Len(s) + 1)}
CommonPrefixes(S) ==
    LET shortest == CHOOSE s \in S : \A t \in S : Len(s) <= Len(t)
    IN {p \in Prefixes(shortest) : \A s \in S : IsPrefix(p, s)}
LongestCommonPrefix(S) ==
    CHOOSE p \in CommonPrefixes(S) : \A q \in CommonPrefixes(S) : Len(q) <= Len(p)

\* The remainder from 1 to b, as indices want it.
SeqMod(a, b) == IF a % b = 0 THEN b ELSE a % b

\* Folds whose Op is given the index.
FoldLeftDomain(Op(_, _), base, s) ==
    FoldLeft(Op, base, [k \in DOMAIN s |-> k])
FoldRightDomain(Op(_, _), s, base) ==
    FoldRight(Op, [k \in DOMAIN s |-> k], base)

Zip(s, t) == [k \in 1..Min({Len(s), Len(t)}) |-> <<s[k], t[k]>>]
Interleave(s, t) ==
    [k \in 1..(Len(s) + Len(t)) |-> IF k % 2 = 1 THEN s[(k + 1) \div 2] ELSE t[k \div 2]]

\* What is left of a sequence where some elements are left out; the parts that
\* stand side by side in it.
AllSubSeqs(s) ==
    {LET kept == SetToSortSeq(K, LAMBDA j, k : j < k)
     IN [k \in DOMAIN kept |-> s[kept[k]]] : K \in SUBSET DOMAIN s}
SubSeqs(s) == {SubSeq(s, j, k) : j, k \in 1..Len(s)} \cup {<<>>}

\* Where s stands first in t, or 0; t with r in the place of s, at i, the first
\* time or all over.
IndexFirstSubSeq(s, t) ==
    LET found == {k \in 1..(Len(t) - Len(s) + 1) : SubSeq(t, k, k + Len(s) - 1) = s}
    IN IF found = {} THEN 0 ELSE Min(found)
ReplaceSubSeqAt(i, r, s, t) ==
    SubSeq(t, 1, i - 1) \o r \o SubSeq(t, i + Len(s), Len(t))
ReplaceFirstSubSeq(r, s, t) ==
    LET i == IndexFirstSubSeq(s, t)
    IN IF i = 0 THEN t ELSE ReplaceSubSeqAt(i, r, s, t)
RECURSIVE ReplaceAllSubSeqs(_, _, _)
ReplaceAllSubSeqs(r, s, t) ==
    LET i == IndexFirstSubSeq(s, t)
    IN IF i = 0 \/ s = <<>> THEN t
       ELSE SubSeq(t, 1, i - 1) \o r
                \o ReplaceAllSubSeqs(r, s, SubSeq(t, i + Len(s), Len(t)))
===============================================================================
