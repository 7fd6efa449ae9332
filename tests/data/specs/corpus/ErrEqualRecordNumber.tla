------------------------ MODULE ErrEqualRecordNumber -------------------------
(* A record's field of another type is compared within records.              *)
VARIABLE r
Init == r = [a |-> 1]
Next == r' = IF r = [a |-> "one"] THEN r ELSE [a |-> 2]
==============================================================================
