"""What lines say against each other: refused at once, and told for what it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import following
from raft_ref.traces.validation.refusals.refusal import explained
from raft_ref.traces.validation.search import Search
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome, Verdict
from tests.support.recordings import verdict_on

Line = dict[str, Any]
ACCEPTED, REFUSED, INCONCLUSIVE = Outcome.ACCEPTED, Outcome.REFUSED, Outcome.INCONCLUSIVE
HEADER: Line = {
    "format": "raft-ref-trace", "version": 1, "servers": ["a", "b", "c"], "logged": "some",
}  # fmt: skip
ENDS = {"source": "a", "dest": "b"}
ELECTED: list[Line] = [
    {"step": "Timeout", "server": "a", "state": {"currentTerm": 1}},
    {
        "step": "Receive", "server": "b", "message": {"type": "RequestVoteRequest", **ENDS},
        "state": {"currentTerm": 1, "votedFor": "a"},
    },
    {"server": "a", "state": {"currentTerm": 1, "role": "Leader"}},
]  # fmt: skip
GROWN: list[Line] = [
    {"server": server, "state": {"currentTerm": 1, "role": role, "log": {"lastIndex": index}}}
    for index in range(1, 5)
    for server, role in (("a", "Leader"), ("b", "Follower"))
]
COMMITTED: Line = {"step": "Commit", "server": "a", "state": {"commitIndex": 2}}


@pytest.mark.parametrize(
    ("server", "state", "why"),
    [
        ("b", {"currentTerm": 1, "votedFor": "b"}, "in which it has voted for a"),
        ("b", {"currentTerm": 1, "votedFor": None}, "b "),
        ("b", {"currentTerm": 0}, "the term of b goes back from 1 to 0"),
        ("a", {"currentTerm": 1, "role": "Leader", "log": {"lastIndex": 2}}, "a loses indices"),
        ("b", {"commitIndex": 9, "log": {"lastIndex": 4}}, "b commits up to 9"),
    ],
)
def test_it_is_refused_whatever_a_server_does_that_logs_nothing(
    server: str, state: Line, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but what was said of `c` could explain it, in ways that nobody counts."""
    wrong = {"step": "Stay", "server": server, "state": state}
    monkeypatch.setattr(Search, "_all_readings", None)  # a look at all readings would fail
    for header in (HEADER, {**HEADER, "unlogged": ["c"]}):
        verdict = verdict_on([header, *ELECTED, *GROWN, wrong], tmp_path)
        assert (verdict.outcome, bool(verdict.contradiction)) == (REFUSED, True)
        assert verdict.line == 2 + len(ELECTED) + len(GROWN)
        assert why in explained(verdict).why


def test_a_commit_index_goes_back_as_a_server_restarts_and_else_not(tmp_path: Path) -> None:
    lines = [{**HEADER, "unlogged": []}, *ELECTED, *GROWN, COMMITTED]
    less = {"server": "a", "state": {"commitIndex": 0}}
    assert verdict_on([*lines, {**less, "step": "Restart"}], tmp_path).outcome is ACCEPTED
    assert verdict_on([*lines, less], tmp_path).outcome is ACCEPTED
    verdict = verdict_on([*lines, {**less, "step": "Stay"}], tmp_path)
    assert (verdict.outcome, bool(verdict.contradiction)) == (REFUSED, True)


def test_what_may_be_lost_at_a_restart_stands_against_nothing(tmp_path: Path) -> None:
    """It has asked for votes, so that its term was on the disk; the lines alone do not say so."""
    stood = {"step": "Timeout", "server": "c", "state": {"currentTerm": 1, "votedFor": "c"}}
    lost: Line = {"step": "Restart", "server": "c", "state": {"currentTerm": 0, "votedFor": None}}
    for unsynced in (0, 1):
        lines = [{**HEADER, "unlogged": [], "unsynced": unsynced}, stood, lost]
        verdict = verdict_on(lines, tmp_path)
        assert (verdict.outcome, bool(verdict.contradiction)) == (REFUSED, not unsynced)


