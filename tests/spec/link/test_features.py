"""What is known of Raft is known of Raft with features: all ties, and each can break."""

import re
from dataclasses import replace
from typing import Any

import pytest

from raft_ref import Step
from raft_ref.explorer import Report, Verdict
from raft_ref.features import (
    Configuration,
    ExtendedNode,
    ExtendedState,
    Feature,
    MissLeader,
    PreVoteResponse,
)
from raft_ref.spec.files import FEATURES
from raft_ref.verify import PropertyRequest
from tests.support.features import explored

PRE_VOTE, CHECK_QUORUM = {Feature.PRE_VOTE}, {Feature.CHECK_QUORUM}
TRANSFER, READS = {Feature.LEADERSHIP_TRANSFER}, {Feature.READ_INDEX}
LEASES = READS | {Feature.LEASES}
MEMBERSHIP = {Feature.MEMBERSHIP}
JOINT, APPLIED = (
    MEMBERSHIP | {each} for each in (Feature.JOINT_CONSENSUS, Feature.APPLIED_MEMBERSHIP)
)
FROM_ONE = {"voters": 1, "max_changes": 1, "max_log_length": 2, "max_messages": 1}

# The distinct states that TLC and the embedded checker find on MCExtendedRaft.tla, too.
STATES = [
    (PRE_VOTE, {"max_term": 2}, 643),
    (CHECK_QUORUM, {"max_term": 2}, 404),
    (TRANSFER, {"max_term": 2}, 308),
    (READS, {"max_log_length": 1}, 715),
    (LEASES, {"max_log_length": 1}, 3_965),
    (PRE_VOTE | CHECK_QUORUM, {"max_term": 2}, 3_267),
    (PRE_VOTE | TRANSFER, {"max_term": 2}, 2_640),
    (MEMBERSHIP, {**FROM_ONE, "max_term": 2}, 137),
    (JOINT, {**FROM_ONE, "max_term": 2}, 631),
    (APPLIED, {**FROM_ONE, "max_term": 2}, 508),
]


def broken(report: Report) -> str | None:
    """Return the name of the property that is violated."""
    return None if report.counterexample is None else report.counterexample.prop.name


@pytest.mark.parametrize(("features", "sizes", "states"), STATES)
def test_each_step_is_one_of_the_spec_and_of_raft(
    features: set[Feature], sizes: dict[str, int], states: int
) -> None:
    report = explored(features, **sizes)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert report.distinct_states == states


@pytest.mark.parametrize(
    ("features", "sizes"),
    [
        (PRE_VOTE, {"max_restarts": 1}),
        (CHECK_QUORUM, {"max_drops": 1}),
        (TRANSFER, {"max_duplicates": 1}),
        (READS, {"max_log_length": 1}),
        (LEASES, {"max_log_length": 1}),
        (MEMBERSHIP, FROM_ONE),
        (JOINT, FROM_ONE),
        (APPLIED, {**FROM_ONE, "max_snapshot_index": 1, "max_restarts": 1}),
    ],
)
def test_node_and_spec_can_take_the_same_steps(
    features: set[Feature], sizes: dict[str, int]
) -> None:
    properties = PropertyRequest(bisimulation=True)
    report = explored(features, properties=properties, **sizes)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS


def test_with_none_on_it_is_raft() -> None:
    """Base Raft costs nothing: the same states."""
    sizes: dict[str, Any] = {"max_term": 2, "max_log_length": 1}
    base = explored(**sizes)

    class Nothing(ExtendedNode):
        default_features = frozenset[Feature]()

    assert explored(node=Nothing, **sizes).distinct_states == base.distinct_states


def test_where_nobody_asks_for_a_change_it_is_raft() -> None:
    sizes: dict[str, Any] = {"max_term": 2, "max_log_length": 1}
    unchanged = explored(MEMBERSHIP, **sizes, voters=2, max_changes=0)
    assert unchanged.distinct_states == explored(**sizes).distinct_states == 412


