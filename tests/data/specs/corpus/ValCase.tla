------------------------------- MODULE ValCase -------------------------------
(* CASE with and without OTHER, overlapping arms of which the first is       *)
(* taken, nested CASE, IF chains and conjunction lists as values.            *)
EXTENDS Naturals
VARIABLE x
Class(n) == CASE n % 2 = 0 -> "even"
              [] n % 2 = 1 -> "odd"
Size(n) == CASE n < 3 -> 0 [] n < 5 -> CASE n = 3 -> 1 [] OTHER -> 2 [] OTHER -> 3
Init == x = 0
Next == x' = IF Class(x) = "even" THEN (x + Size(x) + 1) % 9
             ELSE IF /\ x > 4
                     /\ \/ x = 5
                        \/ x = 7
             THEN 0 ELSE (x + 2) % 9
==============================================================================
