------------------------------ MODULE Functions ------------------------------
(* Operators on functions under the names that the TLA+ Community Modules     *)
(* made common. A file of this name beside a specification takes precedence.  *)
Range(f) == {f[x] : x \in DOMAIN f}
Restrict(f, S) == [x \in S |-> f[x]]
Inverse(f, S, T) == [t \in T |-> CHOOSE s \in S : t \in Range(f) => f[s] = t]
IsInjective(f) == \A a, b \in DOMAIN f : f[a] = f[b] => a = b
Injection(S, T) == {f \in [S -> T] : IsInjective(f)}
Surjection(S, T) == {f \in [S -> T] : \A t \in T : \E s \in S : f[s] = t}
Bijection(S, T) == Injection(S, T) \cap Surjection(S, T)

\* Op(f[x], Op(f[y], ... base)) for an Op that is commutative and associative.
RECURSIVE FoldFunctionOnSet(_, _, _, _)
FoldFunctionOnSet(Op(_, _), base, f, S) ==
    IF S = {} THEN base
    ELSE LET x == CHOOSE x \in S : TRUE
         IN Op(f[x], FoldFunctionOnSet(Op, base, f, S \ {x}))

FoldFunction(Op(_, _), base, f) == FoldFunctionOnSet(Op, base, f, DOMAIN f)
===============================================================================
