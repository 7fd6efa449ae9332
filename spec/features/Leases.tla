--------------------------------- MODULE Leases ---------------------------------
(***************************************************************************)
(* Reads by lease (thesis, 6.4.1): a leader whose round of heartbeats a    *)
(* majority has acknowledged answers reads without asking again, for as    *)
(* long as nobody of these would vote for another.                         *)
(*                                                                         *)
(* There is no clock here. Who acknowledges a round promises to give its   *)
(* vote to nobody else until some time has passed, and the leader trusts   *)
(* in that until some shorter time has passed since it sent the round. All *)
(* that is assumed of clocks is their order (ClocksAgree): no promise ends *)
(* while its leader still trusts in the round for which it was given.      *)
(***************************************************************************)
EXTENDS Configuration

VARIABLES
    readIndex, readNumber, readRound, roundAcks,    \* of ReadIndex
    forcedRequests,     \* of LeadershipTransfer
    promise,            \* to whom a server has promised its vote, as [leader, term,
                        \* round], or Nil; a restart waits for it to end
    isTrusting,         \* leaders: whether the latest round is trusted in still
    isLeaseGivenUp      \* leaders: whether there is no lease any more in this term

leaseVars == <<promise, isTrusting, isLeaseGivenUp>>

LeasesInit ==
    /\ promise = [i \in Server |-> Nil]
    /\ isTrusting = [i \in Server |-> FALSE]
    /\ isLeaseGivenUp = [i \in Server |-> FALSE]

\* What becomes of these when server i takes message m, if any. A request that was
\* overtaken by one of a later round shortens no promise.
Lease(i, m) ==
    LET leads == role[i] = "Leader" /\ role'[i] = "Leader"
        promises == /\ m.type = "HeartbeatRequest"
                    /\ m.term = currentTerm'[i]
                    /\ IF promise[i] = Nil THEN TRUE
                       ELSE m.term > promise[i].term \/ m.round >= promise[i].round
    IN /\ promise' = [promise EXCEPT ![i] =
              IF promises THEN [leader |-> m.source, term |-> m.term, round |-> m.round] ELSE @]
       /\ isTrusting' = [isTrusting EXCEPT ![i] = leads /\ @]
       /\ isLeaseGivenUp' = [isLeaseGivenUp EXCEPT ![i] = leads /\ @]

\* Leader i trusts in the round that it begins.
Trust(i) ==
    /\ isTrusting' = [isTrusting EXCEPT ![i] = ~isLeaseGivenUp[i]]
    /\ UNCHANGED <<promise, isLeaseGivenUp>>

\* A round may be begun for the lease alone.
MayRenew(i) == ~isTrusting[i] /\ ~isLeaseGivenUp[i]

HasLease(i) == isTrusting[i] /\ IsQuorumOf(i, {i} \cup roundAcks[i])

\* Time passes: leader i trusts in its round no more.
EndLease(i) ==
    /\ isTrusting[i]
    /\ isTrusting' = [isTrusting EXCEPT ![i] = FALSE]
    /\ UNCHANGED <<vars, promise, isLeaseGivenUp>>

\* Time passes: server i is bound no more.
EndPromise(i) ==
    /\ promise[i] # Nil
    /\ promise' = [promise EXCEPT ![i] = Nil]
    /\ UNCHANGED <<vars, isTrusting, isLeaseGivenUp>>

\* Who is to stand at once heeds no promise (thesis, 3.10), so a leader that has
\* told one to has no lease in its term again: nobody knows when it does so.
GiveUp(i) ==
    /\ isTrusting' = [isTrusting EXCEPT ![i] = FALSE]
    /\ isLeaseGivenUp' = [isLeaseGivenUp EXCEPT ![i] = TRUE]
    /\ UNCHANGED promise

MayStand(i) == promise[i] = Nil

\* A request for a vote that is as if it had not arrived: the vote was promised.
Ignores(i, m) ==
    /\ m.type = "RequestVoteRequest"
    /\ m.term >= currentTerm[i]
    /\ IF promise[i] = Nil THEN FALSE ELSE promise[i].leader # m.source
    /\ m \notin forcedRequests

\* A client reads at leader i, which need not ask.
LeaseRead(i, knowsCommitted) ==
    /\ role[i] = "Leader"
    /\ knowsCommitted
    /\ HasLease(i)
    /\ readIndex[i] \in {Nil, 0}
    /\ readNumber' = [readNumber EXCEPT ![i] = @ + 1]
    /\ readIndex' = [readIndex EXCEPT ![i] = commitIndex[i]]
    /\ UNCHANGED <<vars, leaseVars>>
===============================================================================
