--------------------------- MODULE ErrLocalHidden ----------------------------
(* SANY refuses the use of another module's LOCAL definition.                *)
EXTENDS ModBase
Init == level = Hidden
Next == level' = Inc(level)
==============================================================================
