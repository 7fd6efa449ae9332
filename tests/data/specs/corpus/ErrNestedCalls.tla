--------------------------- MODULE ErrNestedCalls ----------------------------
(* An error deep below operators, LETs and functions: its position is that   *)
(* of the innermost expression.                                              *)
EXTENDS Naturals, Sequences
VARIABLE x
Inner(s) == LET h == Head(s) IN h + 1
Middle(s) == [i \in 1..2 |-> Inner(SubSeq(s, i, Len(s)))]
Outer(s) == Middle(s)[2]
Init == x = 0
Next == x' = Outer(<<x>>)
==============================================================================
