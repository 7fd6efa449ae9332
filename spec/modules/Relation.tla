------------------------------- MODULE Relation -------------------------------
(* Properties of relations on a set S, functions from pairs to Booleans,   
   under the names that the TLA+ Community Modules made common. A file of  
   this name beside a specification takes precedence.                       *)
EXTENDS Naturals, FiniteSets

IsReflexive(R, S) == \A x \in S : R[x, x]
IsIrreflexive(R, S) == \A x \in S : ~R[x, x]
IsSymmetric(R, S) == \A x, y \in S : R[x, y] <=> R[y, x]
IsAntiSymmetric(R, S) == \A x, y \in S : R[x, y] /\ R[y, x] => x = y
IsAsymmetric(R, S) == \A x, y \in S : ~(R[x, y] /\ R[y, x])
IsTransitive(R, S) == \A x, y, z \in S : R[x, y] /\ R[y, z] => R[x, z]
IsStrictlyPartiallyOrdered(R, S) ==
    IsIrreflexive(R, S) /\ IsAntiSymmetric(R, S) /\ IsTransitive(R, S)
IsPartiallyOrdered(R, S) ==
    IsReflexive(R, S) /\ IsAntiSymmetric(R, S) /\ IsTransitive(R, S)
IsStrictlyTotallyOrdered(R, S) ==
    IsStrictlyPartiallyOrdered(R, S) /\ \A x, y \in S : x # y => R[x, y] \/ R[y, x]
IsTotallyOrdered(R, S) == IsPartiallyOrdered(R, S) /\ \A x, y \in S : R[x, y] \/ R[y, x]

\* The same of an operator.
IsReflexiveUnder(Op(_, _), S) == IsReflexive([x, y \in S |-> Op(x, y)], S)
IsIrreflexiveUnder(Op(_, _), S) == IsIrreflexive([x, y \in S |-> Op(x, y)], S)
IsSymmetricUnder(Op(_, _), S) == IsSymmetric([x, y \in S |-> Op(x, y)], S)
IsAntiSymmetricUnder(Op(_, _), S) == IsAntiSymmetric([x, y \in S |-> Op(x, y)], S)
IsAsymmetricUnder(Op(_, _), S) == IsAsymmetric([x, y \in S |-> Op(x, y)], S)
IsTransitiveUnder(Op(_, _), S) == IsTransitive([x, y \in S |-> Op(x, y)], S)
IsStrictlyPartiallyOrderedUnder(Op(_, _), S) == IsStrictlyPartiallyOrdered([x, y \in S |-> Op(x, y)], S)
IsPartiallyOrderedUnder(Op(_, _), S) == IsPartiallyOrdered([x, y \in S |-> Op(x, y)], S)
IsStrictlyTotallyOrderedUnder(Op(_, _), S) == IsStrictlyTotallyOrdered([x, y \in S |-> Op(x, y)], S)
IsTotallyOrderedUnder(Op(_, _), S) == IsTotallyOrdered([x, y \in S |-> Op(x, y)], S)

\* The least transitive relation, or reflexive and transitive one, that contains
\* R: one more intermediate element is allowed at a time.
TransitiveClosure(R, S) ==
    LET RECURSIVE Through(_, _)
        Through(Q, left) ==
            IF left = {} THEN Q
            ELSE LET m == CHOOSE m \in left : TRUE
                 IN Through([x, y \in S |-> Q[x, y] \/ (Q[x, m] /\ Q[m, y])], left \ {m})
    IN Through(R, S)
ReflexiveTransitiveClosure(R, S) ==
    TransitiveClosure([x, y \in S |-> x = y \/ R[x, y]], S)
IsConnected(R, S) ==
    \A x, y \in S : ReflexiveTransitiveClosure(R, S)[x, y]
===============================================================================
