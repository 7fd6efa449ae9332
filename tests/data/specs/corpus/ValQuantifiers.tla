--------------------------- MODULE ValQuantifiers ----------------------------
(* Quantifiers as values: several bounds, patterns, empty ranges,            *)
(* alternations, unique existence by hand, and negations.                    *)
EXTENDS Naturals
VARIABLES S, R
Init == S = 1..3 /\ R = {}
Unique(P(_)) == \E x \in S : P(x) /\ \A y \in S : P(y) => x = y
Next ==
    \/ \E x, y \in S : x < y /\ R' = R \cup {<<x, y>>} /\ S' = S
    \/ (\A <<x, y>> \in R : x + 1 = y) /\ R' = {} /\ S' = S \ {3}
    \/ Unique(LAMBDA x : x > 2) /\ S' = {1, 2} /\ R' = {p \in R : p[2] # 3}
Order == \A <<x, y>> \in R, z \in {0} : z < x /\ x < y
Vacuous == (\A x \in {} : FALSE) /\ ~(\E x \in {} : TRUE)
==============================================================================
