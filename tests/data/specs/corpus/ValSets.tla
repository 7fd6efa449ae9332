------------------------------- MODULE ValSets -------------------------------
(* Sets: filters, maps over several bounds, SUBSET, UNION, differences,      *)
(* intersections, products, sets of sets, membership and inclusion, finite   *)
(* cardinality.                                                              *)
EXTENDS Naturals, FiniteSets
VARIABLES S, T
Init == S = {} /\ T = {{}}
Next ==
    \/ \E x \in 1..3 : S' = (S \cup {x}) \ {y \in S : y > x} /\ T' = T
    \/ T' = {S \cap 1..2, S} /\ S' = S
    \/ S' = {x + y : x \in S, y \in {1}} \cap 1..3 /\ T' = SUBSET (S \cap {1, 2})
    \/ S' = UNION T /\ T' = {U \in SUBSET S : Cardinality(U) = 1}
    \/ S' = {p[1] : p \in S \X {2}} /\ T' = {{x} : x \in S}
TypeOK == S \subseteq 1..3 /\ T \subseteq SUBSET (1..3) /\ T \in SUBSET SUBSET (1..3)
Facts ==
    /\ UNION {SUBSET S, T} \subseteq SUBSET (1..3)
    /\ Cardinality(S \X T) = Cardinality(S) * Cardinality(T)
    /\ (S \subseteq {2} /\ S # {}) => S = {2, 2}
    /\ {x \in S : x \notin S} = {}
    /\ {<<a, b>> \in S \X S : a < b} \cap {<<a, a>> : a \in S} = {}
==============================================================================
