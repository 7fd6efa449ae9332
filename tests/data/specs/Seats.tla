------------------------------- MODULE Seats -------------------------------
(* Guests take seats, one by one, and stand up again; for symmetry.         *)
EXTENDS FiniteSets, TLC

CONSTANTS Guest, Seat, Nobody

VARIABLES seated, arrivals

Init == seated = [seat \in Seat |-> Nobody] /\ arrivals = {}

Sit(guest, seat) ==
    /\ seated[seat] = Nobody
    /\ \A other \in Seat : seated[other] # guest
    /\ seated' = [seated EXCEPT ![seat] = guest]
    /\ arrivals' = arrivals \cup {<<guest, seat>>}

Stand(seat) ==
    /\ seated[seat] # Nobody
    /\ seated' = [seated EXCEPT ![seat] = Nobody]
    /\ UNCHANGED arrivals

Next ==
    \/ \E guest \in Guest, seat \in Seat : Sit(guest, seat)
    \/ \E seat \in Seat : Stand(seat)

Guests == Permutations(Guest)
Both == Permutations(Guest) \cup Permutations(Seat)
NotGuests == Guest

OneSeatEach ==
    \A one, other \in Seat : seated[one] = seated[other] /\ seated[one] # Nobody => one = other
NeverFull == \E seat \in Seat : seated[seat] = Nobody
NeverAll == \A guest \in Guest : \E seat \in Seat : <<guest, seat>> \notin arrivals
============================================================================
