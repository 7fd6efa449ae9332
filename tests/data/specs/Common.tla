-------------------------------- MODULE Common --------------------------------
(* The operators of spec/modules, each at least once.                          *)
EXTENDS Naturals, Sequences, FiniteSets, SequencesExt, FiniteSetsExt, BagsExt, Functions

VARIABLE v
Init == v = 0
Next == v' = 1 - v

Add(x, y) == x + y
Even(n) == n % 2 = 0
Join(all, e) == Append(all, e)
Bag == [a |-> 1, b |-> 2]

OfSequences ==
    /\ ToSet(<<1, 2, 1>>) = {1, 2}
    /\ Len(SetToSeq({1, 2, 3})) = 3 /\ ToSet(SetToSeq({1, 2, 3})) = {1, 2, 3}
    /\ Last(<<1, 2>>) = 2 /\ Front(<<1, 2>>) = <<1>> /\ Cons(0, <<1>>) = <<0, 1>>
    /\ Contains(<<1, 2>>, 2) /\ ~Contains(<<1, 2>>, 3)
    /\ Reverse(<<1, 2, 3>>) = <<3, 2, 1>> /\ Indices(<<5, 6>>) = {1, 2}
    /\ IsPrefix(<<1>>, <<1, 2>>) /\ ~IsPrefix(<<2>>, <<1, 2>>) /\ IsPrefix(<<>>, <<>>)
    /\ IsStrictPrefix(<<1>>, <<1, 2>>) /\ ~IsStrictPrefix(<<1>>, <<1>>)
    /\ IsSuffix(<<2>>, <<1, 2>>) /\ ~IsStrictSuffix(<<2>>, <<2>>)
    /\ InsertAt(<<1, 3>>, 2, 2) = <<1, 2, 3>> /\ ReplaceAt(<<1, 3>>, 2, 2) = <<1, 2>>
    /\ RemoveAt(<<1, 2, 3>>, 2) = <<1, 3>> /\ Remove(<<1, 2, 1>>, 1) = <<2>>
    /\ SelectInSeq(<<1, 2, 4>>, Even) = 2 /\ SelectInSeq(<<1>>, Even) = 0
    /\ SelectLastInSeq(<<1, 2, 4>>, Even) = 3
    /\ SelectInSubSeq(<<2, 1, 4>>, 2, 3, Even) = 3
    /\ SelectLastInSubSeq(<<2, 1, 4>>, 1, 2, Even) = 1
    /\ FoldLeft(Join, <<>>, <<1, 2>>) = <<1, 2>>
    /\ FoldRight(Cons, <<1, 2>>, <<>>) = <<1, 2>>
    /\ FoldSeq(Add, 0, <<1, 2, 3>>) = 6
    /\ FlattenSeq(<<<<1>>, <<>>, <<2, 3>>>>) = <<1, 2, 3>>

OfSets ==
    /\ Max({1, 3, 2}) = 3 /\ Min({1, 3, 2}) = 1
    /\ FoldSet(Add, 0, {1, 2, 3}) = 6 /\ ReduceSet(Add, {1, 2}, 1) = 4
    /\ Sum({1, 2}) = 3 /\ SumSet({1, 2}) = 3 /\ Product({2, 3}) = 6 /\ ProductSet({}) = 1
    /\ MapThenSumSet(LAMBDA x : 2 * x, {1, 2}) = 6
    /\ FlattenSet({{1}, {1, 2}}) = {1, 2}
    /\ Quantify(1..5, Even) = 2 /\ kSubset(1, {1, 2}) = {{1}, {2}}
    /\ SymDiff({1, 2}, {2, 3}) = {1, 3}

OfBags ==
    /\ BagAdd(Bag, "a") = [a |-> 2, b |-> 2] /\ BagAdd(Bag, "c") = [a |-> 1, b |-> 2, c |-> 1]
    /\ BagRemove(Bag, "a") = [b |-> 2] /\ BagRemove(Bag, "b") = [a |-> 1, b |-> 1]
    /\ BagRemove(Bag, "c") = Bag /\ BagRemoveAll(Bag, "b") = [a |-> 1]
    /\ FoldBag(LAMBDA all, e : all + (IF e = "b" THEN 10 ELSE 1), 0, Bag) = 21

OfFunctions ==
    /\ Range([x \in 1..3 |-> x * x]) = {1, 4, 9} /\ Restrict(<<5, 6>>, {1}) = <<5>>
    /\ IsInjective(<<1, 2>>) /\ ~IsInjective(<<1, 1>>)
    /\ Cardinality(Injection({1, 2}, {1, 2, 3})) = 6
    /\ Cardinality(Surjection({1, 2}, {1, 2})) = 2 /\ Cardinality(Bijection({1, 2}, {1, 2})) = 2
    /\ Inverse(<<7, 8>>, {1, 2}, {7, 8}) = [t \in {7, 8} |-> t - 6]
    /\ FoldFunction(Add, 0, <<1, 2>>) = 3 /\ FoldFunctionOnSet(Add, 0, <<1, 2>>, {2}) = 2

Wrong == FoldSeq(Add, 0, <<1, 2>>) = 4
===============================================================================
