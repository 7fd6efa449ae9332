-------------------------------- MODULE ErrEagerDisjunction -----------------------
(* The tower of Hanoi as one may first write it. In an action TLC explores    *)
(* both sides of a disjunction, though the first is true: Top(<<>>) is an     *)
(* error here, where a state predicate would have stopped at the first side.  *)
EXTENDS Naturals, Sequences
CONSTANT N
VARIABLE pegs
Stack == [i \in 1..N |-> N + 1 - i]
Init == pegs = <<Stack, <<>>, <<>>>>
Top(s) == s[Len(s)]
Pop(s) == SubSeq(s, 1, Len(s) - 1)
Move(a, b) ==
    /\ pegs[a] # <<>>
    /\ \/ pegs[b] = <<>>
       \/ Top(pegs[a]) < Top(pegs[b])
    /\ pegs' = [pegs EXCEPT ![a] = Pop(@), ![b] = Append(@, Top(pegs[a]))]
Next == \E a, b \in 1..3 : a # b /\ Move(a, b)
Sorted == \A p \in DOMAIN pegs : \A i, j \in DOMAIN pegs[p] : i < j => pegs[p][i] > pegs[p][j]
AllHere == Len(pegs[1]) + Len(pegs[2]) + Len(pegs[3]) = N
NotSolved == pegs[3] # Stack
==============================================================================
