------------------------------ MODULE ModChain -------------------------------
(* The top of a chain of modules by EXTENDS; LOCAL definitions of one name   *)
(* in two of them do not collide.                                            *)
EXTENDS ModMiddle, FiniteSets
Init == level = 0 /\ trail = <<>>
Next == Step \/ (level' = Five % (Top + 1) /\ UNCHANGED trail)
Inv == Cardinality({trail[i] : i \in DOMAIN trail}) <= 3 /\ level <= Top
==============================================================================
