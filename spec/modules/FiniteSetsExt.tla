---------------------------- MODULE FiniteSetsExt -----------------------------
(* Operators on finite sets under the names that the TLA+ Community Modules
   made common. A file of this name beside a specification takes           
   precedence.                                                              *)
EXTENDS Integers, FiniteSets, Functions

Max(S) == CHOOSE x \in S : \A y \in S : x >= y
Min(S) == CHOOSE x \in S : \A y \in S : x <= y

\* Op(x, Op(y, ... base)) over the elements of a set, for an Op that is
\* commutative and associative.
RECURSIVE FoldSet(_, _, _)
FoldSet(Op(_, _), base, S) ==
    IF S = {} THEN base
    ELSE LET x == CHOOSE x \in S : TRUE
         IN Op(x, FoldSet(Op, base, S \ {x}))

ReduceSet(Op(_, _), S, base) == FoldSet(Op, base, S)
Sum(S) == FoldSet(LAMBDA x, y : x + y, 0, S)
SumSet(S) == Sum(S)
Product(S) == FoldSet(LAMBDA x, y : x * y, 1, S)
ProductSet(S) == Product(S)
MapThenSumSet(Op(_), S) == FoldSet(LAMBDA x, sum : Op(x) + sum, 0, S)
FlattenSet(S) == UNION S

\* How many elements pass a test.
Quantify(S, P(_)) == Cardinality({s \in S : P(s)})

\* The subsets of k elements.
kSubset(k, S) == {T \in SUBSET S : Cardinality(T) = k}

SymDiff(S, T) == (S \ T) \cup (T \ S)

\* The functions that choose an element of each set of a family.
Choices(family) == {f \in [family -> UNION family] : \A S \in family : f[S] \in S}

\* The one element that passes a test.
ChooseUnique(S, P(_)) ==
    CHOOSE x \in S : P(x) /\ \A y \in S : P(y) => y = x
===============================================================================
