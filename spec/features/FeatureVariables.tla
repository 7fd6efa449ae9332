--------------------------- MODULE FeatureVariables ---------------------------
(***************************************************************************)
(* The variables of ExtendedRaft.tla that Raft.tla does not have, beside   *)
(* its properties: what the properties of features are about.              *)
(***************************************************************************)
EXTENDS RaftInvariants

CONSTANT Features

VARIABLES heardFromLeader, preVotesGranted, heardFrom, transferTarget, isForced, forcedRequests,
          readNumber, readIndex, pendingReads, readRound, roundAcks,
          promise, isTrusting, isLeaseGivenUp

\* History, which no server can read: for each server with a read, how many
\* entries had been committed when its client asked.
VARIABLE askedAt

\* What Raft.tla knows of messages in flight.
RaftMessages(flight) ==
    {m \in flight : m.type \notin {"PreVoteRequest", "PreVoteResponse", "TimeoutNowRequest",
                                   "HeartbeatRequest", "HeartbeatResponse",
                                   "ReadIndexRequest", "ReadIndexResponse"}}

LOCAL Hidden == INSTANCE RaftInvariants WITH messages <- RaftMessages(messages)

\* MessageTypeOK of those; the features have their own for theirs.
RaftMessageTypeOK == Hidden!MessageTypeOK
===============================================================================
