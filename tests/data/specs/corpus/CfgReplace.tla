----------------------------- MODULE CfgReplace ------------------------------
(* Constants by value, set, string, number and Boolean; constant operators   *)
(* and definitions replaced by operators of the module, also with arguments. *)
EXTENDS Integers, FiniteSets
CONSTANTS N, Names, Greeting, Low, Flag, Mixed, Step(_), Combine(_, _)
VARIABLES x, who
MyStep(n) == n + 2
MyCombine(a, b) == (a + b) % N
Limit == 1000
SmallLimit == 9
Valid(n) == TRUE
MyValid(n) == n < Limit
Init == x = Low /\ who \in Names
Next == /\ x' = IF Flag THEN Combine(Step(x), 1) ELSE 0
        /\ Valid(x')
        /\ who' \in Names \cup {Greeting}
Inv == Cardinality(Mixed) = 3 /\ x \in Low..N
==============================================================================
