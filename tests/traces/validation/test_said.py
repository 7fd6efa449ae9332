"""What a trace can say: whose log is missing, what was applied, what is on the disk."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raft_ref.traces import TraceError, draw, tell
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import Lines, Outcome, Recording, explained, validate
from tests.support.recordings import verdict_on

Line = dict[str, Any]
ACCEPTED, REFUSED, INCONCLUSIVE = Outcome.ACCEPTED, Outcome.REFUSED, Outcome.INCONCLUSIVE

BARE = {"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2", "s3"], "logged": "some"}
ALL_LOG = {**BARE, "unlogged": [], "silent": {"Send": 1}}
"""Nobody's log is missing, and nothing but what is sent is left out."""


def line(step: str, server: str, **state: Any) -> Line:
    return {"step": step, "server": server, "state": state}


def of(step: str, server: str, kind: str, source: str, dest: str, **fields: Any) -> Line:
    message = {"type": kind, "source": source, "dest": dest, **fields}
    return {"step": step, "server": server, "message": message}


def asked(dest: str) -> Line:
    return of("Receive", dest, "RequestVoteRequest", "s1", dest)


def voted(source: str) -> Line:
    return of("Receive", "s1", "RequestVoteResponse", source, "s1", voteGranted=True)


def taken(**fields: Any) -> Line:
    return of("Receive", "s2", "AppendEntriesRequest", "s1", "s2", **fields)


def acknowledged(index: int) -> Line:
    return of("Receive", "s1", "AppendEntriesResponse", "s2", "s1", success=True, matchIndex=index)


def requested(value: str) -> Line:
    return {"step": "ClientRequest", "server": "s1", "arguments": {"value": value}}


def applied(server: str, index: int | None = None, value: str | None = None) -> Line:
    told = {"index": index, "value": value}
    arguments = {name: each for name, each in told.items() if each is not None}
    return {"step": "Apply", "server": server, "arguments": arguments}


def shows(server: str, **state: Any) -> Line:
    return line("Stay", server, **state)


def outcome_of(lines: list[Line], folder: Path) -> tuple[Outcome, int | None]:
    verdict = verdict_on(lines, folder)
    return verdict.outcome, verdict.line


WON = [
    line("Timeout", "s1", currentTerm=1),
    asked("s2"),
    {**voted("s2"), "state": {"role": "Leader"}},
]

# ---- Whose log is missing

BY_S2 = [line("Timeout", "s1", currentTerm=1), {"server": "s1", "state": {"role": "Leader"}}]
"""s1 leads, and no line tells of a vote."""


def test_who_is_not_logged_does_what_explains_the_others(tmp_path: Path) -> None:
    assert outcome_of([{**BARE, "unlogged": ["s2", "s3"]}, *BY_S2], tmp_path) == (ACCEPTED, None)
    assert outcome_of([{**BARE, "unlogged": ["s3"]}, *BY_S2], tmp_path) == (ACCEPTED, None)
    assert outcome_of([{**BARE, "unlogged": []}, *BY_S2], tmp_path) == (REFUSED, 3)


def test_without_a_word_on_it_nobody_can_say(tmp_path: Path) -> None:
    verdict = verdict_on([BARE, *BY_S2], tmp_path)
    assert (verdict.outcome, verdict.line) == (INCONCLUSIVE, 3)
    assert verdict.reason.startswith("s2, s3 logs nothing, and may have done what explains it")
    heard = verdict_on([BARE, *BY_S2, shows("s2", currentTerm=1)], tmp_path)
    assert (heard.outcome, heard.reason.partition(" ")[0]) == (INCONCLUSIVE, "s3")


@pytest.mark.parametrize(
    "wrong",
    [
        shows("s1", currentTerm=0),
        shows("s1", votedFor="s2"),
        line("Restart", "s1", votedFor=None, currentTerm=1),
        of("Send", "s1", "AppendEntriesRequest", "s1", "s2", entries=3, leaderCommit=3),
    ],
)
def test_what_they_cannot_have_caused_is_refused(wrong: Line, tmp_path: Path) -> None:
    header = {**BARE, "unlogged": ["s2", "s3"], "silent": {"Send": 1}}
    assert outcome_of([header, *BY_S2, wrong], tmp_path) == (REFUSED, 4)


