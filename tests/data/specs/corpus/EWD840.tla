-------------------------------- MODULE EWD840 --------------------------------
(* Termination detection on a ring: a token that is white returns white to a  *)
(* white and passive node 0 only if all nodes are passive. Safety alone.      *)
(* Source: Dijkstra, Feijen and van Gasteren, EWD840, 1983.                   *)
EXTENDS Naturals
CONSTANT N
ASSUME N \in Nat \ {0}
VARIABLES active, colour, tpos, tcolour
vars == <<active, colour, tpos, tcolour>>
Node == 0..N-1
Colour == {"white", "black"}

TypeOK ==
    /\ active \in [Node -> BOOLEAN]
    /\ colour \in [Node -> Colour]
    /\ tpos \in Node
    /\ tcolour \in Colour
Init ==
    /\ active \in [Node -> BOOLEAN]
    /\ colour \in [Node -> Colour]
    /\ tpos = 0
    /\ tcolour = "black"

StartProbe ==
    /\ tpos = 0
    /\ tcolour = "black" \/ colour[0] = "black"
    /\ tpos' = N - 1
    /\ tcolour' = "white"
    /\ colour' = [colour EXCEPT ![0] = "white"]
    /\ UNCHANGED active
PassToken(i) ==
    /\ tpos = i
    /\ ~active[i] \/ colour[i] = "black" \/ tcolour = "black"
    /\ tpos' = i - 1
    /\ tcolour' = IF colour[i] = "black" THEN "black" ELSE tcolour
    /\ colour' = [colour EXCEPT ![i] = "white"]
    /\ UNCHANGED <<active>>
SendMessage(i) ==
    /\ active[i]
    /\ \E j \in Node \ {i} :
        /\ active' = [active EXCEPT ![j] = TRUE]
        /\ colour' = [colour EXCEPT ![i] = IF j > i THEN "black" ELSE @]
    /\ UNCHANGED <<tpos, tcolour>>
Rest(i) ==
    /\ active[i]
    /\ active' = [active EXCEPT ![i] = FALSE]
    /\ UNCHANGED <<colour, tpos, tcolour>>

Controlled == StartProbe \/ \E i \in Node \ {0} : PassToken(i)
Environment == \E i \in Node : SendMessage(i) \/ Rest(i)
Next == Controlled \/ Environment
Spec == Init /\ [][Next]_vars /\ WF_vars(Controlled)

Detected == tpos = 0 /\ tcolour = "white" /\ colour[0] = "white" /\ ~active[0]
Right == Detected => \A i \in Node : ~active[i]
Inv ==
    \/ \A i \in Node : tpos < i => ~active[i]
    \/ \E j \in 0..tpos : colour[j] = "black"
    \/ tcolour = "black"
NeverDetected == ~(Detected /\ \A i \in Node : colour[i] = "white")
===============================================================================
