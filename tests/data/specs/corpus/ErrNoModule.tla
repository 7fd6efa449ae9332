----------------------------- MODULE ErrNoModule -----------------------------
(* SANY does not find a module that is extended.                             *)
EXTENDS Naturals, ModThatIsNowhere
VARIABLE x
Init == x = 0
Next == x' = x
==============================================================================
