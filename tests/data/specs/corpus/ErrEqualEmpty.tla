---------------------------- MODULE ErrEqualEmpty ----------------------------
(* The empty set is compared with the empty sequence.                        *)
VARIABLE x
Init == x = {}
Next == x' = IF x = <<>> THEN {1} ELSE {2}
==============================================================================
