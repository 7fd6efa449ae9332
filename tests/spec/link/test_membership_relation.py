"""The proof of changes of membership beside the node: followed everywhere, and all of it holds."""

from typing import Any

import pytest
import z3

from raft_ref.explorer import Bounds, System
from raft_ref.features import Configuration, ExtendedNode, Feature
from raft_ref.features.bugs import MEMBERSHIP_BUGS
from raft_ref.messages import AppendEntriesRequest
from raft_ref.node import Step
from raft_ref.spec.link.features.membership_relation import MembershipSimulationRelation
from raft_ref.spec.link.proof_search import FOLLOWED, ConjunctsReport, ConjunctsSearch
from raft_ref.spec.proof.evaluation import truth_of
from raft_ref.spec.proof.invariant import Conjunct
from raft_ref.spec.proof.membership.protocol import protocol_with_membership
from raft_ref.spec.proof.membership.relations import (
    MEMBERSHIP_RELATIONS,
    axioms,
    membership_init,
)
from raft_ref.spec.proof.relations import State, every, init

Sizes = dict[str, int]
SINGLE = (Feature.MEMBERSHIP,)
JOINT = (*SINGLE, Feature.JOINT_CONSENSUS)


def relation(servers: int = 2, voters: int = 2, term: int = 1, log: int = 2,
             features: tuple[Feature, ...] = JOINT) -> MembershipSimulationRelation:  # fmt: skip
    names = [f"s{number + 1}" for number in range(servers)]
    has_joint = Feature.JOINT_CONSENSUS in features
    return MembershipSimulationRelation(
        names, ["v1"], term, log, voters=frozenset(names[:voters]), has_joint=has_joint
    )


def followed(
    sizes: Sizes, features: tuple[Feature, ...] = JOINT, node: Any = ExtendedNode,
    *conjuncts: Conjunct,
) -> ConjunctsReport:  # fmt: skip
    """Search two servers, both voters, beside the proof; what else is not said is 1, the log 2."""
    number, voters = sizes.get("servers", 2), sizes.get("voters", 2)
    term, log = sizes.get("term", 1), sizes.get("log", 2)
    servers = [f"s{at + 1}" for at in range(number)]
    bounds = Bounds(
        sizes.get("messages", 1),
        sizes.get("restarts", 0),
        measures={
            "max_term": term, "max_log_length": log, "max_changes": sizes.get("changes", 1),
            "max_snapshot_index": sizes.get("snapshot", 0),
        },
    )  # fmt: skip
    actor = node(servers, ["v1"]).with_features(features).with_voters(servers[:voters])
    asked = [conjuncts] if conjuncts else []
    beside = relation(number, voters, term, log, features)
    return ConjunctsSearch(System(actor, servers, bounds), beside, *asked).run()


HOLDS: list[tuple[Sizes, tuple[Feature, ...], tuple[int, int, int]]] = [
    # States; states with what the proof remembers of how they were reached; steps.
    ({}, JOINT, (347, 1_029, 1_808)),
    ({"voters": 1, "changes": 2}, JOINT, (244, 634, 1_049)),
    ({"voters": 1, "snapshot": 2, "changes": 2}, JOINT, (875, 3_404, 10_189)),
    ({"servers": 3}, SINGLE, (621, 2_177, 4_076)),
]

FAR: list[tuple[Sizes, tuple[Feature, ...], tuple[int, int, int]]] = [
    ({"restarts": 1, "term": 2}, SINGLE, (2_200, 12_620, 23_034)),
    ({"voters": 1, "restarts": 1, "term": 2, "changes": 2}, JOINT, (3_355, 17_323, 29_542)),
    ({"voters": 1, "changes": 2, "log": 3}, JOINT, (1_264, 7_696, 13_389)),
]
"""In the first two every action of the proof is taken."""


@pytest.mark.parametrize(
    ("sizes", "features", "counts"),
    [*HOLDS, *(pytest.param(*row, marks=pytest.mark.long) for row in FAR)],
    ids=lambda each: str(each) if isinstance(each, dict) else "",
)
def test_the_proof_of_membership_follows_the_node(
    sizes: Sizes, features: tuple[Feature, ...], counts: tuple[int, int, int]
) -> None:
    found = followed(sizes, features)
    assert found.counterexample is None
    assert (found.states, found.places, found.transitions) == counts
    assert not [title for title in found.never_taken if title.startswith("Change")]
    if "restarts" in sizes:
        assert found.never_taken == []


def test_all_of_it_is_asked() -> None:
    found = followed({"log": 0})
    assert {*found.titles} == protocol_with_membership().actions.keys()
    assert {"DecidedIsLed", "OneUncommittedChange", "LeaderCompleteness"} <= {*found.properties}
    assert {"ChangedBehindSettled", "ElectedByQuorum", "ChoosableIsLed"} <= {*found.conjuncts}
    assert "Change (C_old,new)" not in followed({"log": 0}, SINGLE).titles


