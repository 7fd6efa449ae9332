------------------------------ MODULE CommonMore ------------------------------
(* What Common.tla has no room for: each operator of spec/modules once.        *)
EXTENDS Integers, TLC, Sequences, FiniteSets, Bags, SequencesExt, FiniteSetsExt, BagsExt, Functions

G == INSTANCE Graphs
U == INSTANCE UndirectedGraphs
R == INSTANCE Relation
C == INSTANCE Combinatorics
B == INSTANCE Bitwise
D == INSTANCE DyadicRationals
V == INSTANCE VectorClocks
Q == INSTANCE Quorum
A == INSTANCE Apalache
S == INSTANCE SVG

VARIABLE v
Init == v = 0
Next == v' = 1 - v

Plus(x, y) == x + y
Less(x, y) == x < y
Even(n) == n % 2 = 0

OfMoreSequences ==
    /\ ToBag(<<1, 2, 1>>) = (1 :> 2 @@ 2 :> 1)
    /\ SetToSeqs({1, 2}) = {<<1, 2>>, <<2, 1>>} /\ SetToSortSeq({3, 1, 2}, Less) = <<1, 2, 3>>
    /\ SetToAllKPermutations({1, 2}) = {<<>>, <<1>>, <<2>>, <<1, 2>>, <<2, 1>>}
    /\ TupleOf({1}, 2) = {<<1, 1>>} /\ SeqOf({1}, 2) = {<<>>, <<1>>, <<1, 1>>}
    /\ <<1>> \in BoundedSeq({1}, 2) /\ <<1, 1, 1>> \notin BoundedSeq({1}, 2)
    /\ IsSorted(<<1, 2, 2>>, Less) /\ ~IsSorted(<<2, 1>>, Less)
    /\ ReplaceAll(<<1, 2, 1>>, 1, 3) = <<3, 2, 3>>
    /\ RemoveFirst(<<1, 2, 1>>, 1) = <<2, 1>> /\ RemoveFirst(<<1>>, 2) = <<1>>
    /\ RemoveFirstMatch(<<1, 2, 4>>, Even) = <<1, 4>> /\ Snoc(2, <<1>>) = <<1, 2>>
    /\ Prefixes(<<1, 2>>) = {<<>>, <<1>>, <<1, 2>>} /\ Suffixes(<<1, 2>>) = {<<>>, <<2>>, <<1, 2>>}
    /\ CommonPrefixes({<<1, 2>>, <<1, 3>>}) = {<<>>, <<1>>}
    /\ LongestCommonPrefix({<<1, 2>>, <<1, 3>>}) = <<1>>
    /\ SeqMod(4, 2) = 2 /\ SeqMod(3, 2) = 1
    /\ FoldLeftDomain(Plus, 0, <<7, 7>>) = 3 /\ FoldRightDomain(Plus, <<7, 7>>, 0) = 3
    /\ Zip(<<1, 2>>, <<3, 4>>) = <<<<1, 3>>, <<2, 4>>>> /\ Interleave(<<1, 3>>, <<2, 4>>) = <<1, 2, 3, 4>>
    /\ AllSubSeqs(<<1, 2>>) = {<<>>, <<1>>, <<2>>, <<1, 2>>}
    /\ SubSeqs(<<1, 2>>) = {<<>>, <<1>>, <<2>>, <<1, 2>>}
    /\ IndexFirstSubSeq(<<2>>, <<1, 2>>) = 2 /\ IndexFirstSubSeq(<<3>>, <<1, 2>>) = 0
    /\ ReplaceSubSeqAt(1, <<9>>, <<1, 2>>, <<1, 2, 3>>) = <<9, 3>>
    /\ ReplaceFirstSubSeq(<<9>>, <<1>>, <<1, 1>>) = <<9, 1>>
    /\ ReplaceAllSubSeqs(<<9>>, <<1>>, <<1, 2, 1>>) = <<9, 2, 9>>

OfMoreSets ==
    /\ Choices({{1}, {2}}) = {({1} :> 1 @@ {2} :> 2)} /\ ChooseUnique({1, 2}, Even) = 2
    /\ SumBag(2 :> 3) = 6 /\ ProductBag(2 :> 3) = 8
    /\ Q!QuorumSystem({1}) = {{}, {{1}}}
    /\ C!factorial(4) = 24 /\ C!choose(4, 2) = 6 /\ C!choose(1, 3) = 0

