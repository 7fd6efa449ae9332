------------------------------ MODULE Chameleons ------------------------------
(* Chameleons of three colours: two that differ both take the third colour.   *)
(* Differences modulo 3 never change, so that 13, 15 and 17 never agree       *)
(* (smaller numbers here). Source: a problem of the Tournament of the Towns.  *)
EXTENDS Integers
CONSTANT Start
VARIABLE count
Colour == DOMAIN Start
Small == [grey |-> 3, brown |-> 5, red |-> 7]
Even == [grey |-> 3, brown |-> 6, red |-> 7]
Init == count = Start
Meet(a, b, c) == /\ {a, b, c} = Colour
                 /\ count[a] > 0 /\ count[b] > 0
                 /\ count' = [count EXCEPT ![a] = @ - 1, ![b] = @ - 1, ![c] = @ + 2]
Next == \E a, b, c \in Colour : Meet(a, b, c)
Agree == \E a \in Colour : \A b \in Colour \ {a} : count[b] = 0
NeverAgree == ~Agree
Residue == (count.grey - count.red) % 3 = (Start.grey - Start.red) % 3
===============================================================================
