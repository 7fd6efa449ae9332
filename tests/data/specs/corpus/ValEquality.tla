----------------------------- MODULE ValEquality -----------------------------
(* Equal values that are built in different ways are one state: intervals,   *)
(* filters, powersets, sets of functions, tuples and functions, records and  *)
(* functions by @@, strings.                                                 *)
EXTENDS Naturals, Sequences, TLC
VARIABLES v, w
Init == v = {} /\ w = <<>>
Next ==
    \/ v' \in {1..2, {2, 1}, {n \in 0..5 : n \in {1, 2}}, {n + 1 : n \in 0..1}} /\ w' = w
    \/ v' \in {SUBSET {1}, {{}, {1}}, {S \in SUBSET {1, 2} : 2 \notin S}} /\ w' = w
    \/ v' = UNION {1..1, {2}} \cap 0..2 /\ w' = w
    \/ w' \in {<<1, 2>>, [i \in 1..2 |-> i], Append(<<1>>, 2), 1 :> 1 @@ 2 :> 2} /\ v' = v
    \/ w' \in {[a |-> 1, b |-> 2], "b" :> 2 @@ "a" :> 1, [s \in {"b", "a"} |-> IF s = "a" THEN 1 ELSE 2]} /\ v' = v
    \/ v' \in {[1..2 -> {0}], {<<0, 0>>}} /\ w' = <<>>
    \/ v' \in {{1} \X {2}, {<<1, 2>>}, {<<n, n + 1>> : n \in {1}}} /\ w' = <<>>
    \/ v' \in {[a : {1}, b : {2, 3}], {[a |-> 1, b |-> n] : n \in 2..3}} /\ w' = <<>>
==============================================================================
