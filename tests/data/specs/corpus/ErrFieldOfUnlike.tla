-------------------------- MODULE ErrFieldOfUnlike ---------------------------
(* One message kind of two has the field that a guard reads: the order of    *)
(* conjuncts decides between an error and none.                              *)
EXTENDS Naturals
VARIABLES msgs, sum
Init == msgs = {[type |-> "a", n |-> 1], [type |-> "b"]} /\ sum = 0
Good(m) == m.type = "a" /\ m.n > 0 /\ sum' = sum + m.n
Bad(m) == m.n > 0 /\ m.type = "a" /\ sum' = sum + m.n
Next == \E m \in msgs : (IF sum < 2 THEN Good(m) ELSE Bad(m)) /\ UNCHANGED msgs
==============================================================================
