"""Each known bug is found, breaks its own property, and needs all of its bounds to show."""

from collections.abc import Mapping

import pytest

from explorer import Report, Verdict, search
from raft_ref import Node
from raft_ref.bugs import BUGS
from tests.models import Model

SHORTEST = {
    # Steps of the shortest counterexample within the bug's bounds, and the distinct states that
    # are reached in as many steps or fewer, up to a renaming of the servers (for Progress, all).
    "vote-not-persisted": (7, 180),
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
    "match-index-moved-back": (10, 40),
    "truncated-without-conflict": (15, 1_342),
    "next-index-moved-below-match": (16, 1_279),
    "prev-log-term-ignored": (18, 12_254),
    "compacted-entries-appended-again": (13, 620),
    "heartbeat-instead-of-snapshot": (8, 3_164),
    "term-of-compacted-entry-unknown": (9, 99),
    "snapshot-lowers-term": (21, 10_060),
    "conflicting-log-kept": (17, 22_231),
    "older-snapshot-overwrites-newer": (14, 5_447),
}


def explore(name: str, node: type[Node], bounds: Mapping[str, int]) -> Report:
    """Check all properties of a cluster of such nodes, and progress where the bug breaks it."""
    model = Model.within(bounds)
    return search(model.system(node), model.harm(BUGS[name]), True, engine="auto")


def test_every_bug_has_its_row() -> None:
    assert SHORTEST.keys() == BUGS.keys()


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_breaks_its_own_property(name: str) -> None:
    report = explore(name, BUGS[name].node, BUGS[name].bounds)
    assert report.counterexample is not None
    assert report.counterexample.prop.name == BUGS[name].breaks
    assert report.counterexample.instances or report.progress
    assert (len(report.counterexample.events), report.distinct_states) == SHORTEST[name]


# One that has to search far is left to the long tests.
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.long] if name == "prev-log-term-ignored" else [])
        for name in BUGS
    ],
)
def test_the_reference_node_holds_within_the_same_bounds(name: str) -> None:
    assert explore(name, Node, BUGS[name].bounds).verdict is Verdict.HOLDS_WITHIN_BOUNDS


LOWER = [
    (name, bound)
    for name, bug in BUGS.items()
    for bound, limit in bug.bounds.items()
    if (bound, limit) != ("servers", 2)  # fewer are no cluster
]


@pytest.mark.parametrize(("name", "bound"), LOWER)
def test_with_any_bound_one_lower_the_property_holds(name: str, bound: str) -> None:
    bug = BUGS[name]
    report = explore(name, bug.node, {**bug.bounds, bound: bug.bounds[bound] - 1})
    broken = report.counterexample and report.counterexample.prop.name
    # With logs of one entry, a forgotten prevLogTerm shows as another broken property.
    other = {("prev-log-term-ignored", "max_log_length"): "StateMachineSafety"}
    assert broken == other.get((name, bound))
