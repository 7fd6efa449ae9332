------------------------ MODULE JointConsensusInvariants ------------------------
(***************************************************************************)
(* What is true of C_old,new (thesis, 4.3; paper, 6), beside what is true  *)
(* of all changes of membership; to be read as RaftInvariants.tla is.      *)
(***************************************************************************)
EXTENDS FeatureVariables

\* Who votes in both parts may do so alone in neither: who leads by C_old,new was
\* given votes of majorities of both.
OldAndNewAgree ==
    \A i \in Server :
        LET configuration == ConfigurationOf(i)
        IN configuration.outgoingVoters # {}
               => /\ configuration.voters # configuration.outgoingVoters
                  /\ \A servers \in SUBSET Server :
                         IsQuorumFor(i, servers)
                             => /\ servers \cap configuration.voters # {}
                                /\ servers \cap configuration.outgoingVoters # {}

\* C_new is in a log only behind C_old,new, which was committed by then (6).
NewFollowsCommittedJoint ==
    \A i \in Server : \A index \in (Len(log[i]) + 1)..Len(log'[i]) :
        LET old == ConfigurationOf(i)
            new == log'[i][index].value
        IN (/\ role[i] = "Leader"
            /\ snapshot'[i] = snapshot[i]
            /\ new \notin Value
            /\ old.outgoingVoters # {})
               => /\ new.outgoingVoters = {}
                  /\ new.voters = old.voters
                  /\ \E at \in 1..Len(committed) : committed[at].value = old

SometimesJoint ==
    \E index \in 1..Len(committed) :
        /\ committed[index].value \notin Value
        /\ committed[index].value.outgoingVoters # {}

\* A leader elected by C_old,new.
SometimesElectedByJoint ==
    \E i \in Server : /\ role[i] = "Candidate"
                      /\ role'[i] = "Leader"
                      /\ ConfigurationOf(i).outgoingVoters # {}

SometimesJointLeft ==
    \E index \in 1..Len(committed) : \E before \in 1..(index - 1) :
        /\ committed[before].value \notin Value
        /\ committed[before].value.outgoingVoters # {}
        /\ committed[index].value \notin Value
        /\ committed[index].value.outgoingVoters = {}
===============================================================================
