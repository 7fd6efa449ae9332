-------------------------- MODULE ActUnlikeRecords ---------------------------
(* Records with different fields and tuples of different lengths are         *)
(* unequal, without an error, though their values are unlike.                *)
EXTENDS Naturals
VARIABLE r
Init == r = [a |-> 1]
Next == \/ r' = IF r = [b |-> "one"] THEN [a |-> 7] ELSE [a |-> 2]
        \/ r' = IF r = [a |-> 1, b |-> 1] THEN [a |-> 7] ELSE [a |-> 3, b |-> "x"]
        \/ r' = IF <<r>> = <<"a", 1>> THEN [a |-> 7] ELSE [c |-> TRUE]
==============================================================================
