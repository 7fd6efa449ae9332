"""Behind a refused line: what else is refused, going on from what that line shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import Fault, FileReport, Outcome, ValidationRequest, validate
from raft_ref.traces.validation.onward import DEPARTED, behind
from raft_ref.traces.validation.rules.matching import message_to_json

HEADER = {
    "format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2", "s3"], "logged": "some",
    "unlogged": [],
}  # fmt: skip


def asked(source: str) -> dict[str, Any]:
    return {"type": "RequestVoteRequest", "source": source, "dest": "s2"}


def voted(dest: str) -> dict[str, Any]:
    return {"type": "RequestVoteResponse", "source": "s2", "dest": dest}


TWO_LEADERS: list[dict[str, Any]] = [
    HEADER,
    {"step": "Timeout", "server": "s1"},
    {"step": "Receive", "server": "s2", "message": asked("s1"), "state": {"votedFor": "s1"}},
    {"step": "Restart", "server": "s2", "state": {"currentTerm": 1, "votedFor": None}},
    {"step": "Timeout", "server": "s3", "state": {"currentTerm": 1}},
    {"step": "Receive", "server": "s2", "message": asked("s3"), "state": {"votedFor": "s3"}},
    {"step": "Receive", "server": "s1", "message": voted("s1"), "state": {"role": "Leader"}},
    {"step": "Receive", "server": "s3", "message": voted("s3"), "state": {"role": "Leader"}},
    {"step": "Stay", "server": "s3", "state": {"role": "Leader"}},
    {"step": "Stay", "server": "s1", "state": {"matchIndex": {"s2": 4}}},
    {"step": "Stay", "server": "s1", "state": {"commitIndex": 0, "matchIndex": {"s2": 4}}},
]
"""A vote that is forgotten, and what comes of it; and something else."""


def found_in(lines: list[dict[str, Any]], folder: Path, *, goes_on: bool = True) -> FileReport:
    path = folder / "faults.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    request = ValidationRequest((path,), PROFILES["raft-ref"], goes_on=goes_on)
    (found,) = request.run().files
    return found


def test_each_fault_is_told_and_the_first_is_the_verdict(tmp_path: Path) -> None:
    found = found_in(TWO_LEADERS, tmp_path)
    assert (found.outcome, found.line) == (Outcome.REFUSED, 4)
    assert found.refusal is not None
    assert found.refusal.why == "s2 restarts and forgets that it voted for s1 in term 1"
    # A property that is broken stays so, and what a line has shown is believed from then on.
    assert found.more == (
        Fault(8, "breaks ElectionSafety: s1 and s3 both lead term 1"),
        Fault(10, "s1 takes s2 to hold its log up to 4, and knows of 0"),
    )
    assert found_in(TWO_LEADERS, tmp_path, goes_on=False).more == ()


def test_behind_a_fault_what_is_as_it_should_be_is_no_fault(tmp_path: Path) -> None:
    sent = {**voted("s1"), "term": 1, "voteGranted": True}
    lines = [
        *TWO_LEADERS[:2],
        {**TWO_LEADERS[2], "state": {"currentTerm": 1, "votedFor": None}},
        {"step": "Send", "server": "s2", "message": sent, "state": {"votedFor": None}},
        {"step": "Receive", "server": "s1", "message": sent, "state": {"role": "Leader"}},
    ]
    found = found_in(lines, tmp_path)
    assert (found.line, found.more) == (4, ())


@pytest.mark.parametrize(
    "state",
    [
        {"log": {"lastIndex": 3, "lastTerm": 1}, "currentTerm": 1},
        {"log": [{"term": 1, "value": "x"}, {"term": 1}], "currentTerm": 1},
        {"snapshot": {"lastIncludedIndex": 5, "lastIncludedTerm": 1}, "commitIndex": 5,
         "currentTerm": 1},
        {"votesGranted": ["s2"], "nextIndex": {"s1": 4}, "matchIndex": [1, 0, 2]},
        {"role": "Leader", "currentTerm": 7, "votedFor": "s3"},
    ],
)  # fmt: skip
def test_whatever_a_line_shows_is_so_behind_it(state: dict[str, Any], tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {**HEADER, "silent": {}},
        {"step": "Stay", "server": "s3", "state": {"currentTerm": 0}},
        *[{"step": "Stay", "server": "s3", "state": state}] * 3,
    ]
    found = found_in(lines, tmp_path)
    assert (found.outcome, found.line, found.more) == (Outcome.REFUSED, 3, ())


@pytest.mark.parametrize(
    ("sends", "is_whole", "sent"),
    [
        ({**voted("s1"), "voteGranted": False}, True, [{**voted("s1"), "term": 1,
                                                       "voteGranted": False}]),
        ({**asked("s2"), "dest": "s1", "term": 1}, False, []),
    ],
)  # fmt: skip
def test_what_a_line_sends_is_completed_by_what_the_spec_would_send_or_is_not_known(
    sends: dict[str, Any], is_whole: bool, sent: list[dict[str, Any]], tmp_path: Path
) -> None:
    told = {**TWO_LEADERS[2], "state": {"currentTerm": 1, "votedFor": "s3"}, "sends": [sends]}
    path = tmp_path / "departs.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in [*TWO_LEADERS[:2], told]))
    verdict = validate(path, PROFILES["raft-ref"])
    assert verdict.outcome is Outcome.REFUSED
    world = behind(verdict)
    assert world is not None
    assert world.path is not None
    assert (world.path.action, world.path.server) == (DEPARTED, "s2")
    assert [message_to_json(each) for each in world.path.sends] == sent
    assert (behind(verdict, needs_messages=True) is not None) == is_whole


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found_in(TWO_LEADERS, tmp_path)
    path = str(tmp_path / "faults.ndjson")
    assert main(["validate", "--keep-going", path]) == 1
    said = capsys.readouterr().out
    assert "  line 8: breaks ElectionSafety: s1 and s3 both lead term 1\n" in said
    assert "(perhaps a consequence)" in said
    assert main(["validate", "--keep-going", "--json", path]) == 1
    assert [each["line"] for each in json.loads(capsys.readouterr().out)["traces"][0]["more"]] == [
        8, 10,
    ]  # fmt: skip
    assert main(["validate", "--keep-going", "--reorder", "3", path]) == 2
    assert capsys.readouterr().err == "raft-ref: --keep-going: not with --reorder\n"


def test_it_ends_where_nothing_more_is_to_be_learnt(tmp_path: Path) -> None:
    wrong = [{"step": "Stay", "server": "s1", "state": {"currentTerm": 50 - n}} for n in range(40)]
    found = found_in([{**HEADER, "initial": {"s1": {"currentTerm": 60}}}, *wrong], tmp_path)
    assert len(found.more) == 20
    assert found.given_up == "line 22: there are 20 more faults"