@pytest.mark.parametrize(
    ("header", "line", "reason"),
    [
        ({"unlogged": "s3"}, BY_S2[0], '1: "unlogged" must be a list of servers'),
        ({"unlogged": ["s4"]}, BY_S2[0], '1: "unlogged" must be a list of servers'),
        ({"unlogged": [3]}, BY_S2[0], '1: "unlogged" must be a list of servers'),
        ({"unlogged": [["s3"]]}, BY_S2[0], '1: "unlogged" must be a list of servers'),
        ({"unlogged": ["s1"]}, BY_S2[0], '2: a line of s1, which the header says is "unlogged"'),
        ({"unsynced": -1}, BY_S2[0], '1: "unsynced" must be a number up to 4096'),
        ({"unsynced": "all"}, BY_S2[0], '1: "unsynced" must be a number up to 4096'),
        ({"unsynced": 4097}, BY_S2[0], '1: "unsynced" must be a number up to 4096'),
        ({"unsynced": True}, BY_S2[0], '1: "unsynced" must be a number up to 4096'),
        ({"silent": {"Send": -1}}, BY_S2[0], '1: "silent" must say for moves how many'),
        ({"silent": {"Send": 1.5}}, BY_S2[0], '1: "silent" must say for moves how many'),
        ({"silent": {"Sent": 1}}, BY_S2[0], '1: "silent" must say for moves how many'),
        ({}, {**BY_S2[0], "commitIndexAtLeast": -1}, '2: "commitIndexAtLeast" must be an index'),
        ({}, {**BY_S2[0], "commitIndexAtLeast": "1"}, '2: "commitIndexAtLeast" must be an index'),
        ({}, {**applied("s1"), "arguments": {"index": "1"}}, '2: Apply needs the argument "index"'),
        ({}, {**applied("s1"), "arguments": {"index": -1}}, '2: "index" must be a number from 0'),
        ({}, {**applied("s1"), "arguments": {"value": 1}}, '2: Apply needs the argument "value"'),
        ({}, {**applied("s1"), "arguments": None}, '2: "arguments" must be an object'),
    ],
)
def test_a_mistake_is_one_clear_line(header: Line, line: Line, reason: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError) as error:
        verdict_on([{**BARE, **header}, line], tmp_path)
    told = str(error.value)
    assert told.startswith(f"{tmp_path / 'trace.ndjson'}:{reason}")
    assert "\n" not in told


# ---- What was applied

THREE = [*WON, requested("x"), requested("y"), requested("z")]
COMMITTED = [
    *THREE, taken(entries=3), {**acknowledged(3), "state": {"commitIndex": 3}},
    {**taken(leaderCommit=2), "state": {"commitIndex": 2}},
]  # fmt: skip
"""Three entries are committed, and s2 knows of two."""


@pytest.mark.parametrize(
    "applying",
    [
        [applied("s2", 1, "x"), applied("s2", 2, "y")],
        [applied("s2", 1), applied("s2")],
        [applied("s2", 1, "x"), applied("s2", value="y")],
        [applied("s1", 1, "x"), applied("s1", 2, "y"), applied("s1", 3, "z")],
        [applied("s2", 1), applied("s1", 1), applied("s2", 2), applied("s1", 2)],
        [applied("s2", 1), line("Restart", "s2"), applied("s2", 1), applied("s2", 2)],
        [applied("s2", 1), applied("s2", 2), line("Restart", "s2"), applied("s2", 2)],
        [applied("s2", 2, "y")],
    ],
)
def test_what_is_committed_is_applied_in_order(applying: list[Line], tmp_path: Path) -> None:
    """From the first one that a line tells of, and after a restart from anywhere."""
    header = {**ALL_LOG, "unlogged": ["s3"]}
    assert outcome_of([header, *COMMITTED, *applying], tmp_path) == (ACCEPTED, None)


@pytest.mark.parametrize(
    "applying",
    [
        [applied("s1", 1), applied("s1", 3)],
        [applied("s1", 1), applied("s1", 1)],
        [applied("s1", 2), applied("s1", 1)],
        [applied("s2", 1, "y")],
        [applied("s2", 1), applied("s2", value="x")],
        [applied("s1", 4)],
        [applied("s1", 0)],
    ],
)
def test_what_is_applied_otherwise_is_refused(applying: list[Line], tmp_path: Path) -> None:
    header = {**ALL_LOG, "unlogged": []}
    lines = [header, *COMMITTED, *applying]
    assert outcome_of(lines, tmp_path) == (REFUSED, len(lines))


