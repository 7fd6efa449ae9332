--------------------------- MODULE FeatureVariables ---------------------------
(***************************************************************************)
(* The variables of ExtendedRaft.tla that Raft.tla does not have, beside   *)
(* its properties: what the properties of features are about.              *)
(***************************************************************************)
EXTENDS RaftInvariants

CONSTANTS Features, Voters

VARIABLES heardFromLeader, preVotesGranted, heardFrom, transferTarget, isForced, forcedRequests,
          readNumber, readIndex, pendingReads, readRound, roundAcks,
          promise, isTrusting, isLeaseGivenUp, bootstrap, configurationIndex

\* History, which no server can read: for each server with a read, how many
\* entries had been committed when its client asked.
VARIABLE askedAt

\* What Raft.tla knows of messages in flight.
RaftMessages(flight) ==
    {m \in flight : m.type \notin {"PreVoteRequest", "PreVoteResponse", "TimeoutNowRequest",
                                   "HeartbeatRequest", "HeartbeatResponse",
                                   "ReadIndexRequest", "ReadIndexResponse"}}

\* What a configuration of these servers may be.
ConfigurationsOf(servers) ==
    [voters : SUBSET servers, outgoingVoters : SUBSET servers, learners : SUBSET servers]

LOCAL Hidden == INSTANCE RaftInvariants WITH Value <- Value \cup ConfigurationsOf(Server)
LOCAL HiddenIn(flight) == INSTANCE RaftInvariants
    WITH messages <- RaftMessages(flight), Value <- Value \cup ConfigurationsOf(Server)

\* TypeOK and MessageTypeOK of what Raft.tla knows; the features have their own for
\* theirs. Configurations stand in logs as values do. Of messages it is said one by
\* one, so that it need not be asked of all that can be in flight together.
RaftTypeOK == Hidden!TypeOK
RaftMessageTypeOK == \A m \in messages : HiddenIn({m})!MessageTypeOK

\* The configurations in the log of server i, up to an index.
LOCAL ConfigurationsUpTo(i, index) ==
    SelectSeq(SubSeq(snapshot[i].data \o [k \in 1..Len(log[i]) |-> log[i][k].value], 1, index),
              LAMBDA value : value \notin Value)

\* The one that server i goes by.
ConfigurationOf(i) ==
    LET last == IF "AppliedMembership" \in Features THEN configurationIndex[i]
                ELSE snapshot[i].lastIncludedIndex + Len(log[i])
        found == ConfigurationsUpTo(i, last)
    IN IF found = <<>> THEN bootstrap[i] ELSE found[Len(found)]

\* These servers are a majority of each part of a configuration.
IsQuorumIn(configuration, servers) ==
    \A part \in {configuration.voters, configuration.outgoingVoters} :
        \/ part = {} /\ configuration.voters # {}
        \/ 2 * Cardinality(servers \cap part) > Cardinality(part)

\* They are a quorum for server i.
IsQuorumFor(i, servers) ==
    IF "Membership" \in Features THEN IsQuorumIn(ConfigurationOf(i), servers)
    ELSE 2 * Cardinality(servers) > Cardinality(Server)
===============================================================================
