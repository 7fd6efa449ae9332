--------------------------- MODULE MembershipProgress ---------------------------
(***************************************************************************)
(* What must stay possible, or happen in the end, where the membership can *)
(* change, besides the goals of Raft: a change that was begun ends,        *)
(* C_old,new is left, and a removed server leaves the rest its leader.     *)
(***************************************************************************)
EXTENDS FeatureVariables, RaftLiveness

LOCAL Values(i) == snapshot[i].data \o [k \in 1..Len(log[i]) |-> log[i][k].value]

\* The configurations in the log of server i, by their indices.
LOCAL Changes(i) == {index \in 1..Len(Values(i)) : Values(i)[index] \notin Value}

\* Server i knows that its configurations are committed, or has applied them.
LOCAL IsSettled(i) ==
    LET known == IF "AppliedMembership" \in Features THEN configurationIndex[i]
                 ELSE commitIndex[i]
    IN \A index \in Changes(i) : index <= known

\* Some log holds a configuration that was never committed.
ChangeIsBegun == \E i \in Server : \E index \in Changes(i) : index > Len(committed)

\* The newest leader has such a one. To commit it, it needs an entry of its own term
\* (5.4.2).
ChangeIsLed == \E i \in Server : LeadsLast(i) /\ HasOwnEntry(i) /\ ~IsSettled(i)

\* It is committed, or given up: the newest leader has no other than committed ones.
ChangeIsEnded == \E i \in Server : LeadsLast(i) /\ IsSettled(i)

-------------------------------------------------------------------------------
LOCAL IsJoint(i) == ConfigurationOf(i).outgoingVoters # {}

\* The newest leader goes by C_old,new, and has committed it or is able to.
JointIsEntered == \E i \in Server : LeadsLast(i) /\ IsJoint(i) /\ (IsSettled(i) \/ HasOwnEntry(i))

\* The newest leader goes by C_new, or has not heard of C_old,new.
JointIsLeft == \E i \in Server : LeadsLast(i) /\ ~IsJoint(i)

-------------------------------------------------------------------------------
(* RestIsAsked ~> RestIsServed: whatever a removed server does once it is      *)
(* removed, the leader of the rest commits what it was asked to store, as long *)
(* as the rest lets it lead. With pre-vote or stickiness, that is.             *)

\* The configuration that is committed.
LOCAL Agreed ==
    LET found == {index \in 1..Len(committed) : committed[index].value \notin Value}
    IN IF found = {} THEN [voters |-> Voters, outgoingVoters |-> {}, learners |-> {}]
       ELSE committed[CHOOSE index \in found : \A other \in found : index >= other].value

LOCAL Rest == Agreed.voters \cup Agreed.outgoingVoters

\* Not among the members, and knows of a cluster: it may stand for election.
LOCAL Removed == {i \in Server \ (Rest \cup Agreed.learners) : ConfigurationOf(i).voters # {}}

\* Server i has not missed its leader. Only stickiness and pre-vote ask for that.
LOCAL Hears(i) == Features \cap {"PreVote", "CheckQuorum"} = {} \/ heardFromLeader[i]

\* Server i leads the rest, and all of it follows.
LOCAL LeadsRest(i) ==
    /\ role[i] = "Leader"
    /\ \A j \in Rest \ {i} : currentTerm[j] = currentTerm[i] /\ Hears(j)

\* A server has been removed, the leader of the rest has an entry to commit, and of
\* what was before nothing is left that could still do harm.
RestIsAsked ==
    /\ Removed # {}
    /\ \A i \in Removed : preVotesGranted[i] = {}
    /\ messages = {}
    /\ \E i \in Rest :
          /\ LeadsLast(i) /\ LeadsRest(i) /\ HasOwnEntry(i)
          /\ ConfigurationOf(i) = Agreed
          /\ commitIndex[i] < Len(Values(i))

\* Some server of the rest has begun the newest term that the rest knows.
LOCAL RestBeganItsTerm ==
    \E i \in Rest : /\ votedFor[i] \in Rest
                    /\ \A j \in Rest : currentTerm[j] <= currentTerm[i]

\* It is committed; or, by a timeout of its own, the rest does not follow its
\* leader any more.
RestIsServed ==
    \/ \E i \in Rest : LeadsRest(i) /\ commitIndex[i] = Len(Values(i))
    \/ RestBeganItsTerm /\ \A i \in Rest : ~LeadsRest(i)
===============================================================================
