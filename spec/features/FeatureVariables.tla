--------------------------- MODULE FeatureVariables ---------------------------
(***************************************************************************)
(* The variables of ExtendedRaft.tla that Raft.tla does not have, beside   *)
(* its properties: what the properties of features are about.              *)
(***************************************************************************)
EXTENDS RaftInvariants

CONSTANT Features

VARIABLES heardFromLeader, preVotesGranted, heardFrom, transferTarget, isForced, forcedRequests
===============================================================================
