------------------------------- MODULE ActLazy -------------------------------
(* What is not needed is not evaluated: an unused LET that fails, an unused  *)
(* argument, the branch not taken, and a conjunct after a false guard.       *)
EXTENDS Naturals, Sequences
VARIABLE s
Init == s = <<>>
First(t, default) == IF t = <<>> THEN default ELSE Head(t)
Next ==
    LET bad == Head(s)
        unused == CHOOSE z \in {} : TRUE
    IN \/ s = <<>> /\ s' = <<1>>
       \/ s # <<>> /\ Len(s) < 3 /\ s' = Append(s, (bad + 1) % 4)
       \/ Len(s) = 3 /\ s[3] = 1 + s[1] /\ s' = Tail(s)
       \/ First(<<2>>, Head(<<>>)) = 2 /\ s' = <<First(s, 1)>>
Fine == s # <<>> => Head(s) \in 0..3
==============================================================================
