"""A hunt that finds less, later, or makes it less short than it did, fails.

tests/data/hunts.json has, for each bug that the reference adapter can have, how many schedules were
drawn until it was found, over 20 seeds (5 of those that take long, 3 of those of features), how
long the shrunk schedules were, and how long the way to its harm is in the gallery. A departure from
the spec comes before the harm, and so most are shorter than that way.
"""

import json
from typing import Any

import pytest

from raft_ref.bugs import BUGS
from raft_ref.features import Feature
from raft_ref.traces.conformance.adapter import InProcess
from raft_ref.traces.conformance.driving import SERVERS, STEPS
from raft_ref.traces.conformance.hunting.draws import Likely
from raft_ref.traces.conformance.hunting.hunt import Hunt
from raft_ref.traces.conformance.reference import Cluster
from raft_ref.traces.profiles.raft_ref import raft_ref
from tests.support import hunts
from tests.support.hunts import MEASURED, OF_FEATURES, measured, shortest, worse

KNOWN: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
UNSEEN = {"duplicate-vote-counted"}
"""What does not show in a state that is told: the votes of a server are a set in a trace."""
SAMPLE_OF_FEATURES = (
    "pre-vote-counted-as-vote", "transfer-outlives-leadership", "earlier-round-counted",
    "new-configuration-alone",
)  # fmt: skip
SAMPLE = ("vote-not-persisted", "log-not-compared-before-vote", "last-index-acknowledged")


def test_each_bug_is_measured() -> None:
    assert {*KNOWN} == {*BUGS, *OF_FEATURES} - UNSEEN
    for bug, known in KNOWN.items():
        assert known["seeds"] in ((3,) if bug in OF_FEATURES else (5, 20))
        assert known["gallery"] == shortest(bug)


def test_what_is_worse_is_told() -> None:
    known = KNOWN["last-index-acknowledged"]
    assert worse(known, known) == []
    slower = {**known, "schedules": {"median": 50, "most": known["schedules"]["most"]}}
    longer = {**known, "steps": {**known["steps"], "most": 40}}
    blind = {**known, "found": known["found"] - 3}
    assert [len(worse(each, known)) for each in (slower, longer, blind)] == [1, 1, 1]


def test_what_is_not_shrunk_is_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunts, "TRIES", 0)
    (told, *_) = worse(measured("vote-not-persisted", [1, 2]), KNOWN["vote-not-persisted"])
    assert "of steps" in told


@pytest.mark.long
@pytest.mark.parametrize("bug", SAMPLE)
def test_a_sample_is_found_as_soon_and_made_as_short(bug: str) -> None:
    assert worse(measured(bug, range(1, 7)), KNOWN[bug]) == []


@pytest.mark.long
@pytest.mark.parametrize("bug", SAMPLE_OF_FEATURES)
def test_so_is_a_sample_of_those_of_features(bug: str) -> None:
    assert worse(measured(bug, range(1, 4)), KNOWN[bug]) == []


def test_what_waits_for_something_is_seldom_asked_for_before() -> None:
    """A step of a feature that comes to nothing is one step less of a schedule."""
    on = frozenset({Feature.READ_INDEX, Feature.LEASES, Feature.PRE_VOTE})
    with InProcess(lambda: Cluster(features=on)) as adapter:
        adapter.features = frozenset(each.value for each in on)
        likely = Likely(features=adapter.features)
        done = Hunt(adapter, raft_ref, SERVERS, 1, 15, STEPS, likely=likely).run()
    assert done.found is None
    waiting = ("ServeRead", "AnswerReads", "Heartbeat", "MissLeader", "EndPromise", "Timeout")
    asked, told = (sum(of[step] for step in waiting) for of in (done.asked, done.told))
    assert 3 * told > asked, (asked, told)


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.parametrize("bug", KNOWN)
def test_all_are_found_as_soon_and_made_as_short(bug: str) -> None:
    assert worse(measured(bug, range(1, KNOWN[bug]["seeds"] + 1)), KNOWN[bug]) == []
