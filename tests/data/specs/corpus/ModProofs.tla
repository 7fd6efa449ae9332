------------------------------ MODULE ModProofs ------------------------------
(* Assumptions with names, theorems, lemmas and proofs in the language of    *)
(* TLAPS, all of which a model checker skips over.                           *)
EXTENDS Naturals
CONSTANT N
ASSUME NIsNat == N \in Nat
ASSUMPTION N > 1
AXIOM N # 0
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % N
Spec == Init /\ [][Next]_x
Inv == x \in 0..(N - 1)
LEMMA Obvious == 1 + 1 = 2
  OBVIOUS
THEOREM Safety == Spec => []Inv
<1>1. Init => Inv
  BY NIsNat DEF Init, Inv
<1>2. Inv /\ [Next]_x => Inv'
  <2>1. CASE Next
    BY NIsNat DEF Next, Inv
  <2>2. CASE UNCHANGED x
    BY DEF Inv
  <2> QED
    BY <2>1, <2>2
<1>3. QED
  PROOF OMITTED
PROPOSITION TRUE
==============================================================================
