"""The configuration that a server goes by, as far as its state tells."""

import pytest

from raft_ref.traces import JsonObject
from raft_ref.traces.story.membership import goes_by

MEMBERSHIP, APPLIED = ("Membership",), ("Membership", "AppliedMembership")


def configuration(
    *voters: str, old: tuple[str, ...] = (), learners: tuple[str, ...] = ()
) -> JsonObject:
    return {"voters": [*voters], "outgoingVoters": [*old], "learners": [*learners]}


def entry(value: object) -> JsonObject:
    return {"term": 1, "value": value}


ALL = configuration("s1", "s2")
LOG = [entry("v1"), entry(configuration("s1", learners=("s2",))), entry("v1")]
BARE = {"lastIncludedIndex": 5, "lastIncludedTerm": 1}
JOINT = configuration("s2", old=("s1", "s2"))
SNAPSHOT = {"lastIncludedIndex": 2, "lastIncludedTerm": 1, "data": ["v1", JOINT]}


@pytest.mark.parametrize(
    ("state", "features", "told"),
    [
        ({"bootstrap": ALL, "log": []}, MEMBERSHIP, "{s1 s2}"),
        ({"bootstrap": configuration(), "log": []}, MEMBERSHIP, "no cluster"),
        ({"bootstrap": ALL, "log": LOG}, MEMBERSHIP, "{s1}+s2"),
        ({"bootstrap": ALL, "log": [], "snapshot": SNAPSHOT}, MEMBERSHIP, "{s1 s2}→{s2}"),
        ({"bootstrap": ALL, "log": LOG, "snapshot": SNAPSHOT}, MEMBERSHIP, "{s1}+s2"),
        ({"bootstrap": ALL, "log": LOG, "configurationIndex": 0}, APPLIED, "{s1 s2}"),
        ({"bootstrap": ALL, "log": LOG, "configurationIndex": 2}, APPLIED, "{s1}+s2"),
        # The end of a snapshot is known.
        (
            {
                "bootstrap": ALL,
                "log": [],
                "snapshot": {**BARE, "data": ["v", JOINT]},
                "configurationIndex": 5,
            },
            APPLIED,
            "{s1 s2}→{s2}",
        ),
        ({"bootstrap": ALL, "log": [], "snapshot": {**BARE, "data": ["v"]}}, MEMBERSHIP, ""),
        # What stands behind a snapshot of which nothing is known.
        ({"bootstrap": ALL, "log": LOG, "snapshot": BARE}, MEMBERSHIP, "{s1}+s2"),
        (
            {"bootstrap": ALL, "log": LOG, "snapshot": BARE, "configurationIndex": 7},
            APPLIED,
            "{s1}+s2",
        ),
        ({"bootstrap": ALL, "log": LOG, "snapshot": BARE, "configurationIndex": 5}, APPLIED, ""),
        # What is not told, or makes no sense, is not known.
        ({"bootstrap": ALL, "log": LOG, "configurationIndex": []}, APPLIED, ""),
        ({"log": LOG}, MEMBERSHIP, ""),
        ({"bootstrap": ALL}, MEMBERSHIP, ""),
        ({"bootstrap": ALL, "log": LOG}, APPLIED, ""),
        ({"bootstrap": ALL, "log": [], "snapshot": {"lastIncludedIndex": 1}}, MEMBERSHIP, ""),
        ({"bootstrap": ALL, "log": LOG}, ("PreVote",), ""),
    ],
)
def test_a_server_goes_by(state: JsonObject, features: tuple[str, ...], told: str) -> None:
    assert goes_by(state, features) == told
