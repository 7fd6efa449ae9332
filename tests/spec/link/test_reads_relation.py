"""The proof of reads beside the node: a relation follows it everywhere, and all of it holds there.

Which read bugs stray is known of each; those of leases alone are none of this proof's.
"""

from dataclasses import replace
from typing import Any

import pytest
import z3

from raft_ref.explorer import Bounds, System
from raft_ref.features import MAX_READS, MAX_ROUNDS, ExtendedNode, Feature
from raft_ref.features.bugs import READ_BUGS
from raft_ref.features.state import ReadingState
from raft_ref.messages import ServerId
from raft_ref.node import Step
from raft_ref.spec.link.features.reads_relation import ReadsSimulationRelation
from raft_ref.spec.link.proof_search import FOLLOWED, ConjunctsReport, ConjunctsSearch
from raft_ref.spec.proof.evaluation import truth_of
from raft_ref.spec.proof.invariant import Conjunct
from raft_ref.spec.proof.reads.protocol import protocol_with_reads, read_actions
from raft_ref.spec.proof.reads.relations import ALL_RELATIONS
from raft_ref.spec.proof.relations import State, every, init

Sizes = dict[str, int]


def followed(sizes: Sizes, node: Any = ExtendedNode, *conjuncts: Conjunct) -> ConjunctsReport:
    """Search two servers with reads beside the proof; what is not said of bounds is 1, or 0."""
    servers, values = ["s1", "s2"], ["v1"]
    term, log = sizes.get("term", 1), sizes.get("log", 1)
    reads, rounds = sizes.get("reads", 1), sizes.get("rounds", 1)
    bounds = Bounds(
        sizes.get("messages", 1),
        sizes.get("restarts", 0),
        measures={
            "max_term": term, "max_log_length": log, "max_snapshot_index": sizes.get("snapshot", 0),
            MAX_READS: reads, MAX_ROUNDS: rounds,
        },
    )  # fmt: skip
    actor = node(servers, values).with_features({Feature.READ_INDEX})
    relation = ReadsSimulationRelation(
        servers, values, term, log, max_reads=reads, max_rounds=rounds
    )
    search = ConjunctsSearch(
        System(actor, servers, bounds), relation, *([conjuncts] if conjuncts else [])
    )
    return search.run()


HOLDS: list[tuple[Sizes, tuple[int, int, int]]] = [
    # States; states with what the proof remembers of how they were reached; steps.
    ({}, (734, 1_412, 3_052)),
    ({"restarts": 1}, (2_366, 6_640, 14_704)),
]

FAR: list[tuple[Sizes, tuple[int, int, int]]] = [
    ({"messages": 2}, (4_162, 8_688, 28_602)),
    ({"snapshot": 1}, (2_128, 4_200, 12_712)),
    ({"rounds": 2, "messages": 2}, (6_070, 19_772, 67_254)),
    ({"term": 2, "restarts": 1}, (6_972, 48_800, 95_516)),
    ({"term": 2, "messages": 2}, (23_633, 124_717, 374_028)),
]


@pytest.mark.parametrize(
    ("sizes", "counts"),
    [*HOLDS, *(pytest.param(*row, marks=pytest.mark.long) for row in FAR)],
    ids=lambda each: str(each) if isinstance(each, dict) else "",
)
def test_the_proof_of_reads_follows_the_node(sizes: Sizes, counts: tuple[int, int, int]) -> None:
    found = followed(sizes)
    assert found.counterexample is None
    assert (found.states, found.places, found.transitions) == counts
    assert not read_actions().keys() & {*found.never_taken}


def test_all_of_it_is_asked() -> None:
    found = followed({"log": 0})
    assert {*found.titles} == protocol_with_reads().actions.keys()
    assert {"LinearizableReads", "ReadsAreOfCommitted", "LeaderCompleteness"} <= {*found.properties}
    assert {"StaleLeaderHasNoQuorum", "NotedCoversHistory", "OneVote"} <= {*found.conjuncts}


def test_at_first_nothing_has_happened() -> None:
    relation = ReadsSimulationRelation(["s1", "s2"], ["v1"], 1, 1, max_reads=1, max_rounds=1)
    assert truth_of(init(State(sorts=ALL_RELATIONS))).call(relation.initial())


