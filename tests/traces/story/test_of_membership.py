"""What is told of a change of membership that went wrong is what the states show of it."""

from typing import Any

import pytest

from raft_ref.traces import JsonObject, Trace, TraceStep, Violation, read
from raft_ref.traces.story.what_went_wrong import what_went_wrong
from tests.support.files import GALLERY

ON, APPLIED = ("Membership", "JointConsensus"), ("Membership", "AppliedMembership")

SHOWN = {
    "change-before-last-is-committed":
        "s1 has 2 changes in its log that are not committed: {s1 s2} at index 2 and {s2} at "
        "index 3.",
    "learners-counted":
        "s1 commits index 2, which s1 and the learner s3 have: 1 of the 2 voters of {s1 s2}+s3, "
        "and no majority.",
    "removed-leader-counts-itself": "s1 commits index 2, which s1 alone has: no voter of {s2}.",
    "learner-stands": "s2 stands for term 2, and is a learner: it goes by {s1}+s2.",
    "stale-membership-in-snapshot":
        "s1 commits index 3, which s1 alone has: 1 of the 2 voters of {s1 s2}, and no majority. "
        "By {s1}, with which it began, that would be enough.",
    "committed-by-old-configuration":
        "s1 commits index 2, which s1 alone has: 1 of the 2 voters of {s1 s2}, and no majority. "
        "By {s1}, with which it began, that would be enough.",
    "election-quorum-over-the-union":
        "s1 commits index 1, which s1 and s2 have: 1 of the 2 new voters of {s1}→{s2 s3}, and no "
        "majority.",
    "new-configuration-alone":
        "s1 commits index 1, which s1 alone has: 1 of the 2 old voters of {s1 s2}→{s1}, and no "
        "majority.",
    "joint-left-before-committed":
        "s1 goes on from {s1}→{s2} to {s2} at index 2, and {s1}→{s2} is not committed.",
    "campaign-before-applying-membership":
        "s2 stands for term 2 by {s1 s2}, and has not applied {s2} at index 1, which it knows to "
        "be committed.",
    "commits-forgotten-by-restart":
        "s1 goes by {s1 s2}, which it applied at index 1, and does not know that it is "
        "committed: its commitIndex is 0.",
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_a_known_bug_is_told(name: str) -> None:
    assert what_went_wrong(read(GALLERY / f"{name}.ndjson")) == SHOWN[name]


def configuration(*voters: str, old: tuple[str, ...] = (), learners: tuple[str, ...] = ()) -> Any:
    return {"voters": [*voters], "outgoingVoters": [*old], "learners": [*learners]}


ONE, BOTH = configuration("s1"), configuration("s1", "s2")


def server(*values: Any, commit: int = 0, **more: Any) -> JsonObject:
    """Return the variables of a server that leads term 2, and began alone."""
    return {
        "currentTerm": 2, "role": "Leader", "commitIndex": commit, "bootstrap": ONE,
        "log": [{"term": 1, "value": value} for value in values],
        "snapshot": {"lastIncludedIndex": 0, "lastIncludedTerm": 0, "data": []},
        "configurationIndex": 0, **more,
    }  # fmt: skip


def told(
    prop: str, instance: str, before: JsonObject, after: JsonObject, features: Any = ON
) -> str:
    """Return what is told of a step of s1 that leads from one state to another."""
    violation = Violation(prop, "", (instance,))
    changes = {name: value for name, value in after.items() if before.get(name) != value}
    steps = (TraceStep("Tick", "s1", changes=changes),)
    initial = {"s1": before, "s2": server()}
    trace = Trace(("s1", "s2"), initial, steps, violation=violation, features=features)
    return what_went_wrong(trace)


@pytest.mark.parametrize(
    ("prop", "instance", "after", "sentence"),
    [
        (
            "LearnersFollow", "i = s1", server(configuration("s2", learners=("s1",))),
            "s1 leads term 2, and is a learner: it goes by {s2}+s1.",
        ),
        (
            "ConfigurationsAreSound", "i = s1, index = 1",
            server(configuration("s1", learners=("s1",))),
            "s1 has {s1}+s1 at index 1, in which s1 both votes and learns.",
        ),
        (
            "ConfigurationsAreSound", "i = s1, index = 1", server(configuration()),
            "s1 has no cluster at index 1, in which nobody votes.",
        ),
        (
            "OldAndNewAgree", "i = s1", server(configuration("s1", old=("s1",))),
            "s1 goes by {s1}→{s1}, of which both parts are the same.",
        ),
    ],
)  # fmt: skip
def test_a_configuration_that_makes_no_sense(
    prop: str, instance: str, after: JsonObject, sentence: str
) -> None:
    assert told(prop, instance, server(), after) == sentence


def test_what_a_later_configuration_would_have_been_enough_for() -> None:
    """Where it goes by what is applied, and counts by what it has."""
    before = server(BOTH, ONE, "v1", configurationIndex=1)
    said = told("CommitIsStored", "i = s1", before, {**before, "commitIndex": 3}, APPLIED)
    assert said == (
        "s1 commits index 3, which s1 alone has: 1 of the 2 voters of {s1 s2}, and no majority. "
        "By {s1}, at index 2, that would be enough."
    )


def test_c_new_is_not_what_c_old_new_leads_to() -> None:
    before = server(configuration("s2", old=("s1",)))
    after = server(configuration("s2", old=("s1",)), BOTH)
    assert told("NewFollowsCommittedJoint", "i = s1, index = 2", before, after) == (
        "s1 goes on from {s1}→{s2} to {s1 s2} at index 2, and C_old,new leads to its new voters "
        "alone."
    )


def test_what_is_applied_and_was_never_committed() -> None:
    after = server(BOTH, commit=1, configurationIndex=1)
    assert told("AppliedIsCommitted", "i = s1", server(BOTH), after, APPLIED) == (
        "s1 goes by {s1 s2}, which it applied at index 1, and which was never committed."
    )


def test_a_configuration_that_gives_way() -> None:
    before = server(BOTH, configurationIndex=1)
    assert told("ConfigurationMonotonic", "i = s1", before, server(BOTH), APPLIED) == (
        "s1 moves configurationIndex back, from 1 to 0."
    )


def test_of_what_is_not_known_nothing_is_told() -> None:
    """Nobody can say who has it where a snapshot does not tell what it stands for."""
    snapshot = {"lastIncludedIndex": 1, "lastIncludedTerm": 1}
    before = server("v1", snapshot=snapshot, commit=1)
    assert told("CommitIsStored", "i = s1", before, {**before, "commitIndex": 2}) == ""
    after = server("v1", commit=1)
    assert told("CommitIsStored", "i = s1", server("v1"), after, ()) == ""
