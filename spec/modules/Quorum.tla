-------------------------------- MODULE Quorum --------------------------------
(* Families of sets any two of which meet, under the names that the TLA+   
   Community Modules made common. A file of this name beside a             
   specification takes precedence.                                          *)
QuorumSystem(S) == {Q \in SUBSET (SUBSET S) : \A a, b \in Q : a \cap b # {}}
===============================================================================
