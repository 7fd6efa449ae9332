"""Each known bug is found, breaks its own property, and needs all of its bounds to show."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.concurrency import CONCURRENCY_BUGS
from raft_ref.durability import DISK_BUGS, StoredNode
from raft_ref.explorer import Bounds, Report, System, Verdict, search
from raft_ref.features import MAX_READS, MAX_ROUNDS, ExtendedNode
from raft_ref.features.bugs import FEATURE_BUGS, MEMBERSHIP_BUGS, READ_BUGS
from raft_ref.server.simulation.bugs import SERVER_BUGS
from raft_ref.spec.link import INVARIANTS, PROGRESS, REFINEMENT, Committed, raft_properties
from raft_ref.verify import ClusterRequest, ExhaustiveCheck, GivenSizes, PropertyRequest
from raft_ref.verify.cluster import BUG_DEFAULTS
from raft_ref.zoo import EXPLORED
from tests.support.models import Model

SHORTEST = {
    # Steps of the shortest counterexample within the bug's bounds, and the distinct states that
    # are reached in as many steps or fewer, up to a renaming of the servers (for Progress, all).
    "vote-not-persisted": (7, 180),
    "term-not-persisted": (13, 3_096),
    "server-wiped": (15, 3_462),
    "higher-term-in-response-ignored": (7, 60),
    "vote-forgotten-in-same-term": (9, 164),
    "older-vote-counted": (9, 1_310),
    "duplicate-vote-counted": (8, 865),
    "log-not-compared-before-vote": (12, 379),
    "quorum-of-half": (6, 58),
    "older-term-committed": (26, 12_276),
    "commit-scan-stops-at-older-term": (11, 155),
    "commit-index-lowered": (11, 44),
    "commit-index-beyond-verified": (15, 1_158),
    "last-index-acknowledged": (18, 2_791),
    "hint-taken-for-match": (31, 244_414),
    "match-index-moved-back": (10, 40),
    "truncated-without-conflict": (15, 1_342),
    "next-index-moved-below-match": (16, 1_279),
    "prev-log-term-ignored": (18, 12_254),
    "compacted-entries-appended-again": (13, 620),
    "heartbeat-instead-of-snapshot": (11, 3_164),
    "term-of-compacted-entry-unknown": (9, 99),
    "snapshot-lowers-term": (21, 10_060),
    "conflicting-log-kept": (17, 22_231),
    "older-snapshot-overwrites-newer": (14, 5_447),
    "vote-written-before-term": (13, 1_706),
    "sent-before-written": (9, 542),
    "write-error-swallowed": (19, 62_800),
    "heartbeat-handled-concurrently": (16, 7_917),
    "leader-grants-pre-vote": (8, 15),
    "log-not-compared-before-pre-vote": (12, 401),
    "older-pre-vote-counted": (10, 145),
    "pre-vote-counted-as-vote": (14, 1_386),
    "vote-reset-by-pre-vote": (21, 7_981),
    "pre-vote-request-adopts-term": (2, 3),
    "election-repeated-without-pre-vote": (5, 19),
    "leader-kept-by-pre-candidate": (10, 21),
    "pre-vote-taken-for-leader": (2, 3),
    "pre-vote-and-check-quorum-deadlock": (11, 21_348),
    "vote-forgotten-by-quorum-check": (4, 6),
    "leader-kept-by-one-answer": (9, 85),
    "answers-counted-by-follower": (7, 16),
    "stickiness-for-older-terms-only": (9, 35),
    "term-of-ignored-request-adopted": (9, 33),
    "forced-election-ignored": (8, 71),
    "forced-mark-kept": (9, 35),
    "timeout-now-of-older-term-obeyed": (7, 98),
    "timeout-now-sent-to-server-behind": (6, 21),
    "requests-taken-during-transfer": (5, 13),
    "transfer-outlives-leadership": (6, 17),
    "leader-reads-alone": (21, 292_218),
    "read-before-first-commit": (21, 1_740),
    "earlier-read-answered": (22, 2_422),
    "read-before-applied": (16, 110),
    "follower-reads-alone": (13, 214),
    "earlier-round-counted": (15, 10_043),
    "acknowledgements-kept": (15, 10_343),
    "refusal-taken-for-acknowledgement": (7, 282),
    "promise-shortened": (18, 21_254),
    "clock-drifts-beyond-bound": (13, 2_920),
    "promise-forgotten-by-restart": (15, 12_642),
    "lease-outlives-transfer": (15, 25_544),
    "late-timeout-now-breaks-lease": (15, 27_679),
    "single-server-change-without-barrier": (14, 4_650),
    "change-before-last-is-committed": (6, 25),
    "learners-counted": (11, 81),
    "removed-leader-counts-itself": (9, 33),
    "learner-stands": (9, 92),
    "stale-membership-in-snapshot": (11, 1_142),
    "committed-by-old-configuration": (6, 12),
    "election-quorum-over-the-union": (6, 33),
    "new-configuration-alone": (5, 16),
    "joint-left-before-committed": (4, 14),
    "joint-configuration-stuck": (12, 93),
    "removed-node-retires-early": (8, 58),
    "campaign-before-applying-membership": (11, 86),
    "commits-forgotten-by-restart": (6, 31),
}


OF_KINDS = (FEATURE_BUGS, READ_BUGS, MEMBERSHIP_BUGS)
OF_FEATURES = {**FEATURE_BUGS, **READ_BUGS, **MEMBERSHIP_BUGS}


def explore(name: str, node: type[Any], bounds: Mapping[str, int]) -> Report:
    """Search a cluster of such nodes for what the bug breaks."""
    if name in OF_FEATURES:
        return explore_features(name, node, bounds)
    if issubclass(node, Node):
        model = Model.within(bounds)
        return search(model.system(node), model.harm(EXPLORED[name]), True, engine="auto")
    servers = [f"s{number + 1}" for number in range(bounds["servers"])]
    actor = node(servers, ["v1"])
    limits = {measure: bounds.get(measure, 0) for measure in actor.measures}
    around = Bounds(bounds["max_messages"], bounds.get("max_restarts", 0), measures=limits)
    system = System(actor, servers, around, history=Committed(actor.as_raft))
    found = raft_properties(INVARIANTS, servers, ["v1"], actor.as_raft)
    broken = [prop for prop in found if prop.name == EXPLORED[name].breaks]
    return search(system, broken, True, engine="auto")


def explore_features(name: str, node: Any, bounds: Mapping[str, int]) -> Report:
    """Search a cluster of nodes with features for what the bug breaks."""
    bug = OF_FEATURES[name]
    asked = PropertyRequest(
        invariants=(bug.breaks if bug.breaks != PROGRESS else "RaftTypeOK",),
        refine=bug.breaks == REFINEMENT,
        progress=bug.goal if bug.breaks == PROGRESS else None,
    )
    own = {name: limit for name, limit in bounds.items() if name in (MAX_READS, MAX_ROUNDS)}
    of_raft = {name: limit for name, limit in bounds.items() if name not in own}
    sizes = GivenSizes(**{**BUG_DEFAULTS, **of_raft})
    request = ClusterRequest(node=node, node_name="it", sizes=sizes, bounds=own, properties=asked)
    return ExhaustiveCheck(request).run().search


def right(name: str) -> Any:
    """Return the node of which the bug changes a rule."""
    if name in OF_FEATURES:
        return partial(ExtendedNode, features=OF_FEATURES[name].node.on)
    return StoredNode if name in DISK_BUGS else Node


# Those that have to search far are left to the long tests.
FAR = (
    "prev-log-term-ignored", "hint-taken-for-match", "write-error-swallowed",
    "conflicting-log-kept", "older-term-committed", "older-snapshot-overwrites-newer",
    "pre-vote-and-check-quorum-deadlock", "leader-reads-alone", "lease-outlives-transfer",
    "late-timeout-now-breaks-lease", "promise-forgotten-by-restart",
)  # fmt: skip

LEFT_TO_THE_GALLERY = (*FAR, "heartbeat-handled-concurrently", "heartbeat-instead-of-snapshot")
"""What tests/traces/drawing/test_gallery.py finds, as the command does."""


def test_every_bug_has_its_row() -> None:
    assert SHORTEST.keys() == EXPLORED.keys()


def test_no_two_bugs_have_one_name() -> None:
    """Or one would take the other's place: in the list, in the gallery."""
    all_there_are = (BUGS, DISK_BUGS, CONCURRENCY_BUGS, *OF_KINDS, SERVER_BUGS)
    names = [name for bugs in all_there_are for name in bugs]
    assert len(names) == len({*names})


