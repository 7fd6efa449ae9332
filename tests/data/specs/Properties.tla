Text before the module is no part of it.
---------------------------- MODULE Properties ----------------------------
(* Block comments (* nest *) and may stand anywhere. *)
EXTENDS Base, Sequences
CONSTANT Server    \* a set
VARIABLES log, y
ASSUME Server # {}

LOCAL vars == <<x, y>>
Last(s) == s[Len(s)]

TypeOK ==
    /\ x \in Nat
    /\ \A i \in Server :
         log[i] \in Seq(Nat)
Matching == \A i, j \in Server : i # j => log[i] = log[j]
SometimesLong == \E i \in Server : Len(log[i]) > 1
Monotone == x' >= x
Stutters == UNCHANGED vars
NoFormula == x + 1
Spec == TypeOK /\ [][Monotone]_vars
LOCAL Unused == x

THEOREM Spec => []TypeOK
===========================================================================
Text after it neither.
