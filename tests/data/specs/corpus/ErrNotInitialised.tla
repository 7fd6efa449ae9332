-------------------------- MODULE ErrNotInitialised --------------------------
(* A set is enumerated in the initial predicate before its variable has a    *)
(* value.                                                                    *)
VARIABLES x, y
Init == x \in {y} /\ y = 0
Next == UNCHANGED <<x, y>>
==============================================================================