@pytest.mark.parametrize("name", [name for name in EXPLORED if name not in LEFT_TO_THE_GALLERY])
def test_a_bug_breaks_its_own_property(name: str) -> None:
    report = explore(name, EXPLORED[name].node, EXPLORED[name].bounds)
    assert report.counterexample is not None
    assert report.counterexample.prop.name == EXPLORED[name].breaks
    assert report.counterexample.instances or report.progress
    assert (len(report.counterexample.events), report.distinct_states) == SHORTEST[name]


def test_a_way_that_is_shown_within_larger_bounds_is_shorter() -> None:
    shown = {name: bug for name, bug in EXPLORED.items() if bug.shown_within}
    assert [*shown] == ["single-server-change-without-barrier"]
    for name, bug in shown.items():
        assert {**bug.within} == {**bug.bounds, "max_messages": 4}
        report = explore(name, bug.node, bug.within)
        assert report.counterexample is not None
        assert (len(report.counterexample.events), SHORTEST[name][0]) == (12, 14)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] if name in FAR else []) for name in EXPLORED],
)
def test_what_is_right_holds_within_the_same_bounds(name: str) -> None:
    assert explore(name, right(name), EXPLORED[name].bounds).verdict is Verdict.HOLDS_WITHIN_BOUNDS


LOWER = [
    (name, bound)
    for name, bug in EXPLORED.items()
    for bound, limit in bug.bounds.items()
    # Fewer are no cluster.
    if limit > {"servers": max(2, bug.bounds.get("voters", 0)), "voters": 1}.get(bound, 0)
]


@pytest.mark.parametrize(
    ("name", "bound"),
    [pytest.param(*each, marks=[pytest.mark.long] if each[0] in FAR else []) for each in LOWER],
)
def test_with_any_bound_one_lower_the_property_holds(name: str, bound: str) -> None:
    bug = EXPLORED[name]
    report = explore(name, bug.node, {**bug.bounds, bound: bug.bounds[bound] - 1})
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS


@pytest.mark.long
def test_a_refusal_that_is_taken_for_an_acknowledgement_is_harm() -> None:
    """A leader of two terms takes it for an answer to a round of the second."""
    name = "refusal-taken-for-acknowledgement"
    asked = PropertyRequest(invariants=("LeaseExcludesLeaders",))
    sizes = {"servers": 3, "max_term": 3, "max_messages": 3, "max_restarts": 1}
    request = ClusterRequest(
        bug=name,
        sizes=GivenSizes(**{**BUG_DEFAULTS, **sizes}),
        properties=asked,
    )
    report = ExhaustiveCheck(request).run().search
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "LeaseExcludesLeaders"
    assert len(report.counterexample.events) == 17
