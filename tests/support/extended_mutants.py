"""Nodes with features that get one thing wrong, for checks that must say so."""

from dataclasses import replace
from typing import Any

from raft_ref.features import ExtendedNode
from raft_ref.node import Step


class GrantsToABehindLog(ExtendedNode):
    """It grants a pre-vote to who lacks entries."""

    def grants_pre_vote(self, state: Any, m: Any) -> bool:
        return super().grants_pre_vote(state, replace(m, last_log_term=10**6))


class GrantsAsLeader(ExtendedNode):
    """It grants a pre-vote while it leads, or has a leader."""

    def grants_pre_vote(self, state: Any, m: Any) -> bool:
        as_if = replace(state, heard_from_leader=False, role="Follower")
        return super().grants_pre_vote(as_if, m)


class AdoptsTheTermAsked(ExtendedNode):
    """It begins the term in which it is asked for a pre-vote."""

    def handle_pre_vote_request(self, state: Any, m: Any) -> Step:
        step = super().handle_pre_vote_request(state, m)
        return step._replace(state=self.update_term(state, max(m.term, state.current_term)))


class StandsWithoutPreVotes(ExtendedNode):
    """It stands once it has asked, whatever the answers."""

    def has_pre_votes(self, state: Any) -> bool:
        return bool(state.pre_votes_granted)


class CountsRefusals(ExtendedNode):
    """It counts a pre-vote that was refused."""

    def is_pre_vote(self, state: Any, m: Any) -> bool:
        return True


class VotesInSpiteOfALeader(ExtendedNode):
    """It listens to every candidate."""

    def ignores(self, state: Any, m: Any) -> bool:
        return False


class LeadsWithoutAQuorum(ExtendedNode):
    """It does not step down when nobody answers."""

    def check_quorum(self, state: Any) -> Step | None:
        step = super().check_quorum(state)
        return None if step is None else step._replace(state=replace(state, heard_from=frozenset()))


class TellsWhoIsBehind(ExtendedNode):
    """It tells a server to stand whose log is behind."""

    def is_ready(self, state: Any) -> bool:
        return True


class ServesDuringATransfer(ExtendedNode):
    """It takes requests while it transfers leadership."""

    def may_serve(self, state: Any) -> bool:
        return True


class ForgetsTheMark(ExtendedNode):
    """It stands as told, and does not say that it was told."""

    def marked(self, state: Any, message: Any) -> Any:
        return message


EXTENDED_MUTANTS: tuple[type[ExtendedNode], ...] = (
    GrantsToABehindLog, GrantsAsLeader, AdoptsTheTermAsked, StandsWithoutPreVotes,
    CountsRefusals, VotesInSpiteOfALeader, LeadsWithoutAQuorum, TellsWhoIsBehind,
    ServesDuringATransfer, ForgetsTheMark,
)  # fmt: skip

SAID: dict[type[ExtendedNode], str] = {
    GrantsToABehindLog: "a pre-vote, whose log ends at index",
    GrantsAsLeader: "a pre-vote, and has heard from the leader",
    AdoptsTheTermAsked: "only asks for a pre-vote",
    StandsWithoutPreVotes: "was not told to stand",
    CountsRefusals: "counts a pre-vote that",
    VotesInSpiteOfALeader: "listens to the candidate",
    LeadsWithoutAQuorum: "leads on, and nobody",
    TellsWhoIsBehind: "whose log is known to match up to",
    ServesDuringATransfer: "takes a request, and transfers leadership",
    ForgetsTheMark: "lacks the mark",
}
"""What the refusal of each says."""
