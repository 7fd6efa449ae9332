"""Which steps lead to a violation, and the sentence that says what went wrong."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest

from raft_ref.explorer.model.properties import Checker, Property
from raft_ref.explorer.results.behavior import violated_by
from raft_ref.traces import Trace, Violation, read
from raft_ref.traces.format.trace import TraceStep
from raft_ref.traces.sources.explored import arguments_to_json, message_to_json
from raft_ref.traces.story.causal_slice import causal_slice
from raft_ref.traces.story.what_went_wrong import what_went_wrong
from raft_ref.verify import ClusterRequest, GivenSizes, build
from raft_ref.zoo import EXPLORED
from tests.support.files import GALLERY, TRACES

FOUND = {
    # The steps that do not lead there, and what went wrong.
    "vote-not-persisted": ((), "s1 and s3 both lead term 1."),
    "term-not-persisted": (
        (),
        "s2 leads term 2 without the entry 1, which was committed in step 11.",
    ),
    "server-wiped": ((), "s2 leads term 2 without the entry 1, which was committed in step 8."),
    "vote-forgotten-in-same-term": ((), "s1 and s3 both lead term 1."),
    "older-vote-counted": ((), "s1 and s2 both lead term 2."),
    "duplicate-vote-counted": ((), "s1 and s3 both lead term 1."),
    "log-not-compared-before-vote": (
        (),
        "s3 leads term 2 without the entry 1, which was committed in step 8.",
    ),
    "quorum-of-half": ((), "s1 and s3 both lead term 1."),
    "older-term-committed": (
        (),
        "s2 leads term 4 without the entry 1, which was committed in step 19.",
    ),
    "commit-index-lowered": ((), "s2 moves commitIndex back, from 1 to 0."),
    "commit-index-beyond-verified": (
        (),
        "s1 takes v1 (term 1) for committed at index 1, "
        "but v1 (term 2) was committed there in step 11.",
    ),
    "last-index-acknowledged": (
        (),
        "s1 leads term 3 without the entry 1, which was committed in step 11.",
    ),
    "hint-taken-for-match": (
        (),
        "s3 takes v1 (term 4) for committed at index 2, "
        "but v1 (term 3) was committed there in step 19.",
    ),
    "match-index-moved-back": ((), "s1 moves matchIndex for s2 back, from 1 to 0."),
    "truncated-without-conflict": (
        (),
        "s2 leads term 2 without the entry 1, which was committed in step 9.",
    ),
    "next-index-moved-below-match": (
        (),
        "s1 is about to send s2 the entry 1, though it knows that all up to 1 match.",
    ),
    "prev-log-term-ignored": (
        (),
        "s1 and s2 have the same term at index 2, and yet differ at index 1.",
    ),
    "compacted-entries-appended-again": (
        (),
        "s1 and s2 hold different entries of the same term at index 2.",
    ),
    "snapshot-lowers-term": ((), "s3 moves currentTerm back, from 2 to 1."),
    "conflicting-log-kept": ((), "Along the log of s1 a term goes down."),
    "older-snapshot-overwrites-newer": (
        (),
        "s3 takes all up to 2 for committed, and has no entry 2.",
    ),
    "vote-written-before-term": ((), "s1 and s2 both lead term 1."),
    "sent-before-written": ((), "s1 and s2 both lead term 1."),
    "write-error-swallowed": (
        (),
        "s2 leads term 2 without the entry 1, which was committed in step 15.",
    ),
    "heartbeat-handled-concurrently": (
        (),
        "s3 leads term 2 without the entry 1, which was committed in step 14.",
    ),
}

CROWDED = {
    # The same of those that were found where two messages may be in flight, and no more.
    "older-term-committed": (6, 10, 16),
    "hint-taken-for-match": (7, 11, 23),
    "truncated-without-conflict": (7, 12),
    "snapshot-lowers-term": (7, 13),
}


@cache
def counterexample(name: str) -> Trace:
    """Return that of the gallery, which is what is shown now (test_gallery)."""
    return read(GALLERY / f"{name}.ndjson")


def violated(name: str, steps: Iterable[TraceStep]) -> Property | None:
    """Take the steps on the mutant, with room for messages; return what the last one violates."""
    cluster = build(ClusterRequest(bug=name, sizes=GivenSizes(max_messages=30)))
    system = cluster.system
    checker = Checker(system, cluster.properties)
    state, broken = system.initial(), None
    for step in steps:
        assert broken is None
        (transition,) = (
            each
            for each in system.steps(state, Counter())
            if each.names[0] == step.step
            and (event := system.event(each)).server == step.server
            and arguments_to_json(event.action) == step.arguments
            and (None if event.message is None else message_to_json(event.message)) == step.message
        )
        broken = violated_by(checker, state, transition)
        state = transition.after
    return broken


@pytest.mark.parametrize("name", FOUND)
def test_the_steps_that_lead_to_a_violation_suffice_for_it(name: str) -> None:
    trace = counterexample(name)
    matter = causal_slice(trace)
    steps = [step for number, step in enumerate(trace.steps, start=1) if number in matter]
    broken = violated(name, steps)
    assert broken is not None
    assert broken.name == EXPLORED[name].breaks
    beside = tuple(sorted({*range(1, len(trace.steps) + 1)} - matter))
    assert (beside, what_went_wrong(trace)) == FOUND[name]


@pytest.mark.parametrize("name", CROWDED)
def test_what_only_makes_room_leads_nowhere(name: str) -> None:
    trace = read(TRACES / "crowded" / f"{name}.ndjson")
    matter = causal_slice(trace)
    assert {*range(1, len(trace.steps) + 1)} - matter == {*CROWDED[name]}
    broken = violated(name, (trace.steps[number - 1] for number in sorted(matter)))
    assert broken is not None
    assert broken.name == EXPLORED[name].breaks


def test_what_is_no_counterexample_of_raft_is_left_alone() -> None:
    trace = counterexample("quorum-of-half")
    every = frozenset(range(1, len(trace.steps) + 1))
    for violation in (
        None,
        Violation("ElectionSafety"),
        Violation("ElectionSafety", instances=("i = nobody",)),
        Violation("line 7", is_refusal=True, instances=("i = s1",)),
        Violation("LeaderCompleteness", instances=("index = many",)),
    ):
        assert causal_slice(replace(trace, violation=violation)) == every
        assert what_went_wrong(replace(trace, violation=violation)) == ""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("commit-scan-stops-at-older-term", "A commit is due"),
        ("removed-node-retires-early", "A change of membership was begun"),
        ("joint-configuration-stuck", "C_old,new is in force"),
    ],
)
def test_a_progress_that_is_not_made_is_told(name: str, told: str) -> None:
    trace = counterexample(name)
    assert what_went_wrong(trace).startswith(told)
    assert causal_slice(trace) == frozenset(range(1, len(trace.steps) + 1))


def test_a_step_too_few_and_the_violation_is_gone() -> None:
    """The test above can fail: without its last vote there is no second leader."""
    trace = counterexample("vote-not-persisted")
    assert violated("vote-not-persisted", trace.steps) is not None
    assert violated("vote-not-persisted", trace.steps[:-1]) is None


def test_a_step_that_the_spec_forbids_is_told() -> None:
    assert what_went_wrong(counterexample("higher-term-in-response-ignored")) == (
        "The last step is none of Raft.tla: currentTerm[s1]: the node has 1, the spec has 2."
    )


def test_who_can_agree_on_what_is_told_of_two_configurations() -> None:
    trace = counterexample("single-server-change-without-barrier")
    assert what_went_wrong(trace) == (
        "s1 goes by {s2 s3 s4}, s2 by {s1 s3 s4}: s2 and s3 can agree on one thing, s1 and s4 on "
        "another."
    )
