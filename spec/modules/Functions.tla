------------------------------ MODULE Functions -------------------------------
(* Operators on functions under the names that the TLA+ Community Modules  
   made common. A file of this name beside a specification takes           
   precedence.                                                              *)
EXTENDS Integers, Folds

Range(f) == {f[x] : x \in DOMAIN f}
Restrict(f, S) == [x \in S |-> f[x]]
RestrictDomain(f, Test(_)) == [x \in {x \in DOMAIN f : Test(x)} |-> f[x]]
RestrictValues(f, Test(_)) == [x \in {x \in DOMAIN f : Test(f[x])} |-> f[x]]
IsRestriction(f, g) == DOMAIN f \subseteq DOMAIN g /\ \A x \in DOMAIN f : f[x] = g[x]
Pointwise(f, g, Op(_, _)) == [x \in DOMAIN f |-> Op(f[x], g[x])]
Inverse(f, S, T) == [t \in T |-> CHOOSE s \in S : t \in Range(f) => f[s] = t]
AntiFunction(f) == Inverse(f, DOMAIN f, Range(f))
IsInjective(f) == \A a, b \in DOMAIN f : f[a] = f[b] => a = b
Injection(S, T) == {f \in [S -> T] : IsInjective(f)}
Surjection(S, T) == {f \in [S -> T] : \A t \in T : \E s \in S : f[s] = t}
Bijection(S, T) == Injection(S, T) \cap Surjection(S, T)
ExistsInjection(S, T) == Injection(S, T) # {}
ExistsSurjection(S, T) == Surjection(S, T) # {}
ExistsBijection(S, T) == Bijection(S, T) # {}

\* Op(f[x], Op(f[y], ... base)) for an Op that is commutative and associative.
RECURSIVE FoldFunctionOnSet(_, _, _, _)
FoldFunctionOnSet(Op(_, _), base, f, S) ==
    IF S = {} THEN base
    ELSE LET x == CHOOSE x \in S : TRUE
         IN Op(f[x], FoldFunctionOnSet(Op, base, f, S \ {x}))

FoldFunction(Op(_, _), base, f) == FoldFunctionOnSet(Op, base, f, DOMAIN f)
SumFunctionOnSet(f, S) == FoldFunctionOnSet(LAMBDA x, y : x + y, 0, f, S)
SumFunction(f) == SumFunctionOnSet(f, DOMAIN f)
===============================================================================