class ChangesSilently(ExtendedNode):
    """Tells nobody of a change, and goes by it: the log has no configuration."""

    default_features = frozenset(MEMBERSHIP)

    def in_force(self, state: Any) -> Configuration:
        everybody = Configuration(frozenset(self.servers))
        return everybody if state.commit_index else super().in_force(state)


class GrantsAlways(ExtendedNode):
    default_features = frozenset(PRE_VOTE)

    def grants_pre_vote(self, state: ExtendedState, m: Any) -> bool:
        return bool(m.term > state.current_term)


class StandsUnasked(ExtendedNode):
    default_features = frozenset(PRE_VOTE)

    def has_pre_votes(self, state: ExtendedState) -> bool:
        return True


class MayNotMiss(ExtendedNode):
    """Does less than the spec, which bisimulation alone can see."""

    default_features = frozenset(CHECK_QUORUM)

    def act(self, state: Any, action: Any) -> Step | None:
        return None if action == MissLeader() else super().act(state, action)

    def actions(self, state: Any) -> Any:
        return (each for each in super().actions(state) if each != MissLeader())


@pytest.mark.parametrize(
    ("node", "sizes", "property_name"),
    [
        (GrantsAlways, {"max_term": 2}, "PreVoteOnlyWithoutLeader"),
        (StandsUnasked, {}, "CandidateHadPreVotes"),
        (ChangesSilently, {**FROM_ONE, "max_messages": 2}, "StepRefinement"),
    ],
)
def test_what_does_otherwise_is_noticed(
    node: type[ExtendedNode], sizes: dict[str, Any], property_name: str
) -> None:
    assert broken(explored(node=node, **sizes)) == property_name


def test_what_does_less_is_noticed() -> None:
    properties = PropertyRequest(bisimulation=True)
    assert broken(explored(node=MayNotMiss, properties=properties)) == "Bisimulation"
    assert broken(explored(node=MayNotMiss)) is None


class ForgetsItsVote(ExtendedNode):
    """Steps down as if the term were new: no step of Raft, whatever is hidden."""

    default_features = frozenset(CHECK_QUORUM)

    def check_quorum(self, state: ExtendedState) -> Step | None:
        step = super().check_quorum(state)
        return step and step._replace(state=replace(step.state, voted_for=None))


class AdoptsALowerTerm(ExtendedNode):
    """Takes any term that a refusal names."""

    default_features = frozenset(PRE_VOTE)

    def handle_pre_vote_response(self, state: ExtendedState, m: PreVoteResponse) -> Step:
        step = super().handle_pre_vote_response(state, m)
        if m.vote_granted or m.term >= state.current_term:
            return step
        return step._replace(state=self.update_term(state, m.term))


class VotesInAPreVote(ExtendedNode):
    """Gives its vote away when it is only asked whether it would."""

    default_features = frozenset(PRE_VOTE)

    def handle_pre_vote_request(self, state: ExtendedState, m: Any) -> Step:
        step = super().handle_pre_vote_request(state, m)
        return step._replace(state=replace(step.state, voted_for=m.source))


@pytest.mark.parametrize("node", [ForgetsItsVote, AdoptsALowerTerm, VotesInAPreVote])
def test_what_is_no_step_of_raft_is_noticed(node: type[ExtendedNode]) -> None:
    """Also where it would be one of the spec with features, which is left out here."""
    properties = PropertyRequest(refine=True, invariants=("RefinesRaft",))
    report = explored(node=node, properties=properties, max_term=2)
    assert broken(report) == "RefinesRaft"


def test_no_property_of_features_names_a_server() -> None:
    """One that did, as Voters does, would not be the same of a state with its servers renamed."""
    for path in FEATURES.glob("*Invariants.tla"):
        text = re.sub(r"\\\*.*", "", path.read_text(encoding="utf-8"))
        assert "Voters" not in re.findall(r"\w+", text), path.name
