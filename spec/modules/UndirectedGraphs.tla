--------------------------- MODULE UndirectedGraphs ---------------------------
(* Undirected graphs, records of nodes and edges (sets of one or two       
   nodes), under the names that the TLA+ Community Modules made common. A  
   file of this name beside a specification takes precedence.               *)
LOCAL INSTANCE Naturals
LOCAL INSTANCE Sequences
LOCAL INSTANCE FiniteSets
LOCAL INSTANCE SequencesExt

IsUndirectedGraph(G) ==
    /\ G = [node |-> G.node, edge |-> G.edge]
    /\ \A e \in G.edge : e \subseteq G.node /\ Cardinality(e) \in {1, 2}
IsLoopFreeUndirectedGraph(G) ==
    IsUndirectedGraph(G) /\ \A e \in G.edge : Cardinality(e) = 2
UndirectedSubgraph(G) ==
    {H \in [node : SUBSET G.node, edge : SUBSET G.edge] : IsUndirectedGraph(H)}
Path(G) ==
    {p \in Seq(G.node) : p # <<>> /\ \A i \in 1..(Len(p) - 1) : {p[i], p[i + 1]} \in G.edge}
SimplePath(G) ==
    {p \in SeqOf(G.node, Cardinality(G.node)) :
        /\ p # <<>>
        /\ Cardinality({p[i] : i \in DOMAIN p}) = Len(p)
        /\ \A i \in 1..(Len(p) - 1) : {p[i], p[i + 1]} \in G.edge}

\* All that is connected to some node.
LOCAL Component(G, n) ==
    LET RECURSIVE Reach(_)
        Reach(S) ==
            LET more == S \cup UNION {e \in G.edge : e \cap S # {}}
            IN IF more = S THEN S ELSE Reach(more)
    IN Reach({n})
ConnectedComponents(G) == {Component(G, n) : n \in G.node}
AreConnectedIn(m, n, G) == n \in Component(G, m)
IsStronglyConnected(G) == Cardinality(ConnectedComponents(G)) = 1
UndirectedGraphs(S) ==
    [node : {S}, edge : SUBSET {{a, b} : a, b \in S}]
===============================================================================