def test_nothing_is_applied_ahead_of_the_commit_index(tmp_path: Path) -> None:
    """As nobody can have told of it yet; what a leader has told may be known by then."""
    header = {**ALL_LOG, "silent": {}}
    sent = of("Send", "s1", "AppendEntriesRequest", "s1", "s2", entries=1, leaderCommit=0)
    early = [*WON, requested("x"), sent, taken(entries=1), applied("s2", 1, "x")]
    assert outcome_of([header, *early], tmp_path) == (REFUSED, 8)
    assert outcome_of([ALL_LOG, *COMMITTED[:-1], applied("s2", 3)], tmp_path) == (ACCEPTED, None)
    assert outcome_of([ALL_LOG, *COMMITTED[:-2], applied("s2", 3)], tmp_path)[0] is REFUSED


@pytest.mark.parametrize(
    ("applying", "why"),
    [
        ([applied("s1", 1), applied("s1", 3)], "s1 applies index 3, and index 2 is the next"),
        ([applied("s2", 2, "z")], "s2 applies z at index 2, and not y (term 1)"),
        ([applied("s1", 4)], "s1 applies index 4, and its log is committed up to 3"),
    ],
)
def test_a_sentence_says_what_is_wrong_with_it(
    applying: list[Line], why: str, tmp_path: Path
) -> None:
    refusal = explained(verdict_on([ALL_LOG, *COMMITTED, *applying], tmp_path))
    assert refusal.why == why
    wrong = applying[-1]["arguments"]
    told = f"{wrong.get('value', 'the entry')} at index {wrong['index']}"
    assert any(f"applies {told}" in each for each in tell(refusal.trace))
    assert why in draw(refusal.trace).source
    assert refusal.trace.violation is not None
    assert refusal.trace.violation.formula == "Apply: no reading has such a step"


def test_which_entry_is_applied_first_has_to_be_told(tmp_path: Path) -> None:
    verdict = verdict_on([ALL_LOG, *COMMITTED, applied("s1")], tmp_path)
    assert (verdict.outcome, verdict.line) == (INCONCLUSIVE, 11)
    assert verdict.reason == "which entry s1 applies first is not logged"


def test_behind_a_snapshot_that_was_installed_the_next_entry_is_applied(tmp_path: Path) -> None:
    held = {"lastIncludedIndex": 2, "lastIncludedTerm": 1, "data": ["x", "y"]}
    leads = {
        "currentTerm": 1, "votedFor": "s1", "role": "Leader", "commitIndex": 3, "snapshot": held,
        "log": [{"term": 1, "value": "z"}], "matchIndex": [0, 0, 3],
    }  # fmt: skip
    has_one = {"currentTerm": 1, "log": [{"term": 1, "value": "x"}], "commitIndex": 1}
    header = {**ALL_LOG, "unlogged": ["s3"], "initial": {"s1": leads, "s2": has_one}}
    lines = [
        header, applied("s2", 1, "x"),
        of("Send", "s1", "InstallSnapshotRequest", "s1", "s2", snapshot=held),
        {**of("Receive", "s2", "InstallSnapshotRequest", "s1", "s2"),
         "state": {"snapshot": {"lastIncludedIndex": 2}}},
        taken(prevLogIndex=2, entries=1, leaderCommit=3),
    ]  # fmt: skip
    assert outcome_of([*lines, applied("s2", 3, "z")], tmp_path) == (ACCEPTED, None)
    for wrong in (applied("s2", 3, "y"), applied("s2", 4), applied("s2", 1)):
        assert outcome_of([*lines, wrong], tmp_path) == (REFUSED, 6)


def test_a_commit_index_may_be_known_to_be_so_much_at_least(tmp_path: Path) -> None:
    least = {**shows("s2"), "commitIndexAtLeast": 1}
    assert outcome_of([ALL_LOG, *COMMITTED, least], tmp_path) == (ACCEPTED, None)
    assert outcome_of([ALL_LOG, *COMMITTED, {**least, "commitIndexAtLeast": 4}], tmp_path) == (
        REFUSED, 11,
    )  # fmt: skip
    unknown = [*COMMITTED[:-1], {**taken(), "commitIndexAtLeast": 3}]
    assert outcome_of([ALL_LOG, *unknown], tmp_path) == (ACCEPTED, None)
    after = [*unknown, shows("s2", commitIndex=2)]
    assert outcome_of([ALL_LOG, *after], tmp_path) == (REFUSED, 11)


# ---- What nobody can say


