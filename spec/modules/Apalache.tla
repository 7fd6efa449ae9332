------------------------------- MODULE Apalache -------------------------------
(* Operators that mean something to Apalache alone, as what they are to    
   TLC, under the names that the TLA+ Community Modules made common. A file
   of this name beside a specification takes precedence.                    *)
LOCAL INSTANCE Integers
LOCAL INSTANCE Sequences
LOCAL INSTANCE FiniteSets

x := e == x = e
Skolem(e) == e
Gen(n) == {}
Guess(S) == CHOOSE x \in S : TRUE
Expand(S) == S
ConstCardinality(e) == e
MkSeq(n, F(_)) == [i \in 1..n |-> F(i)]
Repeat(F(_, _), n, x) == LET R[i \in 0..n] == IF i = 0 THEN x ELSE F(R[i - 1], i) IN R[n]
ApaFoldSeqLeft(F(_, _), base, s) ==
    LET R[i \in 0..Len(s)] == IF i = 0 THEN base ELSE F(R[i - 1], s[i]) IN R[Len(s)]
RECURSIVE ApaFoldSet(_, _, _)
ApaFoldSet(F(_, _), base, S) ==
    IF S = {} THEN base
    ELSE LET x == CHOOSE x \in S : TRUE IN F(ApaFoldSet(F, base, S \ {x}), x)
SetAsFun(S) ==
    [x \in {p[1] : p \in S} |-> (CHOOSE p \in S : p[1] = x)[2]]
FunAsSeq(f, n, capacity) == [i \in 1..n |-> f[i]]
===============================================================================
