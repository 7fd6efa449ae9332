--------------------------- MODULE FunctionTheorems ---------------------------
(* Theorems are for provers; what they are about is brought under the names
   that the TLA+ Community Modules made common. A file of this name beside 
   a specification takes precedence.                                        *)
EXTENDS Functions, Integers, FiniteSets
===============================================================================
