-------------------------------- MODULE Queens --------------------------------
(* N queens, placed row by row; the solutions are also computed at once, as a *)
(* set of functions, and the two must agree. Source: Bezzel, 1848.            *)
EXTENDS Integers, Sequences, FiniteSets, TLC
CONSTANT N
VARIABLES todo, solutions
Attacks(q, i, j) ==
    \/ q[i] = q[j]
    \/ q[i] - q[j] = i - j
    \/ q[j] - q[i] = i - j
Safe(q) == \A i, j \in DOMAIN q : i < j => ~Attacks(q, i, j)
All == {q \in [1..N -> 1..N] : Safe(q)}

Init == todo = {<<>>} /\ solutions = {}
Place ==
    \E board \in todo :
        LET fits == {c \in 1..N : Safe(Append(board, c))}
            extended == {Append(board, c) : c \in fits}
        IN IF Len(board) + 1 = N
           THEN /\ todo' = todo \ {board}
                /\ solutions' = solutions \cup extended
           ELSE /\ todo' = (todo \ {board}) \cup extended
                /\ UNCHANGED solutions
Done == todo = {} /\ UNCHANGED <<todo, solutions>>
Next == Place \/ Done
Spec == Init /\ [][Next]_<<todo, solutions>>
Sound == solutions \subseteq All
Complete == todo = {} => solutions = All
===============================================================================
