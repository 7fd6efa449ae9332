"""The proof beside the node: a relation follows it everywhere, and the conjuncts hold there."""

from dataclasses import replace

import pytest

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.explorer import System
from raft_ref.features import (
    REFINING,
    ExtendedNode,
    ExtendedState,
    Feature,
    PreVoteResponse,
    TimeoutNowRequest,
)
from raft_ref.node import Step
from raft_ref.spec.link.features.simulation_relation import HidingSimulationRelation
from raft_ref.spec.link.proof_search import (
    FOLLOWED,
    ConjunctsReport,
    ConjunctsSearch,
)
from raft_ref.spec.link.simulation_relation import SimulationRelation
from raft_ref.spec.proof.invariant import Conjunct
from raft_ref.spec.proof.protocol import protocol
from raft_ref.spec.proof.relations import every
from raft_ref.state import Role
from tests.support.corridor import corridor
from tests.support.models import Model


def searched(model: Model, node: type[Node] = Node, *conjuncts: Conjunct) -> ConjunctsReport:
    return followed(model, model.system(node), *conjuncts)


def followed(model: Model, system: System, *conjuncts: Conjunct) -> ConjunctsReport:
    has_features = isinstance(system.guard.actor, ExtendedNode)
    relation = (HidingSimulationRelation if has_features else SimulationRelation)(
        model.server_names, model.value_names, model.term, model.log
    )
    return ConjunctsSearch(system, relation, *([conjuncts] if conjuncts else [])).run()


class Followed(ExtendedNode):
    """With the features that the proof of Raft covers as they are; reads have a proof of theirs."""

    default_features = REFINING - {Feature.READ_INDEX, Feature.LEASES}


HOLDS = {
    # States; states with what the proof remembers of how they were reached; steps.
    Model(servers=2, term=2, log=1, messages=2): (817, 2_085, 4_976),
    Model(servers=2, term=2, log=1, snapshot=1, messages=1, restarts=1): (690, 2_404, 5_226),
    Model(servers=2, term=1, log=2, snapshot=2, messages=2, restarts=1): (4_278, 17_510, 68_798),
    Model(servers=2, values=2, term=2, log=1, messages=2, duplicates=1): (3_906, 11_088, 30_764),
    Model(servers=3, term=1, log=1, messages=2): (4_252, 6_814, 19_899),
}

FAR = {
    Model(servers=2, term=2, log=2, snapshot=1, messages=1, restarts=1): (3_088, 18_552, 43_586),
    Model(servers=2, term=2, log=2, snapshot=1, messages=2): (8_743, 45_647, 152_290),
    Model(servers=3, term=1, log=1, snapshot=1, messages=2): (19_723, 32_827, 122_838),
}


@pytest.mark.parametrize("model", HOLDS, ids=str)
def test_the_proof_follows_the_node(model: Model) -> None:
    found = searched(model)
    assert found.counterexample is None
    assert (found.states, found.places, found.transitions) == HOLDS[model]


@pytest.mark.long
@pytest.mark.parametrize("model", FAR, ids=str)
def test_the_proof_follows_the_node_far(model: Model) -> None:
    found = searched(model)
    assert found.counterexample is None
    assert (found.states, found.places, found.transitions) == FAR[model]
    assert set(found.never_taken) <= {"Restart", "HandleAppendEntriesRequest (refused)"}


def test_every_action_of_the_proof_is_taken() -> None:
    found = searched(Model(servers=2, term=2, log=2, messages=1, restarts=1))
    assert found.never_taken == []
    assert set(found.actions) == protocol().actions.keys() - {"StepDown"}


WITH_FEATURES = {
    Model(servers=2, term=1, log=1, messages=1): (1_518, 2_526, 7_574),
    Model(servers=2, term=2, log=0, messages=1): (740, 2_422, 7_016),
}


@pytest.mark.parametrize("model", WITH_FEATURES, ids=str)
def test_the_proof_follows_the_node_with_features(model: Model) -> None:
    found = searched(model, Followed)
    assert found.counterexample is None
    assert (found.states, found.places, found.transitions) == WITH_FEATURES[model]
    assert found.actions["StepDown"]


@pytest.mark.long
def test_with_features_every_action_of_the_proof_is_taken() -> None:
    found = searched(Model(servers=2, term=2, log=1, messages=1, restarts=1), Followed)
    assert found.counterexample is None
    assert (found.states, found.places, found.transitions) == (11_352, 60_752, 211_586)
    assert found.never_taken == []
    assert set(found.actions) == protocol().actions.keys()


class _ForgetsItsVoteAtStepDown(Followed):
    def check_quorum(self, state: ExtendedState) -> Step | None:
        step = super().check_quorum(state)
        if step is None or step.state.role is Role.LEADER:
            return step
        return step._replace(state=replace(step.state, voted_for=None))


class _AdoptsTheTermOfAnyRefusal(Followed):
    def handle_pre_vote_response(self, state: ExtendedState, m: PreVoteResponse) -> Step:
        if m.vote_granted:
            return super().handle_pre_vote_response(state, m)
        return Step(self.update_term(state, m.term), (), ("HandlePreVoteResponse",))


class _LeadsByPreVotes(Followed):
    def handle_pre_vote_response(self, state: ExtendedState, m: PreVoteResponse) -> Step:
        step = super().handle_pre_vote_response(state, m)
        if not m.vote_granted:
            return step
        return step._replace(state=replace(step.state, role=Role.LEADER))


class _StepsDownWhenTold(Followed):
    def handle_timeout_now_request(self, state: ExtendedState, m: TimeoutNowRequest) -> Step:
        after = self.follow(state, state.current_term + 1, state.voted_for)
        return Step(after, (), ("HandleTimeoutNowRequest",))


