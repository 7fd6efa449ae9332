------------------------------ MODULE ModNested ------------------------------
(* A module inside a module, with parameters, instanced under a name;        *)
(* definitions after it; a separator line and a nested comment.              *)
EXTENDS Naturals
VARIABLE x
---- MODULE Inner ----
CONSTANT K
VARIABLE v
Up == v' = (v + 1) % K
(* A comment (* in a comment *) with a --- line. *)
======================
--------------------------
I == INSTANCE Inner WITH v <- x, K <- 4
Init == x = 0
Next == I!Up
==============================================================================