def test_it_is_said_in_what_the_readings_differ(tmp_path: Path) -> None:
    """Requests that no line tells of: nobody knows how long the log is, until a line says so."""

    def with_few(read: Lines) -> Recording:
        recording = PROFILES["raft-ref"](read)
        return replace(recording, liberties=replace(recording.liberties, candidates=3))

    header = {**BARE, "unlogged": [], "silent": {"ClientRequest": 8}}
    sent = of("Send", "s1", "AppendEntriesRequest", "s1", "s2")
    lines = [header, *WON, sent, shows("s1", commitIndex=1)]
    path = tmp_path / "open.ndjson"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    verdict = validate(path, with_few)
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.reason.endswith("they differ in log of s1: to log that would tell")
    lines[4] = {**sent, "state": {"log": {"lastIndex": 1}}}
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    assert validate(path, with_few).outcome is REFUSED


# ---- What is on the disk

STORED = {**ALL_LOG, "unsynced": 8}
ONE = [*WON, requested("x"), {**taken(entries=1), "state": {"log": {"lastIndex": 1}}}]
LOST = {"log": {"lastIndex": 0}}


def test_a_log_falls_back_apart_from_the_term(tmp_path: Path) -> None:
    """A grant has told of the term and the vote, and of no entry."""
    lost = [*ONE, line("Restart", "s2", currentTerm=1, votedFor="s1", **LOST)]
    assert outcome_of([STORED, *lost], tmp_path) == (ACCEPTED, None)
    assert outcome_of([ALL_LOG, *lost], tmp_path) == (REFUSED, 7)
    forgets = [*ONE, line("Restart", "s2", currentTerm=0, votedFor=None, **LOST)]
    assert outcome_of([STORED, *forgets], tmp_path) == (REFUSED, 7)


@pytest.mark.parametrize(
    ("promise", "outcome"),
    [
        (of("Send", "s2", "AppendEntriesResponse", "s2", "s1", success=False), ACCEPTED),
        (of("Send", "s2", "RequestVoteResponse", "s2", "s1", voteGranted=True), ACCEPTED),
        (of("Send", "s2", "AppendEntriesResponse", "s2", "s1", success=True, matchIndex=0),
         ACCEPTED),
        (of("Send", "s2", "AppendEntriesResponse", "s2", "s1", success=True, matchIndex=1),
         REFUSED),
        (acknowledged(1), REFUSED),
    ],
)  # fmt: skip
def test_what_is_acknowledged_is_not_lost(promise: Line, outcome: Outcome, tmp_path: Path) -> None:
    lines = [STORED, *ONE, promise, line("Restart", "s2", **LOST)]
    assert outcome_of(lines, tmp_path) == (outcome, None if outcome is ACCEPTED else 8)


def test_what_a_leader_counts_itself_for_is_not_lost(tmp_path: Path) -> None:
    """The quorum of a commit is the leader and another."""
    lost = line("Restart", "s1", **LOST)
    before = [STORED, *WON, requested("x")]
    assert outcome_of([*before, lost], tmp_path) == (ACCEPTED, None)
    committed = [*before, taken(entries=1), {**acknowledged(1), "state": {"commitIndex": 1}}]
    assert outcome_of([*committed, lost], tmp_path) == (REFUSED, 8)


def test_no_more_is_lost_than_may_be(tmp_path: Path) -> None:
    """Two steps are not yet on the disk, or one: then the entry of the first is."""
    lines = [*WON, requested("x"), requested("y"), line("Restart", "s1", log={"lastIndex": 0})]
    assert outcome_of([{**STORED, "unsynced": 2}, *lines], tmp_path) == (ACCEPTED, None)
    assert outcome_of([{**STORED, "unsynced": 1}, *lines], tmp_path) == (REFUSED, 7)


# ---- What is received without a line


def test_a_line_without_a_step_takes_in_what_was_sent_in_silence(tmp_path: Path) -> None:
    header = {**BARE, "unlogged": ["s3"], "silent": {"Send": 1}}
    lines = [header, *WON, requested("x"), requested("y")]
    for log, outcome in (
        ({"lastIndex": 1, "lastTerm": 1}, ACCEPTED),
        ([{"term": 1, "value": "x"}, {"term": 1, "value": "y"}], ACCEPTED),
        ({"lastIndex": 3, "lastTerm": 1}, REFUSED),
        ([{"term": 1, "value": "y"}], REFUSED),
    ):
        shown = {"server": "s2", "state": {"log": log}}
        assert verdict_on([*lines, shown], tmp_path).outcome is outcome
    told = [{**header, "silent": {}}, *lines[1:]]
    shown = {"server": "s2", "state": {"log": [{"term": 1}]}}
    assert verdict_on([*told, shown], tmp_path).outcome is REFUSED