REQUEST: Line = {
    "type": "AppendEntriesRequest", **ENDS, "term": 1, "prevLogIndex": 0, "prevLogTerm": 0,
    "entries": 0, "leaderCommit": 0,
}  # fmt: skip
ANSWER: Line = {
    "type": "AppendEntriesResponse", "source": "b", "dest": "a", "term": 1, "success": True,
}  # fmt: skip


@pytest.mark.parametrize("step", [None, "Receive", "Await", "Stay"])
def test_what_a_line_sends_is_looked_at_whatever_its_step_is(
    step: str | None, tmp_path: Path
) -> None:
    lines: list[Line] = [{**HEADER, "unlogged": []}, *ELECTED]
    line: Line = {"server": "b"} if step is None else {"server": "b", "step": step}
    if step == "Stay":
        lines.append({"step": "Receive", "server": "b", "message": REQUEST})
    else:
        line["message"] = REQUEST
    said = {**ANSWER, "matchIndex": 0}
    assert verdict_on([*lines, {**line, "sends": [said]}], tmp_path).outcome is ACCEPTED
    said = {**ANSWER, "matchIndex": 4}
    verdict = verdict_on([*lines, {**line, "sends": [said]}], tmp_path)
    assert (verdict.outcome, verdict.line) == (REFUSED, len(lines) + 1)
    assert "matchIndex" in explained(verdict).why
    assert "has sent b no" not in explained(verdict).why


def test_no_limit_of_the_search_keeps_a_refusal_from_being_told(tmp_path: Path) -> None:
    lines = [{**HEADER, "unlogged": []}, *ELECTED, {"server": "b", "state": {"role": "Leader"}}]
    verdict = verdict_on(lines, tmp_path)
    assert verdict.search is not None
    verdict.search.tries = 0  # as a look at all readings may leave it
    assert explained(verdict).why == "b leads term 1, for which it has not stood"


VOTES = {"step": "Stay", "server": "b", "state": {"currentTerm": 1, "votedFor": "b"}}


def test_behind_a_limit_lines_still_stand_against_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody follows the readings any more; what two lines say cannot be so in any of them."""
    monkeypatch.setattr(following, "TRIES", 0)
    told: list[str] = []

    def tell(verdict: Verdict) -> None:
        found = explained(verdict)
        told.append(found.why)
        assert found.trace.violation is not None

    lines = [{**HEADER, "unlogged": []}, *ELECTED, *GROWN]
    assert verdict_on(lines, tmp_path).outcome is INCONCLUSIVE
    path = tmp_path / "trace.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, VOTES]))
    verdict = validate(path, PROFILES["raft-ref"], on_refusal=tell)
    assert (verdict.outcome, verdict.line, verdict.given_up) == (REFUSED, len(lines) + 1, 2)
    assert told == [
        "b votes for b in term 1, in which it has voted for a (so the lines say alone; "
        "the readings were given up at line 2)"
    ]


@pytest.mark.parametrize("what", ["a change", "no trace"])
def test_behind_a_limit_nothing_is_said_of_what_the_spec_does_not_know(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "TRIES", 0)
    change: Line = {"step": "AddServer", "server": "a"} if what == "a change" else {"step": 7}
    lines = [{**HEADER, "unlogged": []}, *ELECTED, change, VOTES]
    assert verdict_on(lines, tmp_path).outcome is INCONCLUSIVE


def test_a_vote_is_taken_in_that_another_has(tmp_path: Path) -> None:
    lines: list[Line] = [
        {**HEADER, "unlogged": []}, *ELECTED[:2],
        {"step": "Timeout", "server": "c", "state": {"currentTerm": 1}},
        {
            "step": "Receive", "server": "c", "message": {
                "type": "RequestVoteResponse", "source": "b", "dest": "c", "term": 1,
                "voteGranted": True,
            },
        },
    ]  # fmt: skip
    verdict = verdict_on(lines, tmp_path)
    assert (verdict.outcome, verdict.line) == (REFUSED, 5)
    assert verdict.contradiction == "b gives c its vote of term 1, which a has"
