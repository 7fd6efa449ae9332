---------------------------- MODULE ActUnchanged -----------------------------
(* UNCHANGED of a variable, a tuple, nested tuples, operators that name      *)
(* tuples, and an expression after its assignment.                           *)
EXTENDS Naturals
VARIABLES a, b, c, d
ab == <<a, b>>
abc == <<ab, c>>
Init == a = 0 /\ b = 0 /\ c = 0 /\ d = 0
Next ==
    \/ d' = (d + 1) % 3 /\ UNCHANGED abc
    \/ a' = 1 - a /\ UNCHANGED <<b, <<c, d>>>>
    \/ b' = 1 - b /\ UNCHANGED <<a, c, d>>
    \/ /\ c < 2
       /\ c' = c + 1
       /\ UNCHANGED <<a, d>> /\ UNCHANGED b
       /\ UNCHANGED (a + d)
    \/ UNCHANGED <<>> /\ UNCHANGED <<abc, d>>
TypeOK == <<a, b, c, d>> \in (0..1) \X (0..1) \X (0..2) \X (0..2)
==============================================================================
