"""The sentence of what went wrong says what the states show, and nothing that they do not."""

from typing import Any

import pytest

from raft_ref.traces import JsonObject, Trace, TraceStep, Violation, tell
from raft_ref.traces.story.what_went_wrong import what_went_wrong

ONE, OTHER = {"term": 1, "value": "a"}, {"term": 2, "value": "b"}
SAFETY, SNAPSHOT = "StateMachineSafety", "SnapshotCommitted"


def server(*log: JsonObject, commit: int = 0, compacted: int = 0) -> dict[str, Any]:
    """Return the variables of a server that leads term 2."""
    return {
        "currentTerm": 2,
        "role": "Leader",
        "log": [*log],
        "commitIndex": commit,
        "snapshot": {"lastIncludedIndex": compacted, "lastIncludedTerm": 1},
    }


def trace(
    prop: str,
    instance: str,
    before: dict[str, Any],
    after: dict[str, Any],
    committed: JsonObject | None = None,
    formula: str = "",
) -> Trace:
    """Return two steps of s1, by the first of which something may be committed."""
    history = {} if committed is None else {"committed": [{**committed, "committedIn": 2}]}
    steps = (TraceStep("Tick", "s1", history=history), TraceStep("Tick", "s1", changes=after))
    violation = Violation(prop, formula, (instance,))
    return Trace(("s1", "s2"), {"s1": before, "s2": {}}, steps, violation=violation)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            trace(SAFETY, "i = s1, index = 1", server(), server(ONE, commit=1), OTHER),
            "s1 takes a (term 1) for committed at index 1, but b (term 2) was committed there in "
            "step 1.",
        ),
        (  # Where there is no entry, none is another one.
            trace("StateMachineSafety", "i = s1, index = 2", server(), server(ONE, commit=3), ONE),
            "s1 takes all up to 3 for committed, and has no entry 2.",
        ),
        (  # What was never committed has no other in its place.
            trace("StateMachineSafety", "i = s1, index = 1", server(), server(ONE, commit=1)),
            "s1 takes its entry 1 for committed, which never was.",
        ),
        (
            trace(
                "StateMachineSafety", "i = s1, index = 1",
                server(), server(commit=1, compacted=1), OTHER,
            ),
            "s1 holds what was not committed at index 1 in its snapshot: b (term 2) was in step 1.",
        ),
        (
            trace("SnapshotCommitted", "i = s1", server(), server(commit=1, compacted=2)),
            "The snapshot of s1 goes up to 2, beyond its commitIndex 1.",
        ),
        (
            trace(SNAPSHOT, "i = s1, index = 1", server(), server(commit=1, compacted=1)),
            "The snapshot of s1 includes what was not committed.",
        ),
        (
            trace("LeaderAppendOnly", "i = s1", server(ONE, OTHER), server(ONE)),
            "s1 leads, and removes entries of its own log: of 2 it keeps 1.",
        ),
        (
            trace("LeaderAppendOnly", "i = s1, index = 1", server(ONE), server(OTHER)),
            "s1 leads, and overwrites the entry 1 of its own log.",
        ),
        (
            trace(
                "StepRefinement", "role[s1] differs", server(), server(),
                formula="every step of a server is a step of MyRaft",
            ),
            "The last step is none of MyRaft.tla: role[s1] differs.",
        ),
        (trace("Other", "i = s1", server(), server()), ""),
    ],
)  # fmt: skip
def test_it_is_made_of_the_evidence(wrong: Trace, sentence: str) -> None:
    assert what_went_wrong(wrong) == sentence


def test_it_stands_in_the_story() -> None:
    wrong = trace("LeaderAppendOnly", "i = s1", server(ONE, OTHER), server(ONE), formula="F")
    assert tell(wrong)[-3:] == [
        "LeaderAppendOnly is violated: s1 leads, and removes entries of its own log: of 2 it "
        "keeps 1.",
        "    F",
        "    falsified by i = s1",
    ]
