"""The story of a trace: golden texts that a person can read, and steps that are not Raft's."""

from pathlib import Path
from typing import Any

import pytest

from raft_ref.traces import JsonObject, Trace, TraceStep, Violation, read, tell
from tests.support.files import TRACES

GOLDEN = TRACES


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.story.txt")), ids=lambda path: path.stem)
def test_golden_stories(path: Path) -> None:
    """Each golden trace is told as its .story.txt has it; read the difference before you commit."""
    trace = read(path.with_name(path.name.replace(".story.txt", ".ndjson")))
    assert "\n".join(tell(trace)) + "\n" == path.read_text()


def test_every_golden_trace_has_its_story() -> None:
    assert {path.stem for path in GOLDEN.glob("*.ndjson")} == {
        path.name.removesuffix(".story.txt") for path in GOLDEN.glob("*.story.txt")
    }


def one_step(step: TraceStep, before: JsonObject | None = None) -> str:
    """Tell a trace of this one step, taken by s1 in the state `before`."""
    states: dict[str, JsonObject] = {"s1": before or {}, "s2": {}}
    (line,) = tell(Trace(("s1", "s2"), states, (step,)))
    return line.removeprefix("1. ")


def entry(term: int, value: str) -> dict[str, Any]:
    return {"term": term, "value": value}


@pytest.mark.parametrize(
    ("step", "before", "sentence"),
    [
        (
            TraceStep("Restart", "s1", changes={"votedFor": None, "commitIndex": 0}),
            {"votedFor": "s2", "commitIndex": 1},
            "s1 crashes and restarts: it forgets that it voted for s2, "
            "it forgets that it committed up to index 1.",
        ),
        (
            TraceStep("Tick", "s1", arguments={"by": 2}, changes={"x": 3}),
            {"x": 1},
            "s1 takes the step Tick (by 2): x: 1 -> 3.",
        ),
        (
            TraceStep("CompactLog", "s1", changes={"snapshot": {"index": 2}}),
            {},
            "s1 takes the step CompactLog: snapshot: unset -> {index: 2}.",
        ),
        (
            # The same names, but nothing that Raft would put there.
            TraceStep("Timeout", "s1", changes={"role": 3, "log": "", "currentTerm": None}),
            {"role": 2, "log": "abc", "currentTerm": "x"},
            's1 times out: role: 2 -> 3, log: abc -> "", currentTerm: x -> none.',
        ),
        (
            TraceStep("Work", "s1", changes={"log": [entry(2, "c")]}),
            {"log": [entry(1, "a"), entry(1, "b")]},
            "s1 takes the step Work: removes a (term 1) at index 1, removes b (term 1) at index 2, "
            "appends c (term 2) at index 1.",
        ),
        (
            TraceStep(
                "Work", "s1", sends=({"type": "Ping", "source": "s1", "dest": "s2", "n": 1},)
            ),
            {},
            "s1 takes the step Work: sends Ping(n 1) to s2.",
        ),
        (TraceStep("Work", "s1"), {}, "s1 takes the step Work: nothing changes."),
        (
            TraceStep("Work", "s1", history={"committed": [entry(1, "v1")]}),
            {},
            "s1 takes the step Work: committed is now [v1 (term 1)].",
        ),
    ],
)
def test_sentences(step: TraceStep, before: JsonObject, sentence: str) -> None:
    assert one_step(step, before) == sentence


def configuration(*voters: str) -> dict[str, Any]:
    return {"voters": [*voters], "outgoingVoters": [], "learners": []}


@pytest.mark.parametrize(
    ("step", "arguments", "opening"),
    [
        ("AddServer", {"peer": "s2"}, "s1 begins to add s2"),
        ("AddLearner", {"peer": "s2"}, "s1 begins to add the learner s2"),
        ("PromoteLearner", {"peer": "s2"}, "s1 begins to make the learner s2 a voter"),
        ("RemoveServer", {"peer": "s2"}, "s1 begins to remove s2"),
        ("RemoveServer", {"peer": "s1"}, "s1 begins to remove itself"),
        ("EnterJoint", {"voters": ["s1", "s2"]}, "s1 begins to change the voters to {s1 s2}"),
        ("LeaveJoint", {}, "s1 begins to leave C_old,new"),
        (
            "ChangeTo", {"configuration": configuration("s1", "s2")},
            "s1 begins to change the configuration to {s1 s2}",
        ),
        (
            "ChangeTo", {"changes": {"s2": None, "s3": "voter", "s4": "learner"}},
            "s1 begins to remove s2, make s3 a voter and make s4 a learner",
        ),
        (
            "ChangeTo", {"configuration": {"voters": ["s1", "s2"]}},
            "s1 begins to change the voters to {s1 s2}",
        ),
        ("ChangeConf", {"changes": {"s2": None}}, "s1 begins to remove s2"),
        ("ChangeTo", {"changes": {}, "isLeft": True}, "s1 begins to leave C_old,new"),
        ("Commit", {"index": 2}, "s1 commits what it may"),
        # Of somebody's own: as it stands.
        ("AddServer", {"name": 3}, "s1 takes the step AddServer (name 3)"),
    ],
)  # fmt: skip
def test_changes_of_membership(step: str, arguments: JsonObject, opening: str) -> None:
    made = TraceStep(step, "s1", arguments=arguments, changes={"log": [entry(1, "v1")]})
    said = f"{opening}: appends v1 (term 1) at index 1."
    assert one_step(made, {"log": []}) == said


def test_which_configuration_a_server_goes_by() -> None:
    log = [{"term": 1, "value": configuration("s2")}]
    state = {"bootstrap": configuration("s1"), "log": log, "configurationIndex": 0}
    features = ("Membership", "AppliedMembership")

    def told(**changes: Any) -> str:
        step = TraceStep("ApplyConfiguration", "s1", changes=changes)
        (line,) = tell(Trace(("s1",), {"s1": state}, (step,), features=features))
        return line.removeprefix("1. s1 applies a configuration: ")

    assert told(configurationIndex=1) == "goes by {s2} (index 1)."
    # Which one is not known.
    assert told(configurationIndex=2) == "configurationIndex: 0 -> 2."
    # As a refused line tells it.
    assert told(configuration=configuration("s3")) == "configuration: {s1} -> {s3}."
    state["configurationIndex"] = 3
    assert told(configuration=configuration("s3")) == "configuration: {s3}."
    assert told(configurationIndex=0) == "goes by {s1}, with which it began."


def test_a_violation_comes_last() -> None:
    violation = Violation("P", "\\A i :\n  x[i]", ("i = s1",))
    assert tell(Trace(("s1",), {"s1": {}}, violation=violation)) == [
        "",
        "P is violated:",
        "    \\A i :",
        "      x[i]",
        "    falsified by i = s1",
    ]
