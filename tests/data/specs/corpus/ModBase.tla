------------------------------- MODULE ModBase -------------------------------
(* The lowest of a chain of three modules: constants and a variable.         *)
EXTENDS Naturals
CONSTANT Top
VARIABLE level
Inc(n) == IF n = Top THEN 0 ELSE n + 1
LOCAL Hidden == 5
Five == Hidden
==============================================================================
