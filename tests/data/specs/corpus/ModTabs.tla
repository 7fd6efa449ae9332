------------------------------- MODULE ModTabs -------------------------------
(* Lists of conjunctions that a tab puts in columns: SANY counts a tab up to *)
(* the next multiple of eight.                                               *)
VARIABLE x
Init == x = 0
Next ==
        \/ x = 0
	   /\ x' = 1
	\/ x = 1
           /\ x' = 0
==============================================================================
