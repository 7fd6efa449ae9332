---------------------------- MODULE ValRecursive -----------------------------
(* Recursive operators with one and two arguments, mutual recursion,         *)
(* recursion inside LET, and recursive functions over sets and sequences.    *)
EXTENDS Naturals, Sequences
VARIABLE s
RECURSIVE Sum(_), Even(_), Odd(_), Gcd(_, _)
Sum(t) == IF t = <<>> THEN 0 ELSE Head(t) + Sum(Tail(t))
Even(n) == IF n = 0 THEN TRUE ELSE Odd(n - 1)
Odd(n) == IF n = 0 THEN FALSE ELSE Even(n - 1)
Gcd(a, b) == IF b = 0 THEN a ELSE Gcd(b, a % b)
Max(t) == LET RECURSIVE Up(_)
              Up(i) == IF i = 1 THEN t[1]
                       ELSE LET m == Up(i - 1) IN IF t[i] > m THEN t[i] ELSE m
          IN Up(Len(t))
Size(set) == LET f[u \in SUBSET set] ==
                     IF u = {} THEN 0
                     ELSE LET x == CHOOSE x \in u : TRUE IN 1 + f[u \ {x}]
             IN f[set]
Init == s = <<6>>
Next ==
    \/ Len(s) < 3 /\ s' = Append(s, Gcd(Sum(s), 4))
    \/ Even(Sum(s)) /\ Len(s) > 1 /\ s' = <<Max(s) - 1>>
    \/ s' = <<Size({s[i] : i \in DOMAIN s}) + 3>>
Bound == Odd(Sum(s)) <=> Sum(s) % 2 = 1
==============================================================================