STRAYS: dict[str, tuple[Sizes, int, str]] = {
    # The bounds; steps to the first that is none of the proof's; and why.
    "leader-reads-alone": ({}, 8, "no quorum has confirmed 1 for read ('s1', 1)"),
    "read-before-first-commit": ({"term": 2}, 14, "s2 notes a read, and has committed nothing"),
    "earlier-read-answered": (
        {"log": 2, "reads": 2}, 17, "no quorum has confirmed 1 for read ('s2', 2)",
    ),
    "read-before-applied": ({}, 16, "the proof knows of no applied('s2', 0)"),
    "follower-reads-alone": ({}, 11, "no quorum has confirmed 1 for read ('s2', 1)"),
    "earlier-round-counted": (
        {"reads": 2, "rounds": 2}, 14, "s2 has not answered round 2 of s1",
    ),
    "acknowledgements-kept": (
        {"reads": 2, "rounds": 2}, 14, "s2 has not answered round 2 of s1",
    ),
    "refusal-taken-for-acknowledgement": (
        {"term": 2, "messages": 2}, 12, "the proof knows of no HeartbeatResponse",
    ),
}  # fmt: skip

OF_LEASES = {
    "promise-shortened", "clock-drifts-beyond-bound", "promise-forgotten-by-restart",
    "lease-outlives-transfer", "late-timeout-now-breaks-lease",
}  # fmt: skip
"""They change no rule of what the proof is about."""


def test_of_every_bug_it_is_known_whether_it_strays() -> None:
    assert READ_BUGS.keys() == STRAYS.keys() | OF_LEASES


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.long] if name == "earlier-read-answered" else [])
        for name in STRAYS
    ],
)
def test_a_bug_of_reads_strays_from_the_proof(name: str) -> None:
    sizes, steps, why = STRAYS[name]
    found = followed(sizes, READ_BUGS[name].node)
    assert found.counterexample is not None
    assert found.counterexample.prop.name == FOLLOWED
    (told,) = found.counterexample.instances
    assert why in told
    assert len(found.counterexample.events) == steps


class _AnswersWithoutQuorum(ExtendedNode):
    def is_confirmed(self, state: ReadingState) -> bool:
        return True


class _CoversLateReads(ExtendedNode):
    def reads(self, before: ReadingState, after: ReadingState, m: Any) -> ReadingState:
        noted = super().reads(before, after, m)
        covered = (replace(read, is_covered=True) for read in noted.pending_reads)
        return replace(noted, pending_reads=frozenset(covered))


class _ServesTwice(ExtendedNode):
    def serve_read(self, state: ReadingState) -> Step | None:
        step = super().serve_read(state)
        return step and step._replace(state=replace(state, snapshot=state.snapshot))


class _CallsReadsTheSame(ExtendedNode):
    def request_read_index(self, state: ReadingState, peer: ServerId) -> Step | None:
        step = super().request_read_index(state, peer)
        return step and step._replace(state=replace(state, read_index=0))


class _AnswersOnceMore(ExtendedNode):
    def begin_round(self, state: ReadingState) -> Step | None:
        step = super().begin_round(state)
        after: Any = step and step.state
        return step and step._replace(state=replace(after, read_round=after.read_round - 1))


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (_AnswersWithoutQuorum, "s1 answers reads without a quorum"),
        (_CoversLateReads, "round 0 does not cover"),
        (_ServesTwice, "the proof does not allow ServeRead"),
        (_CallsReadsTheSame, "the proof knows of no ReadIndexRequest"),
        (_AnswersOnceMore, "does not cover"),
    ],
)
def test_a_wrong_node_strays_from_the_proof(node: type[ExtendedNode], why: str) -> None:
    found = followed({}, node)
    assert found.counterexample is not None
    assert found.counterexample.prop.name == FOLLOWED
    (told,) = found.counterexample.instances
    assert why in told


def test_a_wrong_conjunct_is_found_false() -> None:
    wrong = Conjunct(
        "NoReadIsServed",
        "nobody ever gets an answer",
        "nowhere",
        lambda s: every("r iy tc ic vc", lambda *served: z3.Not(s.readServed(*served))),
    )
    found = followed({}, ExtendedNode, wrong)
    assert found.counterexample is not None
    assert found.counterexample.prop.name == "NoReadIsServed"
    assert found.counterexample.events[-1].step == "ServeRead"
