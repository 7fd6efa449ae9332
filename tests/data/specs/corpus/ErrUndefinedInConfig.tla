------------------------ MODULE ErrUndefinedInConfig -------------------------
(* The .cfg names an invariant that the module does not define.              *)
VARIABLE x
Init == x = 0
Next == x' = x
==============================================================================