@pytest.mark.parametrize("servers", [1, 2, pytest.param(3, marks=pytest.mark.long)])
def test_what_is_taken_for_granted_is_so_of_these_servers(servers: int) -> None:
    """All configurations of so many servers, and all sets of them, as the axioms say."""
    abstract = relation(servers, 1).initial()
    assert all(truth_of(each).call(abstract) for each in _of_elements(axioms()))
    assert truth_of(membership_init(State(sorts=MEMBERSHIP_RELATIONS))).call(abstract)


def _of_elements(formulas: list[Any]) -> list[Any]:
    """Leave out that orders are orders: numbers are."""
    return [each for each in formulas if "le(" not in str(each)]


def test_an_axiom_is_false_where_quorums_do_not_meet() -> None:
    abstract = relation().initial()
    one, other = Configuration(frozenset({"s1"})), Configuration(frozenset({"s2"}))
    pairs = abstract.relations["oneServer"] | {(one, other)}
    wrong = abstract._replace(relations={**abstract.relations, "oneServer": pairs})
    assert not all(truth_of(each).call(wrong) for each in _of_elements(axioms()))


def test_no_configuration_is_left_out() -> None:
    """Each server votes in the new, the old, both, learns, or is none of it; the new has some."""
    for servers in (1, 2, 3):
        found = relation(servers, 1).initial().relations["isConfiguration"]
        assert len(found) == 5**servers - 3**servers


STRAYS: dict[str, tuple[Sizes, int, str]] = {
    # The bounds; steps to the first that is none of the proof's; and why.
    "single-server-change-without-barrier": (
        {}, 4, "the proof does not allow Change (one server)(s1, 1, 1, {s2}, 0, 0, {s1 s2},",
    ),
    "change-before-last-is-committed": (
        {"voters": 1, "changes": 2, "log": 3}, 6, "the proof does not allow Change (one server)",
    ),
    "learners-counted": ({"servers": 3}, 11, "s1 commits 2, which no quorum has"),
    "removed-leader-counts-itself": ({}, 9, "s1 commits 2, which no quorum has"),
    "stale-membership-in-snapshot": (
        {"voters": 1, "snapshot": 2, "term": 2}, 15, "and the server does not do it",
    ),
    "committed-by-old-configuration": ({"voters": 1}, 6, "s1 commits 2, which no quorum has"),
    "election-quorum-over-the-union": (
        {"servers": 3, "voters": 1, "term": 2}, 6, "s1 commits 1, which no quorum has",
    ),
    "new-configuration-alone": ({}, 5, "s1 commits 1, which no quorum has"),
    "joint-left-before-committed": (
        {"voters": 1, "changes": 2}, 4, "the proof does not allow Change (C_old,new)(s1, 1, 2,",
    ),
}  # fmt: skip

OF_NO_RULE = {"learner-stands", "joint-configuration-stuck", "removed-node-retires-early"}
"""The proof lets anybody stand, and demands no progress."""

APPLIED = {"campaign-before-applying-membership", "commits-forgotten-by-restart"}
"""They are of configurations that are used once they are applied, of which nothing is proved."""


def test_of_every_bug_it_is_known_whether_it_strays() -> None:
    assert MEMBERSHIP_BUGS.keys() == STRAYS.keys() | OF_NO_RULE | APPLIED


@pytest.mark.parametrize("name", STRAYS)
def test_a_bug_of_membership_strays_from_the_proof(name: str) -> None:
    sizes, steps, why = STRAYS[name]
    node: Any = MEMBERSHIP_BUGS[name].node
    found = followed(sizes, node.on, node)
    assert found.counterexample is not None
    assert found.counterexample.prop.name == FOLLOWED
    (told,) = found.counterexample.instances
    assert why in told
    assert len(found.counterexample.events) == steps


@pytest.mark.parametrize("name", sorted(OF_NO_RULE))
def test_what_the_proof_allows_is_followed(name: str) -> None:
    node: Any = MEMBERSHIP_BUGS[name].node
    assert followed({"voters": 1, "changes": 2}, node.on, node).counterexample is None


class _Mute(ExtendedNode):
    def handle_append_entries_request(self, state: Any, m: AppendEntriesRequest) -> Step:
        return super().handle_append_entries_request(state, m)._replace(messages=())


def test_who_does_not_answer_strays() -> None:
    found = followed({}, SINGLE, _Mute)
    assert found.counterexample is not None
    (told,) = found.counterexample.instances
    assert told.startswith("s2 answers AppendEntriesRequest(source='s1', dest='s2', term=1,")
    assert told.endswith(" 0 times")


def test_a_wrong_conjunct_is_found_false() -> None:
    wrong = Conjunct(
        "NothingIsChanged",
        "no leader ever changes the configuration",
        "nowhere",
        lambda s: every("t i v ij tj vb te im vw", lambda *each: z3.Not(s.changed(*each))),
    )
    found = followed({"voters": 1}, JOINT, ExtendedNode, wrong)
    assert found.counterexample is not None
    assert found.counterexample.prop.name == "NothingIsChanged"
    assert found.counterexample.events[-1].step == "EnterJoint"
    assert truth_of(init(State())).call(relation().initial())
