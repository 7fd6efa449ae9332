------------------------------- MODULE Peterson -------------------------------
(* Peterson's mutual exclusion for two processes, each with a program counter *)
(* over strings. Source: Peterson, "Myths About the Mutual Exclusion          *)
(* Problem", 1981.                                                            *)
VARIABLES pc, flag, turn
vars == <<pc, flag, turn>>
Proc == {0, 1}
Other(p) == CHOOSE q \in Proc : q # p

Init ==
    /\ pc = [p \in Proc |-> "idle"]
    /\ flag = [p \in Proc |-> FALSE]
    /\ turn \in Proc

Go(p, from, to) == pc[p] = from /\ pc' = [pc EXCEPT ![p] = to]

Raise(p) == Go(p, "idle", "raised") /\ flag' = [flag EXCEPT ![p] = TRUE] /\ UNCHANGED turn
Yield(p) == Go(p, "raised", "waiting") /\ turn' = Other(p) /\ UNCHANGED flag
Enter(p) ==
    /\ Go(p, "waiting", "critical")
    /\ flag[Other(p)] => turn = p
    /\ UNCHANGED <<flag, turn>>
Leave(p) == Go(p, "critical", "idle") /\ flag' = [flag EXCEPT ![p] = ~@] /\ UNCHANGED turn

Next == \E p \in Proc : Raise(p) \/ Yield(p) \/ Enter(p) \/ Leave(p)
Spec == Init /\ [][Next]_vars /\ WF_vars(Next)

TypeOK ==
    /\ pc \in [Proc -> {"idle", "raised", "waiting", "critical"}]
    /\ flag \in [Proc -> BOOLEAN]
    /\ turn \in Proc
Mutex == \E p \in Proc : pc[p] # "critical"
FlagSays == \A p \in Proc : flag[p] = (pc[p] # "idle")
===============================================================================
