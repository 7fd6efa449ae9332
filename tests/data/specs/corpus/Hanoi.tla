-------------------------------- MODULE Hanoi --------------------------------
(* The tower of Hanoi with the pegs as sequences; the shortest solution of N  *)
(* discs takes 2^N - 1 moves and violates NotSolved. Source: Lucas, 1883.     *)
EXTENDS Naturals, Sequences
CONSTANT N
VARIABLE pegs
Stack == [i \in 1..N |-> N + 1 - i]
Init == pegs = <<Stack, <<>>, <<>>>>
Top(s) == s[Len(s)]
Pop(s) == SubSeq(s, 1, Len(s) - 1)
Move(a, b) ==
    /\ pegs[a] # <<>>
    /\ IF pegs[b] = <<>> THEN TRUE ELSE Top(pegs[a]) < Top(pegs[b])
    /\ pegs' = [pegs EXCEPT ![a] = Pop(@), ![b] = Append(@, Top(pegs[a]))]
Next == \E a, b \in 1..3 : a # b /\ Move(a, b)
Sorted == \A p \in DOMAIN pegs : \A i, j \in DOMAIN pegs[p] : i < j => pegs[p][i] > pegs[p][j]
AllHere == Len(pegs[1]) + Len(pegs[2]) + Len(pegs[3]) = N
NotSolved == pegs[3] # Stack
==============================================================================
