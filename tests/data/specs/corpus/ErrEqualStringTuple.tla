------------------------- MODULE ErrEqualStringTuple -------------------------
(* A string is compared with a sequence.                                     *)
VARIABLE x
Init == x = "a"
Next == x' = IF x = <<1>> THEN "b" ELSE "c"
==============================================================================
