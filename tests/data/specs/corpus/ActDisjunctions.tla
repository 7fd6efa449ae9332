--------------------------- MODULE ActDisjunctions ---------------------------
(* Disjunctions inside IF, LET, CASE and conjunctions of an action: each     *)
(* side is a successor of its own, also where both lead to the same state.   *)
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = 0
InIf == IF x < 2 THEN x' = x + 1 \/ x' = x + 2 ELSE x' = 0 \/ x' = 1
InLet == LET k == x + y
             Step(n) == x' = n \/ x' = n + 1
         IN Step(k % 3)
InCase == CASE x = 0 -> x' = 1 \/ x' = 2
            [] x = 1 -> x' = 2
            [] OTHER -> \/ x' = 0
                        \/ x' = 0
Both == (x' = 1 \/ x' = 2) /\ (y' = 0 \/ y' = 1)
Next ==
    \/ (InIf \/ InLet) /\ y' = y
    \/ InCase /\ (y' = 1 - y \/ y' = y)
    \/ Both
==============================================================================
