"""Known bugs of features: each a node with those that it takes, of which one rule is changed.

As in `raft_ref.bugs`; `breaks` is a property of spec/features/, or one of Raft. The numbers are
sections of the thesis.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from raft_ref.bugs import Bug
from raft_ref.features.bugs.mutant import Mutant
from raft_ref.features.messages import PreVoteRequest, PreVoteResponse, TimeoutNowRequest
from raft_ref.features.pre_vote import RequestPreVotes
from raft_ref.features.state import ExtendedState, Feature
from raft_ref.messages import AppendEntriesRequest, RequestVoteRequest, ServerId
from raft_ref.node import Step
from raft_ref.state import Role

PRE_VOTE, CHECK_QUORUM, TRANSFER = (
    Feature.PRE_VOTE, Feature.CHECK_QUORUM, Feature.LEADERSHIP_TRANSFER,
)  # fmt: skip


# Pre-vote


class LeaderGrantsPreVote(Mutant):
    """A leader tells who asks that it could win (9.6)."""

    on = (PRE_VOTE,)

    def grants_pre_vote(self, state: ExtendedState, m: PreVoteRequest) -> bool:
        """Answer as a follower would."""
        return super().grants_pre_vote(replace(state, role=Role.FOLLOWER), m)


class LogNotComparedBeforePreVote(Mutant):
    """A pre-vote is granted to who could not have the vote, for its log lacks entries (9.6)."""

    on = (PRE_VOTE,)

    def grants_pre_vote(self, state: ExtendedState, m: PreVoteRequest) -> bool:
        """Look at whether there is a leader, and at nothing else."""
        newest = replace(m, last_log_term=state.last_term, last_log_index=state.last_index)
        return super().grants_pre_vote(state, newest)


class OlderPreVoteCounted(Mutant):
    """A pre-vote counts in whatever term it was given (9.6)."""

    on = (PRE_VOTE,)

    def is_pre_vote(self, state: ExtendedState, m: PreVoteResponse) -> bool:
        """Take every pre-vote for one of the term that is asked."""
        return m.vote_granted

    def is_obsolete(self, state: Any, message: Any) -> bool:
        """Tell that no pre-vote ever is."""
        is_pre_vote = isinstance(message, PreVoteResponse)
        return not is_pre_vote and super().is_obsolete(state, message)


class PreVoteCountedAsVote(Mutant):
    """The answer to a pre-vote is taken for a vote, if the election has begun meanwhile (9.6)."""

    on = (PRE_VOTE,)

    def handle_pre_vote_response(self, state: ExtendedState, m: PreVoteResponse) -> Step:
        """Handle it as the answer of a voter too."""
        step = super().handle_pre_vote_response(state, m)
        if state.role is not Role.CANDIDATE:
            return step
        counted: Any = self.handle_request_vote_response(step.state, m)  # type: ignore[arg-type]
        return step._replace(state=counted.state)

    def is_obsolete(self, state: Any, message: Any) -> bool:
        """Tell that no pre-vote of a term is, while that term lasts."""
        is_pre_vote = isinstance(message, PreVoteResponse)
        return not is_pre_vote and super().is_obsolete(state, message)


class VoteResetByPreVote(Mutant):
    """Who asks for pre-votes forgets whom it has voted for in its term (9.6)."""

    on = (PRE_VOTE,)

    def request_pre_votes(self, state: ExtendedState) -> Step | None:
        """Begin as if the term were new."""
        step = super().request_pre_votes(state)
        return step and step._replace(state=replace(step.state, voted_for=None))


class PreVoteRequestAdoptsTerm(Mutant):
    """Who is asked for a pre-vote adopts the term that is asked, which nobody has begun (9.6)."""

    on = (PRE_VOTE,)

    def handle_pre_vote_request(self, state: ExtendedState, m: PreVoteRequest) -> Step:
        """Answer, and treat the term as that of any other message."""
        step = super().handle_pre_vote_request(state, m)
        if m.term <= state.current_term:
            return step
        return step._replace(state=self.update_term(state, m.term))


class ElectionRepeatedWithoutPreVote(Mutant):
    """A candidate that times out stands for the next term at once (9.6)."""

    on = (PRE_VOTE,)

    def may_stand(self, state: ExtendedState) -> bool:
        """Ask once, before the first election."""
        return state.role is Role.CANDIDATE or super().may_stand(state)


class LeaderKeptByPreCandidate(Mutant):
    """Who asks for pre-votes still has its leader (9.6)."""

    on = (PRE_VOTE,)

    def actions(self, state: Any) -> Iterator[Any]:
        """Let it ask whenever it does not lead."""
        yield from super().actions(state)
        if state.role is not Role.LEADER and state.heard_from_leader:
            yield RequestPreVotes()

    def request_pre_votes(self, state: ExtendedState) -> Step | None:
        """Ask as if there were no leader, and do not forget the leader."""
        step = super().request_pre_votes(replace(state, heard_from_leader=False))
        heard = state.heard_from_leader
        return step and step._replace(state=replace(step.state, heard_from_leader=heard))  # type: ignore[call-arg]


class PreVoteTakenForLeader(Mutant):
    """Who grants a pre-vote does as if it had heard from a leader (9.6)."""

    on = (PRE_VOTE,)

    def contact(self, before: ExtendedState, after: ExtendedState, m: Any) -> bool:
        """Begin the election timeout anew, as by a heartbeat."""
        grants = isinstance(m, PreVoteRequest) and self.grants_pre_vote(before, m)
        return grants or super().contact(before, after, m)


# Pre-vote and check-quorum


class OlderTermNotAnswered(Mutant):
    """What comes from an older term is not answered, of a leader nor of who asks (6.2, 9.6).

    So who leads, or would, never learns of the newer term. With a longer log it keeps the other
    from leading, and is kept from it in turn.
    """

    on = (PRE_VOTE, CHECK_QUORUM)

    def handle_append_entries_request(self, state: Any, m: AppendEntriesRequest) -> Step:
        """Say nothing to a leader of the past."""
        step = super().handle_append_entries_request(state, m)
        return step if m.term == state.current_term else step._replace(messages=())

    def handle_pre_vote_request(self, state: ExtendedState, m: PreVoteRequest) -> Step:
        """Say nothing to who asks for a term that is here already."""
        step = super().handle_pre_vote_request(state, m)
        return step if m.term > state.current_term else step._replace(messages=())


# Check-quorum and stickiness


class VoteForgottenByQuorumCheck(Mutant):
    """A leader that nobody answers steps down, and forgets that it has voted (6.2)."""

    on = (CHECK_QUORUM,)

    def check_quorum(self, state: ExtendedState) -> Step | None:
        """Follow as if the term were new."""
        step = super().check_quorum(state)
        if step is None or step.state.role is Role.LEADER:
            return step
        return step._replace(state=replace(step.state, voted_for=None))


class LeaderKeptByOneAnswer(Mutant):
    """A leader that any server answers goes on, and keeps that one from all others (6.2)."""

    on = (CHECK_QUORUM,)

    def check_quorum(self, state: ExtendedState) -> Step | None:
        """Step down if nobody answers."""
        answered = frozenset(self.servers) if state.heard_from else frozenset[ServerId]()
        return super().check_quorum(replace(state, heard_from=answered))


class AnswersCountedByFollower(Mutant):
    """Who leads no more still counts who answers it (6.2)."""

    on = (CHECK_QUORUM,)

    def answers(self, before: ExtendedState, after: ExtendedState, m: Any) -> frozenset[ServerId]:
        """Count in every role."""
        leads = replace(after, role=Role.LEADER)
        return super().answers(replace(before, role=Role.LEADER), leads, m)

    def is_obsolete(self, state: Any, message: Any) -> bool:
        """Tell that no answer of the term is."""
        return super().is_obsolete(replace(state, role=Role.LEADER), message)


class StickinessForOlderTermsOnly(Mutant):
    """Who has a leader ignores requests for votes, but for those of a newer term (4.2.3)."""

    on = (CHECK_QUORUM,)

    def ignores(self, state: ExtendedState, m: Any) -> bool:
        """Compare terms the wrong way."""
        return m.term <= state.current_term and super().ignores(state, m)


class TermOfIgnoredRequestAdopted(Mutant):
    """Who has a leader gives its vote to nobody else, but adopts the newer term (4.2.3)."""

    on = (CHECK_QUORUM,)

    def receive(self, state: Any, message: Any) -> Step:
        """Take over what is newer before looking at the rest."""
        if not self.ignores(state, message):
            return super().receive(state, message)
        after = self.update_term(state, message.term)
        return self.watched(state, Step(after, (), ("UpdateTerm", "IgnoreRequestVoteRequest")))


# Leadership transfer


class ForcedElectionIgnored(Mutant):
    """Who has a leader ignores who was told by that leader to stand (4.2.3, 3.10)."""

    on = (CHECK_QUORUM, TRANSFER)

    def ignores(self, state: ExtendedState, m: Any) -> bool:
        """Look at no mark."""
        has_leader = state.heard_from_leader or state.role is Role.LEADER
        return isinstance(m, RequestVoteRequest) and m.term > state.current_term and has_leader


class ForcedMarkKept(Mutant):
    """Who was once told to stand is told for ever: its elections stay forced (3.10)."""

    on = (TRANSFER,)

    def forced(self, before: ExtendedState, after: ExtendedState, m: Any) -> bool:
        """Never take the mark away."""
        return before.is_forced or super().forced(before, after, m)


class TimeoutNowOfOlderTermObeyed(Mutant):
    """Who is told to stand does, whenever its leader said so (3.10)."""

    on = (TRANSFER,)

    def forced(self, before: ExtendedState, after: ExtendedState, m: Any) -> bool:
        """Look at no term."""
        is_told = isinstance(m, TimeoutNowRequest) and after.role is not Role.LEADER
        return is_told or super().forced(before, after, m)

    def is_obsolete(self, state: Any, message: Any) -> bool:
        """Tell that no such message is."""
        return not isinstance(message, TimeoutNowRequest) and super().is_obsolete(state, message)


class TimeoutNowSentToServerBehind(Mutant):
    """The target of a transfer is told to stand before it has all that its leader has (3.10)."""

    on = (TRANSFER,)

    def is_ready(self, state: ExtendedState) -> bool:
        """Wait for nothing."""
        return True


class RequestsTakenDuringTransfer(Mutant):
    """A leader takes requests while it transfers leadership (3.10)."""

    on = (TRANSFER,)

    def may_serve(self, state: ExtendedState) -> bool:
        """Serve on."""
        return True


class TransferOutlivesLeadership(Mutant):
    """Who stops leading during a transfer keeps its target, and so will serve nobody (3.10)."""

    on = (TRANSFER,)

    def target(self, before: ExtendedState, after: ExtendedState) -> ServerId | None:
        """Forget nothing."""
        return before.transfer_target

    def timeout_now(self, state: ExtendedState) -> Step | None:
        """Tell the target to stand, if one leads."""
        return super().timeout_now(state) if state.role is Role.LEADER else None


FEATURE_BUGS: Mapping[str, Bug] = {
    "leader-grants-pre-vote": Bug(
        LeaderGrantsPreVote,
        breaks="PreVoteOnlyWithoutLeader",
        seen_in="daos raft#70, braft#366, sofa-jraft#15",
        bounds={"servers": 2, "max_term": 1, "max_messages": 1},
    ),
    "log-not-compared-before-pre-vote": Bug(
        LogNotComparedBeforePreVote,
        breaks="PreVoteOnlyIfUpToDate",
        seen_in="NuRaft#134",
        bounds={"servers": 2, "max_term": 1, "max_log_length": 1, "max_messages": 2},
    ),
    "older-pre-vote-counted": Bug(
        OlderPreVoteCounted,
        breaks="PreVotesAreForNextTerm",
        seen_in="etcd#8288",
        bounds={"servers": 2, "max_term": 1, "max_messages": 2},
    ),
    "pre-vote-counted-as-vote": Bug(
        PreVoteCountedAsVote,
        breaks="ElectionSafety",
        seen_in="canonical/raft#196",
        bounds={"servers": 2, "max_term": 1, "max_messages": 3},
    ),
    "vote-reset-by-pre-vote": Bug(
        VoteResetByPreVote,
        breaks="ElectionSafety",
        seen_in="canonical/raft#196",
        bounds={"servers": 3, "max_term": 1, "max_messages": 3},
    ),
    "pre-vote-request-adopts-term": Bug(
        PreVoteRequestAdoptsTerm,
        breaks="TermIsBegun",
        seen_in="ra#608",
        bounds={"servers": 2, "max_term": 1, "max_messages": 1},
    ),
    "election-repeated-without-pre-vote": Bug(
        ElectionRepeatedWithoutPreVote,
        breaks="CandidateHadPreVotes",
        seen_in="ratis#846, canonical/raft#196",
        bounds={"servers": 2, "max_term": 2, "max_messages": 2},
    ),
    "leader-kept-by-pre-candidate": Bug(
        LeaderKeptByPreCandidate,
        breaks="PreCandidateHasNoLeader",
        seen_in="etcd#8334, raft-rs#84",
        bounds={"servers": 2, "max_term": 1, "max_messages": 1},
    ),
    "pre-vote-taken-for-leader": Bug(
        PreVoteTakenForLeader,
        breaks="LeaderIsHeardFrom",
        seen_in="hashicorp/raft#609",
        bounds={"servers": 2, "max_term": 0, "max_messages": 1},
    ),
    "pre-vote-and-check-quorum-deadlock": Bug(
        OlderTermNotAnswered,
        breaks="Progress",
        seen_in="ra#442, etcd#8501, etcd#8243",
        bounds={"servers": 2, "max_term": 2, "max_log_length": 1, "max_messages": 2},
        goal="LeaderIsElected",
        premise=None,
    ),
    "vote-forgotten-by-quorum-check": Bug(
        VoteForgottenByQuorumCheck,
        breaks="VoteIsKept",
        seen_in="hazelcast#16643",
        bounds={"servers": 2, "max_term": 1, "max_messages": 1},
    ),
    "leader-kept-by-one-answer": Bug(
        LeaderKeptByOneAnswer,
        breaks="OnlyQuorumKeepsLeader",
        seen_in="openraft#2080",
        bounds={"servers": 4, "max_term": 1, "max_messages": 3},
    ),
    "answers-counted-by-follower": Bug(
        AnswersCountedByFollower,
        breaks="AnswersAreOfLeaders",
        seen_in="dgraph#6323",
        bounds={"servers": 2, "max_term": 1, "max_messages": 1},
    ),
    "stickiness-for-older-terms-only": Bug(
        StickinessForOlderTermsOnly,
        breaks="StickyFollowerDoesNotVote",
        seen_in="ratis#144",
        bounds={"servers": 2, "max_term": 2, "max_messages": 1},
    ),
    "term-of-ignored-request-adopted": Bug(
        TermOfIgnoredRequestAdopted,
        breaks="StickyFollowerKeepsTerm",
        seen_in="ratis#500",
        bounds={"servers": 2, "max_term": 2, "max_messages": 1},
    ),
    "forced-election-ignored": Bug(
        ForcedElectionIgnored,
        breaks="StepRefinement",
        seen_in="braft#497",
        bounds={"servers": 2, "max_term": 2, "max_messages": 1},
    ),
    "forced-mark-kept": Bug(
        ForcedMarkKept,
        breaks="OnlyFollowersAreForced",
        seen_in="redisraft#164",
        bounds={"servers": 2, "max_term": 2, "max_messages": 1},
    ),
    "timeout-now-of-older-term-obeyed": Bug(
        TimeoutNowOfOlderTermObeyed,
        breaks="ForcedByLeaderOfItsTerm",
        seen_in="tikv#19922, camunda#58339",
        bounds={"servers": 2, "max_term": 2, "max_messages": 2},
    ),
    "timeout-now-sent-to-server-behind": Bug(
        TimeoutNowSentToServerBehind,
        breaks="TargetIsUpToDate",
        seen_in="redpanda#2606, canonical/raft#477",
        bounds={"servers": 2, "max_term": 1, "max_log_length": 1, "max_messages": 1},
    ),
    "requests-taken-during-transfer": Bug(
        RequestsTakenDuringTransfer,
        breaks="NoRequestsDuringTransfer",
        seen_in="hashicorp/raft#487, hashicorp/raft#581",
        bounds={"servers": 2, "max_term": 1, "max_log_length": 1, "max_messages": 1},
    ),
    "transfer-outlives-leadership": Bug(
        TransferOutlivesLeadership,
        breaks="OnlyLeadersTransfer",
        seen_in="hashicorp/raft#696",
        bounds={"servers": 2, "max_term": 2, "max_messages": 1},
    ),
}
"""The known bugs of features by name, in the order of their rules."""
