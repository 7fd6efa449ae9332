------------------------------- MODULE ValBags -------------------------------
(* Module Bags: EmptyBag, SetToBag, BagToSet, sum and difference, inclusion, *)
(* copies, cardinality, BagUnion and BagOfAll, in states and invariants.     *)
EXTENDS Naturals, Bags
VARIABLE bag
Tagged(x) == <<x, 1>>
Init == bag = EmptyBag
Next ==
    \/ \E x \in {"a", "b"} : bag' = bag (+) SetToBag({x})
    \/ \E x \in BagToSet(bag) : bag' = bag (-) SetToBag({x})
    \/ bag' = BagUnion({SetToBag({"a"}), SetToBag({"a", "b"})})
Bound == BagCardinality(bag) <= 4
Facts ==
    /\ IsABag(bag)
    /\ \A x \in {"a", "b"} : BagIn(x, bag) <=> CopiesIn(x, bag) > 0
    /\ EmptyBag \sqsubseteq bag
    /\ BagCardinality(BagOfAll(Tagged, bag)) = BagCardinality(bag)
==============================================================================
