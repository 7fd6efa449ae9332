------------------------------- MODULE Door -------------------------------
(* Somebody takes things through a door that turns; a property of each kind. *)
(* What stands in a line with a name behind it is changed by mutants.        *)
EXTENDS Naturals

VARIABLES open, got

vars == <<open, got>>
Ring == INSTANCE Steps WITH n <- got

Init == open = 0 /\ got = 0
Turn ==
    /\ TRUE                 \* opens
    /\ open' = 1 - open
    /\ UNCHANGED got
Take ==
    /\ open = 1
    /\ got < 2              \* takes
    /\ got' = got + 1       \* more
    /\ UNCHANGED open
Back ==
    /\ got = 2              \* gives
    /\ got' = 0
    /\ UNCHANGED open
Next == Turn \/ Take \/ Back

None == Init /\ [][Next]_vars
Any == None /\ WF_vars(Next)
Weak == None /\ WF_vars(Turn) /\ WF_vars(Take) /\ WF_vars(Back)
Strong == None /\ WF_vars(Turn) /\ SF_vars(Take) /\ WF_vars(Back)
Alone == None /\ SF_vars(Take)

Ends == <>(got = 2)
Again == []<>(got = 2)
Rests == <>[](got = 0)
Leads == got = 1 ~> got = 2
Weakly == WF_vars(Take)
Strongly == SF_vars(Take)
Gives == []<><<Back>>_vars
Goes == Ring!Spec
===========================================================================