OfMoreFunctions ==
    /\ RestrictDomain(<<5, 6>>, Even) = (2 :> 6) /\ RestrictValues(<<5, 6>>, Even) = (2 :> 6)
    /\ IsRestriction(<<5>>, <<5, 6>>) /\ ~IsRestriction(<<6>>, <<5, 6>>)
    /\ Pointwise(<<1, 2>>, <<3, 4>>, Plus) = <<4, 6>> /\ AntiFunction(<<7, 8>>)[8] = 2
    /\ ExistsInjection({1}, {1, 2}) /\ ~ExistsSurjection({1}, {1, 2}) /\ ExistsBijection({1}, {2})
    /\ SumFunction(<<1, 2>>) = 3 /\ SumFunctionOnSet(<<1, 2>>, {2}) = 2
    /\ MapThenFoldSet(Plus, 0, LAMBDA x : 2 * x, LAMBDA T : CHOOSE x \in T : TRUE, {1, 2}) = 6

Line == [node |-> {1, 2, 3}, edge |-> {<<1, 2>>, <<2, 3>>}]
Ring == [node |-> {1, 2}, edge |-> {<<1, 2>>, <<2, 1>>}]

OfGraphs ==
    /\ G!IsDirectedGraph(Line) /\ G!IsUndirectedGraph(Ring) /\ ~G!IsUndirectedGraph(Line)
    /\ Cardinality(G!DirectedSubgraph(Ring)) = 7 /\ Cardinality(G!UndirectedSubgraph(Ring)) = 5
    /\ G!Transpose(Line).edge = {<<2, 1>>, <<3, 2>>}
    /\ <<1, 2, 3>> \in G!Path(Line) /\ <<1, 3>> \notin G!Path(Line)
    /\ G!SimplePath(Ring) = {<<1>>, <<2>>, <<1, 2>>, <<2, 1>>}
    /\ G!AreConnectedIn(1, 3, Line) /\ ~G!AreConnectedIn(3, 1, Line)
    /\ G!IsStronglyConnected(Ring) /\ G!ConnectionsIn(Line)[1, 3] /\ ~G!ConnectionsIn(Line)[1, 1]
    /\ G!IsTreeWithRoot(Line, 3) /\ ~G!IsTreeWithRoot(Line, 1)
    /\ G!GraphUnion(Line, Ring).node = {1, 2, 3}
    /\ G!IsBipartiteWithPartitions(Line, {1, 3}, {2}) /\ G!HasCycle(Ring) /\ G!IsDag(Line)
    /\ G!Successors(Line, 1) = {2} /\ G!Predecessors(Line, 3) = {2}
    /\ G!AllSuccessors(Line, {1, 2}) = {2, 3} /\ G!AllPredecessors(Line, {2}) = {1}
    /\ G!Ancestors(Line, 3) = {1, 2} /\ G!Descendants(Line, 1) = {2, 3}
    /\ G!InDegree(Line, 1) = 0 /\ G!OutDegree(Line, 1) = 1
    /\ G!Roots(Line) = {1} /\ G!Leaves(Line) = {3}
    /\ G!EmptyGraph.node = {} /\ Cardinality(G!Graphs({1})) = 2

Pair == [node |-> {1, 2, 3}, edge |-> {{1, 2}}]

OfUndirectedGraphs ==
    /\ U!IsUndirectedGraph(Pair) /\ U!IsLoopFreeUndirectedGraph(Pair)
    /\ Cardinality(U!UndirectedSubgraph(Pair)) = 10 /\ <<1, 2, 1>> \in U!Path(Pair)
    /\ <<1, 2>> \in U!SimplePath(Pair) /\ U!AreConnectedIn(2, 1, Pair)
    /\ U!ConnectedComponents(Pair) = {{1, 2}, {3}} /\ ~U!IsStronglyConnected(Pair)
    /\ Cardinality(U!UndirectedGraphs({1})) = 2

Le == [x, y \in 1..3 |-> x <= y]
Lt == [x, y \in 1..3 |-> x < y]
Step == [x, y \in 1..3 |-> y = x + 1]
AtMost(x, y) == x <= y

