"""A trace begins anywhere: in the middle of a life, behind a snapshot, in the words of etcd."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import Lines, Outcome, Verdict, validate

HEADER = {"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2"], "logged": "some"}
ACCEPTED, REFUSED, INCONCLUSIVE = Outcome.ACCEPTED, Outcome.REFUSED, Outcome.INCONCLUSIVE
Line = dict[str, Any]
TO_STAND = {"step": "Timeout", "server": "s1", "state": {"currentTerm": 9}}


def snapshot(index: int, term: int) -> dict[str, int]:
    return {"lastIncludedIndex": index, "lastIncludedTerm": term}


def verdict_on(lines: list[Any], folder: Path, profile: str = "raft-ref") -> Verdict:
    path = folder / "trace.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return validate(path, PROFILES[profile])


@pytest.mark.parametrize(
    "known",
    [
        {"log": {"lastIndex": 1, "lastTerm": 1}},
        {"log": {"lastIndex": 70, "lastTerm": 8}},
        {"commitIndex": 1, "snapshot": snapshot(1, 1), "log": []},
        {"commitIndex": 13, "snapshot": snapshot(13, 8)},
        {"snapshot": snapshot(2, 1), "log": {"lastIndex": 5, "lastTerm": 3}},
    ],
)
@pytest.mark.parametrize("others", [0, 1])
def test_a_log_that_is_known_in_part_comes_to_an_end(
    known: dict[str, Any], others: int, tmp_path: Path
) -> None:
    """Who is not logged may be in any state, and may have told of any term."""
    state = {"currentTerm": 8, **known}
    initial = dict(zip(["s1", "s2"], [state] * (1 + others), strict=False))
    verdict = verdict_on([{**HEADER, "initial": initial}, TO_STAND], tmp_path)
    assert verdict.outcome is ACCEPTED
    wrong = {**TO_STAND, "state": {"currentTerm": 10}}
    verdict = verdict_on([{**HEADER, "initial": initial}, wrong], tmp_path)
    assert (verdict.outcome, verdict.line) == (INCONCLUSIVE, 2)
    header = {**HEADER, "initial": initial, "unlogged": []}
    verdict = verdict_on([header, wrong], tmp_path)
    assert (verdict.outcome, verdict.line) == (REFUSED, 2)


def test_a_server_starts_with_what_its_first_line_says(tmp_path: Path) -> None:
    state = {"currentTerm": 8, "commitIndex": 1, "log": [{"term": 1, "value": "config"}]}
    start = {"step": "Start", "server": "s1", "state": state}
    assert verdict_on([HEADER, start, TO_STAND], tmp_path).outcome is ACCEPTED
    again = verdict_on([HEADER, start, TO_STAND, start], tmp_path)
    assert (again.outcome, again.line) == (REFUSED, 4)


def test_without_that_it_starts_as_in_init(tmp_path: Path) -> None:
    assert verdict_on([{**HEADER, "unlogged": []}, TO_STAND], tmp_path).outcome is REFUSED
    # Unless the other one, of which no line tells, has stood for that term before.
    assert verdict_on([HEADER, TO_STAND], tmp_path).outcome is INCONCLUSIVE
    first = {**TO_STAND, "state": {"currentTerm": 1}}
    assert verdict_on([HEADER, first], tmp_path).outcome is ACCEPTED


# ---- etcd


def etcd_line(name: str, server: str = "1", term: int = 0, **more: Any) -> dict[str, Any]:
    vote, role = ("0", "StateFollower") if not term else (server, "StateCandidate")
    line = {
        "name": name, "nid": server, "role": role, "log": 10, "conf": [["1", "2", "3"], []],
        "state": {"term": term, "vote": vote, "commit": 10}, **more,
    }  # fmt: skip
    return {"tag": "trace", "event": line}


def behind_a_snapshot(index: int | None) -> list[dict[str, Any]]:
    """Return how a cluster begins with ten entries that no line tells of."""
    found = []
    for server in ("1", "2", "3"):
        state = {"term": 0, "vote": "0", "commit": 10}
        if index is not None:
            state |= {"snapshotIndex": index, "snapshotTerm": 1}
        found.append(etcd_line("InitState", server, conf=[[], []], state=state))
        found.append(etcd_line("BecomeFollower", server, state=state))
    return [*found, etcd_line("BecomeCandidate", term=1)]


def asks_for_a_vote(log_term: int) -> dict[str, Any]:
    message = {"type": "MsgVote", "from": "1", "to": "2", "term": 1, "index": 10}
    return etcd_line("SendRequestVoteRequest", term=1, msg={**message, "logTerm": log_term})


@pytest.mark.parametrize("index", [None, 10])
def test_etcd_begins_behind_what_nobody_tells_of(index: int | None, tmp_path: Path) -> None:
    lines = [*behind_a_snapshot(index), asks_for_a_vote(1)]
    assert verdict_on(lines, tmp_path, "etcd").outcome is ACCEPTED


def test_another_term_than_that_of_the_snapshot_is_refused(tmp_path: Path) -> None:
    verdict = verdict_on([*behind_a_snapshot(10), asks_for_a_vote(2)], tmp_path, "etcd")
    assert (verdict.outcome, verdict.line) == (REFUSED, 8)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (etcd_line("ReceiveReadIndex", term=1), "a read"),
        (etcd_line("Ready", term=1, conf=[["1", "2"], []]), "the members change"),
        (etcd_line("Ready", "4"), "4 is no member"),
    ],
)
def test_what_raft_knows_nothing_of_is_named(
    line: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    verdict = verdict_on([*behind_a_snapshot(10), line], tmp_path, "etcd")
    assert (verdict.outcome, verdict.line) == (INCONCLUSIVE, 8)
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (etcd_line("ChangeConf", term=1), "a change of membership"),
        (etcd_line("Ready", term=1, learners=["4"]), "learners"),
    ],
)
def test_of_a_stream_nobody_knows_who_is_to_come(line: dict[str, Any], reason: str) -> None:
    """In a file all servers are looked up beforehand."""
    recording = PROFILES["etcd"](Lines([*behind_a_snapshot(10), line]))
    *_, last = recording.events
    assert reason in last.beyond


@pytest.mark.parametrize(
    "shown", [{"index": 10, "logTerm": 1, "entries": 0}, {"index": 0, "logTerm": 0, "entries": 10}]
)
def test_each_version_shows_a_snapshot_that_is_sent(shown: dict[str, int], tmp_path: Path) -> None:
    def sent(more: int) -> dict[str, Any]:
        further = {name: number + more * (number == 10) for name, number in shown.items()}
        message = {"type": "MsgSnap", "from": "1", "to": "2", "term": 1, **further}
        return etcd_line("SendSnapshot", term=1, role="StateLeader", msg=message)

    reads: list[dict[str, Any]] = [
        etcd_line(
            "ReceiveRequestVoteRequest", "2",
            msg={"type": "MsgVote", "from": "1", "to": "2", "term": 1, "index": 10, "logTerm": 1},
        ),
        etcd_line(
            "SendRequestVoteResponse", "2", 1, role="StateFollower",
            msg={"type": "MsgVoteResp", "from": "2", "to": "1", "term": 1, "reject": False},
            state={"term": 1, "vote": "1", "commit": 10},
        ),
        etcd_line(
            "ReceiveRequestVoteResponse", "1", 1,
            msg={"type": "MsgVoteResp", "from": "2", "to": "1", "term": 1, "reject": False},
        ),
        etcd_line("BecomeLeader", "1", 1, role="StateLeader"),
    ]  # fmt: skip
    led = [*behind_a_snapshot(10), asks_for_a_vote(1), *reads]
    assert verdict_on([*led, sent(0)], tmp_path, "etcd").outcome is ACCEPTED
    beyond = verdict_on([*led, sent(1)], tmp_path, "etcd")
    assert (beyond.outcome, beyond.line) == (REFUSED, 13)


def test_no_more_lines_are_read_than_are_needed() -> None:
    """Who drives an implementation asks it for the next line once the last one was judged."""
    asked = 0

    def lines() -> Iterator[dict[str, Any]]:
        nonlocal asked
        for line in [*behind_a_snapshot(10), *[asks_for_a_vote(1)] * 50]:
            asked += 1
            yield line

    recording = PROFILES["etcd"](Lines(lines()))
    for event, _ in zip(recording.events, range(4), strict=False):
        assert asked <= max(event.line, 7)


def test_a_compaction_that_makes_no_sense(tmp_path: Path) -> None:
    wrong = etcd_line("CompactLog", term=1, prop=[11])
    with pytest.raises(TraceError, match=r':8: "compactIndex" in the "prop" of CompactLog must'):
        verdict_on([*behind_a_snapshot(10), wrong], tmp_path, "etcd")


# ---- What a server has learnt before the trace begins


MIDDLE: Line = {"s1": {"currentTerm": 2}, "s2": {"currentTerm": 2}, "s3": {"currentTerm": 2}}


def begun_with(first: Line, second: Line, **more: Any) -> list[Line]:
    header = {"format": "raft-ref-trace", "version": 1, "servers": [*MIDDLE], "logged": "some"}
    states = {"s1": {**MIDDLE["s1"], **first}, "s2": {**MIDDLE["s2"], **second}, "s3": {}}
    return [{**header, "unlogged": [], "initial": {**MIDDLE, **states}, **more}]


@pytest.mark.parametrize(("vote", "outcome"), [("s1", ACCEPTED), (None, REFUSED), ("s3", REFUSED)])
def test_a_candidate_may_have_the_votes_that_others_have_given(
    vote: str | None, outcome: Outcome, tmp_path: Path
) -> None:
    """Nobody tells which votes it had when the trace begins."""
    candidate = {"role": "Candidate", "votedFor": "s1"}
    leads = {"step": "Stay", "server": "s1", "state": {"role": "Leader", "currentTerm": 2}}
    lines = [*begun_with(candidate, {"votedFor": vote}), leads]
    assert verdict_on(lines, tmp_path).outcome is outcome
    lines[0]["initial"]["s1"]["votesGranted"] = ["s1"]
    assert verdict_on(lines, tmp_path).outcome is REFUSED


@pytest.mark.parametrize(("length", "outcome"), [(2, ACCEPTED), (1, REFUSED), (0, REFUSED)])
def test_a_leader_may_know_what_others_have(length: int, outcome: Outcome, tmp_path: Path) -> None:
    """Nobody tells what was acknowledged before the trace begins."""
    log = [{"term": 2, "value": "x"}, {"term": 2, "value": "y"}]
    leader = {"role": "Leader", "votedFor": "s1", "log": log}
    commits = {"step": "Commit", "server": "s1", "state": {"commitIndex": 2}}
    lines = [*begun_with(leader, {"votedFor": "s1", "log": log[:length]}), commits]
    assert verdict_on(lines, tmp_path).outcome is outcome
    lines[0]["initial"]["s1"]["matchIndex"] = [0, 0, 0]
    assert verdict_on(lines, tmp_path).outcome is REFUSED


def test_a_message_is_lost_of_a_server_that_logs_nothing(tmp_path: Path) -> None:
    """That it was sent is no line of that server."""
    lost = {"type": "RequestVoteRequest", "source": "s1", "dest": "s2", "term": 1}
    header: Line = {
        "format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2", "s3"], "logged": "some",
    }  # fmt: skip
    stands = [{"step": "Timeout", "server": each} for each in ("s2", "s3")]
    lines = [header, *stands, {"step": "DropMessage", "message": lost}]
    assert verdict_on(lines, tmp_path).outcome is Outcome.INCONCLUSIVE
    header["unlogged"] = ["s1"]
    assert verdict_on(lines, tmp_path).outcome is ACCEPTED
    header["unlogged"] = []
    assert verdict_on(lines, tmp_path).outcome is REFUSED


@pytest.mark.parametrize(
    "kind", ["RequestVoteRequest", "RequestVoteResponse", "AppendEntriesRequest",
             "AppendEntriesResponse", "InstallSnapshotRequest", "InstallSnapshotResponse"],
)  # fmt: skip
@pytest.mark.parametrize("told", [{}, {"term": 3}], ids=["", "of a term"])
def test_what_is_not_logged_of_a_late_message_refuses_nothing(
    kind: str, told: Line, tmp_path: Path
) -> None:
    """It was sent before the trace begins, in an earlier term: whatever it was, it does nothing."""
    stood = {"role": "Candidate", "votedFor": "s1", "votesGranted": ["s1"]}
    begun = {"s1": {"currentTerm": 8, **stood}, "s2": {"currentTerm": 5, "votedFor": "s1"}}
    header = {**HEADER, "unlogged": [], "initial": begun, "silent": {}}
    line = {
        "step": "Receive", "server": "s1",
        "message": {"type": kind, "source": "s2", "dest": "s1", **told},
        "state": {"currentTerm": 8, **stood},
    }  # fmt: skip
    assert verdict_on([header, line], tmp_path).outcome is ACCEPTED
    wrong = {**line, "state": {"role": "Leader"}}
    verdict = verdict_on([header, wrong], tmp_path)
    assert (verdict.outcome, verdict.line) == (REFUSED, 2)


def test_of_a_late_pre_vote_that_is_not_logged_nobody_can_say(tmp_path: Path) -> None:
    """It asks, or answers, of a term that nobody need have begun."""
    begun = {"s1": {"currentTerm": 8}, "s2": {"currentTerm": 5}}
    header = {
        **HEADER, "unlogged": [], "initial": begun, "silent": {}, "features": ["PreVote"],
    }  # fmt: skip
    asks = {"type": "PreVoteRequest", "source": "s2", "dest": "s1"}
    line = {"step": "Receive", "server": "s1", "message": asks, "state": {"currentTerm": 8}}
    assert verdict_on([header, line], tmp_path).outcome is INCONCLUSIVE


LED: Line = {
    "currentTerm": 5, "role": "Leader", "votedFor": "s2",
    "log": [{"term": 2}, {"term": 2}, {"term": 5}],
}  # fmt: skip
ENTRIES = "AppendEntriesRequest"
VOTE = "RequestVoteRequest"


@pytest.mark.parametrize(
    ("kind", "fields", "wrong"),
    [
        (ENTRIES, {"term": 3, "prevLogTerm": 2}, {"prevLogTerm": 4}),
        (ENTRIES, {"term": 3, "entries": [{"term": 2}]}, {"entries": [{"term": 4}]}),
        (ENTRIES, {"term": 3, "entries": [{"term": 1}, {"term": 3}]},
         {"entries": [{"term": 2}, {"term": 1}]}),
        (ENTRIES, {"term": 5, "prevLogTerm": 2, "entries": [{"term": 2}]}, {"prevLogTerm": 1}),
        (ENTRIES, {"term": 5, "prevLogTerm": 2, "entries": [{"term": 2}]},
         {"entries": [{"term": 3}]}),
        (VOTE, {"term": 3, "lastLogIndex": 4, "lastLogTerm": 2}, {"lastLogTerm": 3}),
        (VOTE, {"term": 5, "lastLogIndex": 2, "lastLogTerm": 2}, {"lastLogTerm": 1}),
        (VOTE, {"term": 5, "lastLogIndex": 2, "lastLogTerm": 2}, {"lastLogIndex": 4}),
        ("InstallSnapshotRequest", {"term": 3, "snapshot": snapshot(2, 3)},
         {"snapshot": snapshot(2, 4)}),
    ],
)  # fmt: skip
def test_nobody_has_sent_before_what_nobody_can_send(
    kind: str, fields: Line, wrong: Line, tmp_path: Path
) -> None:
    """No entry is of a later term than its message; who leads has had what it has sent."""
    if kind == ENTRIES:
        fields = {"prevLogIndex": 1, "prevLogTerm": 1, "entries": [], "leaderCommit": 0, **fields}
    header = {**HEADER, "unlogged": [], "silent": {}}
    header["initial"] = {"s1": {"currentTerm": 7}, "s2": LED}
    message = {"type": kind, "source": "s2", "dest": "s1", **fields}
    line = {"step": "Receive", "server": "s1", "message": message}
    assert verdict_on([header, line], tmp_path).outcome is ACCEPTED
    verdict = verdict_on([header, {**line, "message": {**message, **wrong}}], tmp_path)
    assert (verdict.outcome, verdict.line) == (REFUSED, 2)
