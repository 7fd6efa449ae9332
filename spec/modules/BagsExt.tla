------------------------------- MODULE BagsExt --------------------------------
(* Operators on bags under the names that the TLA+ Community Modules made  
   common. A file of this name beside a specification takes precedence.     *)
LOCAL INSTANCE Naturals

BagAdd(B, x) ==
    [e \in DOMAIN B \cup {x} |->
        (IF e \in DOMAIN B THEN B[e] ELSE 0) + (IF e = x THEN 1 ELSE 0)]

BagRemove(B, x) ==
    IF x \notin DOMAIN B THEN B
    ELSE IF B[x] = 1 THEN [e \in DOMAIN B \ {x} |-> B[e]]
    ELSE [B EXCEPT ![x] = @ - 1]

BagRemoveAll(B, x) == [e \in DOMAIN B \ {x} |-> B[e]]

\* Op(Op(base, x), y) ... over the elements of a bag, each as often as it is in
\* it, for an Op that is commutative and associative.
RECURSIVE FoldBag(_, _, _)
FoldBag(Op(_, _), base, B) ==
    IF DOMAIN B = {} THEN base
    ELSE LET x == CHOOSE x \in DOMAIN B : TRUE
         IN Op(FoldBag(Op, base, BagRemove(B, x)), x)

SumBag(B) == FoldBag(LAMBDA x, y : x + y, 0, B)
ProductBag(B) == FoldBag(LAMBDA x, y : x * y, 1, B)
===============================================================================
