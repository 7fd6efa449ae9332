---------------------------- MODULE AlternatingBit ----------------------------
(* One bit makes a lossy and duplicating channel in order reliable. What was  *)
(* received is a prefix of what was sent. Source: Bartlett, Scantlebury and   *)
(* Wilkinson, "A Note on Reliable Full-Duplex Transmission", 1969.            *)
EXTENDS Naturals, Sequences
CONSTANTS Data, Capacity, MaxSent
VARIABLES sBit, rBit, toR, toS, sent, received
vars == <<sBit, rBit, toR, toS, sent, received>>

Remove(i, q) == [j \in 1..(Len(q) - 1) |-> IF j < i THEN q[j] ELSE q[j + 1]]
IsPrefix(s, t) == Len(s) <= Len(t) /\ \A i \in 1..Len(s) : s[i] = t[i]
Last(s) == s[Len(s)]

Init ==
    /\ sBit = 0 /\ rBit = 0
    /\ toR = <<>> /\ toS = <<>>
    /\ sent = <<>> /\ received = <<>>

\* A new value goes out when the last one was acknowledged, that is received.
New(d) ==
    /\ sBit = 0 <=> Len(sent) % 2 = 0
    /\ Len(sent) < MaxSent
    /\ sent' = Append(sent, d)
    /\ UNCHANGED <<sBit, rBit, toR, toS, received>>

Send ==
    /\ Len(sent) % 2 # sBit
    /\ toR' = Append(toR, <<sBit, Last(sent)>>)
    /\ UNCHANGED <<sBit, rBit, toS, sent, received>>

Receive ==
    /\ toR # <<>>
    /\ LET bit == Head(toR)[1]
           d == Head(toR)[2]
       IN IF bit = rBit
          THEN received' = Append(received, d) /\ rBit' = 1 - rBit
          ELSE UNCHANGED <<received, rBit>>
    /\ toR' = Tail(toR)
    /\ UNCHANGED <<sBit, toS, sent>>

Acknowledge ==
    /\ toS' = Append(toS, 1 - rBit)
    /\ UNCHANGED <<sBit, rBit, toR, sent, received>>

Acknowledged ==
    /\ Len(toS) > 0
    /\ sBit' = IF Head(toS) = sBit /\ Len(sent) % 2 # sBit THEN 1 - sBit ELSE sBit
    /\ toS' = Tail(toS)
    /\ UNCHANGED <<rBit, toR, sent, received>>

Lose ==
    /\ \/ \E i \in DOMAIN toR : toR' = Remove(i, toR) /\ UNCHANGED toS
       \/ \E i \in DOMAIN toS : toS' = Remove(i, toS) /\ UNCHANGED toR
    /\ UNCHANGED <<sBit, rBit, sent, received>>

Next ==
    \/ \E d \in Data : New(d)
    \/ Send \/ Receive \/ Acknowledge \/ Acknowledged \/ Lose
Spec == Init /\ [][Next]_vars /\ WF_vars(Send) /\ SF_vars(Receive)

InChannel == Len(toR) <= Capacity /\ Len(toS) <= Capacity
Reliable == IsPrefix(received, sent) /\ Len(sent) - Len(received) \in {0, 1}
Grows == [][IsPrefix(received, received')]_received
===============================================================================