OfRelations ==
    /\ R!IsReflexive(Le, 1..3) /\ R!IsIrreflexive(Lt, 1..3) /\ ~R!IsSymmetric(Le, 1..3)
    /\ R!IsAntiSymmetric(Le, 1..3) /\ R!IsAsymmetric(Lt, 1..3) /\ R!IsTransitive(Le, 1..3)
    /\ R!IsStrictlyPartiallyOrdered(Lt, 1..3) /\ R!IsPartiallyOrdered(Le, 1..3)
    /\ R!IsStrictlyTotallyOrdered(Lt, 1..3) /\ R!IsTotallyOrdered(Le, 1..3)
    /\ R!IsReflexiveUnder(AtMost, 1..3) /\ R!IsIrreflexiveUnder(Less, 1..3)
    /\ ~R!IsSymmetricUnder(AtMost, 1..3) /\ R!IsAntiSymmetricUnder(AtMost, 1..3)
    /\ R!IsAsymmetricUnder(Less, 1..3) /\ R!IsTransitiveUnder(Less, 1..3)
    /\ R!IsStrictlyPartiallyOrderedUnder(Less, 1..3) /\ R!IsPartiallyOrderedUnder(AtMost, 1..3)
    /\ R!IsStrictlyTotallyOrderedUnder(Less, 1..3) /\ R!IsTotallyOrderedUnder(AtMost, 1..3)
    /\ R!TransitiveClosure(Step, 1..3) = Lt /\ R!ReflexiveTransitiveClosure(Step, 1..3) = Le
    /\ R!IsConnected([x, y \in 1..2 |-> TRUE], 1..2) /\ ~R!IsConnected(Step, 1..3)

OfNumbers ==
    /\ B!&(6, 3) = 2 /\ B!|(6, 3) = 7 /\ B!^^(6, 3) = 5 /\ B!Not(0) = -1 /\ B!shiftR(6, 1) = 3
    /\ B!And(6, 3, 0, 3) = 2
    /\ D!IsDyadicRational(D!One) /\ D!Half(D!One) = [num |-> 1, den |-> 2]
    /\ D!Add(D!Half(D!One), D!Half(D!One)) = D!One /\ D!Add(D!Zero, D!One) = D!One
    /\ D!Reduce([num |-> 2, den |-> 4]) = [num |-> 1, den |-> 2]
    /\ D!PrettyPrint(D!Half(D!One)) = "1/2"

Clocks == <<[a |-> 1, b |-> 1], [a |-> 1, b |-> 0]>>
Same(x) == x
First(x) == "a"
Both(x) == {"a", "b"}

OfOthers ==
    /\ ~V!IsCausalOrder(Clocks, Same) /\ V!CausalOrder(Clocks, Same, First, Both)[1].b = 0
    /\ A!:=(1, 1) /\ A!Skolem(TRUE) /\ A!Expand({1}) = {1} /\ A!ConstCardinality(TRUE)
    /\ A!Gen(1) = {} /\ A!Guess({1}) = 1 /\ A!MkSeq(2, Same) = <<1, 2>>
    /\ A!Repeat(Plus, 3, 0) = 6 /\ A!ApaFoldSeqLeft(Plus, 0, <<1, 2>>) = 3
    /\ A!ApaFoldSet(Plus, 0, {1, 2}) = 3 /\ A!SetAsFun({<<1, 2>>}) = <<2>>
    /\ A!FunAsSeq(<<1, 2>>, 1, 2) = <<1>>

None == [x \in {} |-> ""]
OfPictures ==
    /\ S!SVGElemToString(S!Text(1, 2, "a", None)) = "<text x='1' y='2'>a</text>"
    /\ S!SVGElem("g", None, <<>>, "") = S!Group(<<>>, None) /\ S!Line(1, 2, 3, 4, None).attrs.y2 = "4"
    /\ S!Circle(1, 2, 3, None).attrs.r = "3" /\ S!Rect(1, 2, 3, 4, None).attrs.width = "3"
    /\ S!Image(1, 2, 3, 4, "u", None).name = "image" /\ S!Svg(<<>>, None).name = "svg"
    /\ S!SVGDoc(<<>>, 0, 0, 9, 9, None).attrs.viewBox = "0 0 9 9"
    /\ S!SVGSerialize(S!Svg(<<>>, None), "f", 1) = "f1.svg"

Wrong == SumFunction(<<1, 2>>) = 4
===============================================================================