class _ForgetsItsLogAtAbort(Followed):
    def abort_transfer(self, state: ExtendedState) -> Step | None:
        step = super().abort_transfer(state)
        return step and step._replace(state=replace(step.state, log=()))


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (_ForgetsItsVoteAtStepDown, "s1 voted for ['s1'] in the proof, for None in the node"),
        (_AdoptsTheTermOfAnyRefusal, "s2 voted for ['s1'] in the proof, for None in the node"),
        (_LeadsByPreVotes, "the proof does not allow StepDown"),
        (_StepsDownWhenTold, "voted for"),
        (_ForgetsItsLogAtAbort, "the log of s1"),
    ],
)
def test_a_wrong_feature_strays_from_the_proof(node: type[ExtendedNode], why: str) -> None:
    found = searched(Model(servers=2, term=2, log=1, messages=1), node)
    assert found.counterexample is not None
    assert found.counterexample.prop.name == FOLLOWED
    (told,) = found.counterexample.instances
    assert why in told, told


STRAYS = {
    # Steps to the first that is none of the proof's, or that it demands otherwise; and why.
    "vote-not-persisted": (2, "s1 voted for ['s1'] in the proof, for None in the node"),
    "term-not-persisted": (2, "left of s1 is [('s1', 0)] in the proof, [] in the node"),
    "server-wiped": (2, "left of s1 is [('s1', 0)] in the proof, [] in the node"),
    "higher-term-in-response-ignored": (7, "left of s1"),
    "vote-forgotten-in-same-term": (5, "s2 voted for ['s1'] in the proof, for None in the node"),
    "older-vote-counted": (4, "the proof does not allow HandleRequestVoteResponse"),
    "duplicate-vote-counted": (4, "s1 leads without the votes of a quorum"),
    "log-not-compared-before-vote": (7, "the proof does not allow HandleRequestVoteRequest"),
    "quorum-of-half": (3, "s1 leads without the votes of a quorum"),
    "older-term-committed": (20, "the proof does not allow AdvanceCommitIndex"),
    "commit-scan-stops-at-older-term": (17, "the proof allows AdvanceCommitIndex"),
    "commit-index-lowered": (11, "commitIndex of s2 is 1 in the proof, 0 in the node"),
    "commit-index-beyond-verified": (13, "commitIndex of s3 is 0 in the proof, 1 in the node"),
    "last-index-acknowledged": (11, "the proof knows of no AppendEntriesResponse"),
    "hint-taken-for-match": (20, "the proof knows of no AppendEntriesResponse"),
    "match-index-moved-back": (10, "matchIndex of s1 is (0, 1) in the proof, (0, 0) in the node"),
    "truncated-without-conflict": (10, "the log of s2"),
    "prev-log-term-ignored": (18, "the proof does not allow HandleAppendEntriesRequest"),
    "compacted-entries-appended-again": (12, "the log of s2"),
    "term-of-compacted-entry-unknown": (9, "the proof does not allow AppendEntries"),
    "snapshot-lowers-term": (21, "left of s3"),
    "conflicting-log-kept": (17, "the log of s1"),
    "older-snapshot-overwrites-newer": (14, "the log of s3"),
}

# A leader may send from where it likes, and need not send: that is no matter of safety.
FOLLOWED_ALL_THE_SAME = ("next-index-moved-below-match", "heartbeat-instead-of-snapshot")

# A search of all that they do takes minutes: they are looked at where their harm is known to lie.
LATE = (
    "prev-log-term-ignored", "snapshot-lowers-term", "conflicting-log-kept",
    "older-snapshot-overwrites-newer", "hint-taken-for-match", "older-term-committed",
    "next-index-moved-below-match",
)  # fmt: skip


def test_of_every_bug_it_is_known_where_it_strays() -> None:
    assert {*STRAYS, *FOLLOWED_ALL_THE_SAME} == BUGS.keys()


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] if name in LATE else []) for name in STRAYS],
)
def test_a_bug_strays_from_the_proof(name: str) -> None:
    model = Model.within(BUGS[name].bounds)
    system = corridor(name) if name in LATE else model.system(BUGS[name].node)
    found = followed(model, system)
    assert found.counterexample is not None
    assert found.counterexample.prop.name == FOLLOWED
    steps, why = STRAYS[name]
    assert len(found.counterexample.events) == steps
    (told,) = found.counterexample.instances
    assert why in told


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.long] if name in LATE else [])
        for name in FOLLOWED_ALL_THE_SAME
    ],
)
def test_what_is_no_matter_of_safety_is_followed(name: str) -> None:
    found = searched(Model.within(BUGS[name].bounds), BUGS[name].node)
    assert found.counterexample is None


def test_a_wrong_conjunct_is_found_false() -> None:
    wrong = Conjunct(
        "NobodyLeads",
        "nobody ever leads",
        "nowhere",
        lambda state: every("s", lambda s: ~state.isLeader(s)),
    )
    found = searched(Model(servers=2, term=1, log=1), Node, wrong)
    assert found.counterexample is not None
    assert found.counterexample.prop.name == "NobodyLeads"
    assert [event.step for event in found.counterexample.events] == [
        "Timeout",
        "Receive",
        "Receive",
    ]
    assert found.counterexample.instances == ["s = s1"]


def test_a_relation_is_made_for_some_terms_and_indices() -> None:
    model = Model(servers=2, term=2, log=1)
    relation = SimulationRelation(model.server_names, model.value_names, 1, 1)
    with pytest.raises(ValueError, match="beyond what the relation was made for"):
        ConjunctsSearch(model.system(), relation).run()
