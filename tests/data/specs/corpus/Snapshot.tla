------------------------------- MODULE Snapshot -------------------------------
(* A key-value store whose transactions read a snapshot and commit if nobody  *)
(* else wrote the keys that they wrote. Write skew shows that this is not     *)
(* serialisability. Source: Berenson and others, "A Critique of ANSI SQL      *)
(* Isolation Levels", 1995.                                                   *)
EXTENDS FiniteSets, Naturals
CONSTANTS Key, Val, Tx, NoVal
VARIABLES store, open, snap, written, missed, done
vars == <<store, open, snap, written, missed, done>>
Nothing == [k \in Key |-> NoVal]
Init ==
    /\ store = Nothing
    /\ open = {} /\ done = {}
    /\ snap = [t \in Tx |-> Nothing]
    /\ written = [t \in Tx |-> {}]
    /\ missed = [t \in Tx |-> {}]
Begin(t) ==
    /\ t \notin open \cup done
    /\ open' = open \cup {t}
    /\ snap' = [snap EXCEPT ![t] = store]
    /\ UNCHANGED <<store, written, missed, done>>
Write(t, k, v) ==
    /\ t \in open
    /\ snap[t][k] # v
    /\ snap' = [snap EXCEPT ![t][k] = v]
    /\ written' = [written EXCEPT ![t] = @ \cup {k}]
    /\ UNCHANGED <<store, open, missed, done>>
Close(t, commit) ==
    /\ t \in open
    /\ commit => missed[t] \cap written[t] = {}
    /\ open' = open \ {t}
    /\ done' = done \cup {t}
    /\ IF commit
       THEN /\ store' = [k \in Key |-> IF k \in written[t] THEN snap[t][k] ELSE store[k]]
            /\ missed' = [u \in Tx |-> IF u \in open' THEN missed[u] \cup written[t]
                                       ELSE missed[u]]
       ELSE UNCHANGED <<store, missed>>
    /\ UNCHANGED <<snap, written>>
Next == \E t \in Tx :
    \/ Begin(t)
    \/ \E k \in Key, v \in Val : Write(t, k, v)
    \/ \E commit \in BOOLEAN : Close(t, commit)
Spec == Init /\ [][Next]_vars
TypeOK ==
    /\ store \in [Key -> Val \cup {NoVal}]
    /\ snap \in [Tx -> [Key -> Val \cup {NoVal}]]
    /\ written \in [Tx -> SUBSET Key] /\ missed \in [Tx -> SUBSET Key]
    /\ open \cap done = {}
\* Two open transactions, each of which has read what the other will overwrite.
NoSkew == \A t, u \in open : t = u \/
    ~(written[t] # {} /\ written[u] # {} /\ written[t] \cap written[u] = {})
==============================================================================
