"""Pre-vote (thesis, 9.6): to be read side by side with spec/features/PreVote.tla."""

from dataclasses import dataclass
from typing import Any

from raft_ref.features.configuration import ConfiguredNode
from raft_ref.features.messages import PreVoteRequest, PreVoteResponse
from raft_ref.features.state import ExtendedState
from raft_ref.messages import ServerId
from raft_ref.node import Step
from raft_ref.state import Role, replace


@dataclass(frozen=True, slots=True)
class RequestPreVotes:
    """A server that times out asks whether it could win an election."""


class PreVoteNode(ConfiguredNode):
    """Who would stand for a new term first asks whether it could win."""

    def pre_votes(self, before: ExtendedState, after: ExtendedState, m: Any) -> frozenset[ServerId]:
        """Return `pre_votes_granted` after a step in which a message, if any, was taken (PreVotes).

        An answer counts only for the term asked, and only while the server still asks.
        """
        asks = (
            not after.heard_from_leader
            and after.role is before.role
            and after.current_term == before.current_term
        )
        if not asks or not before.pre_votes_granted:
            return frozenset()
        if isinstance(m, PreVoteResponse) and self.is_pre_vote(before, m):
            return before.pre_votes_granted | {m.source}
        return before.pre_votes_granted

    def is_pre_vote(self, state: ExtendedState, m: PreVoteResponse) -> bool:
        """Tell whether an answer counts for who asks (PreVotes)."""
        return m.vote_granted and m.term == state.current_term + 1

    def has_pre_votes(self, state: ExtendedState) -> bool:
        """Tell whether a server could win an election (MayStand)."""
        return self.has_quorum(state, state.pre_votes_granted)

    def request_pre_votes(self, state: ExtendedState) -> Step | None:
        """Ask all others whether they would vote for this server next (RequestPreVotes)."""
        if state.role is Role.LEADER or state.heard_from_leader:
            return None
        requests = tuple(
            PreVoteRequest(
                state.me, peer, state.current_term + 1, state.last_index, state.last_term
            )
            for peer in self._peers(state)
        )
        after = replace(state, pre_votes_granted=frozenset({state.me}))
        return Step(after, requests, ("RequestPreVotes",))  # type: ignore[arg-type]

    def handle_pre_vote_request(self, state: ExtendedState, m: PreVoteRequest) -> Step:
        """Say yes to who could have one's vote, unless there is a leader (HandlePreVoteRequest)."""
        grant = self.grants_pre_vote(state, m)
        term = m.term if grant else state.current_term
        response = PreVoteResponse(state.me, m.source, term, grant)
        return Step(state, (response,), ("HandlePreVoteRequest",))  # type: ignore[arg-type]

    def grants_pre_vote(self, state: ExtendedState, m: PreVoteRequest) -> bool:
        """Tell whether a server would vote for another that it knows no better than."""
        return (
            m.term > state.current_term
            and (m.last_log_term, m.last_log_index) >= (state.last_term, state.last_index)
            and not state.heard_from_leader
            and state.role is not Role.LEADER
        )

    def handle_pre_vote_response(self, state: ExtendedState, m: PreVoteResponse) -> Step:
        """Adopt a newer term of a refusal (HandlePreVoteResponse); `pre_votes` counts a yes."""
        actions: tuple[str, ...] = ("HandlePreVoteResponse",)
        after: Any = state
        if not m.vote_granted and m.term > state.current_term:
            after = self.update_term(state, m.term)
            actions = ("UpdateTerm", *actions)
        return Step(after, (), actions)
