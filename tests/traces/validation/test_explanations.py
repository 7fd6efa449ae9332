"""What a refusal says: why, in a sentence; each candidate once, nearest first; what differs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raft_ref import traces
from raft_ref.cli import main
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.story.words import apart, shortened_within
from raft_ref.traces.validation.refusals.refusal import Refusal, as_text, explained
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support.schedules import recorded

Lines = list[dict[str, Any]]

HEADER = {"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2", "s3"], "logged": "some"}
STRICT = {**HEADER, "silent": {}}
"""Every step is told of."""

WON: Lines = [
    {"step": "Timeout", "server": "s1"},
    {"step": "Receive", "server": "s2", "state": {"votedFor": "s1"},
     "message": {"type": "RequestVoteRequest", "source": "s1", "dest": "s2"}},
    {"step": "Receive", "server": "s1", "state": {"role": "Leader"},
     "message": {"type": "RequestVoteResponse", "source": "s2", "dest": "s1"}},
]  # fmt: skip
ASKED: Lines = [{"step": "ClientRequest", "server": "s1", "arguments": {"value": "x"}}]
SENT: Lines = [
    {"step": "Send", "server": "s1",
     "message": {"type": "AppendEntriesRequest", "source": "s1", "dest": "s2", "entries": 1}},
    {"step": "Receive", "server": "s2",
     "message": {"type": "AppendEntriesRequest", "source": "s1", "dest": "s2", "entries": 1}},
]  # fmt: skip


def leader(term: int, log: list[int], **others: Any) -> dict[str, Any]:
    entries = [{"term": each, "value": f"v{n}"} for n, each in enumerate(log)]
    return {"currentTerm": term, "role": "Leader", "votedFor": "s1", "log": entries, **others}


def begun(**states: dict[str, Any]) -> Lines:
    return [{**HEADER, "initial": states}]


def shows(server: str, **state: Any) -> Lines:
    return [{"step": "Stay", "server": server, "state": state}]


def refusal_of(lines: Lines, folder: Path) -> Refusal:
    path = folder / "refused.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    verdict = validate(path, PROFILES["raft-ref"])
    assert (verdict.outcome, verdict.line) == (Outcome.REFUSED, len(lines))
    return explained(verdict)


VOTE = {"type": "RequestVoteResponse", "source": "s2", "dest": "s1"}
ASKS = {"type": "RequestVoteRequest", "source": "s3", "dest": "s2"}
APPENDED = {"type": "AppendEntriesResponse", "source": "s2", "dest": "s1"}

WHY: list[tuple[Lines, str]] = [
    ([HEADER, {"step": "AdoptTerm", "server": "s3"}],
     "s3 cannot take the step AdoptTerm: it adopts a term of which no message waits"),
    (
        [HEADER, *WON[:2], {"step": "Restart", "server": "s2", "state": {"votedFor": None}}],
        "s2 restarts and forgets that it voted for s1 in term 1",
    ),
    (
        [HEADER, *WON[:2], {"step": "Timeout", "server": "s3"},
         {"step": "Receive", "server": "s2", "message": {**ASKS, "term": 1},
          "state": {"votedFor": "s3"}}],
        "s2 votes for s3 in term 1, in which it has voted for s1",
    ),
    (
        [HEADER, *WON[:2], {"step": "Timeout", "server": "s1"},
         {"step": "Receive", "server": "s1", "message": VOTE, "state": {"role": "Leader"}}],
        "s1 counts an answer of term 1 in term 2",
    ),
    (
        [*begun(s2={"currentTerm": 1, "log": [{"term": 1, "value": "x"}]}),
         {"step": "Timeout", "server": "s3"}, {"step": "Timeout", "server": "s3"},
         {"step": "Receive", "server": "s2", "message": {**ASKS, "term": 2},
          "state": {"votedFor": "s3"}}],
        "s2 votes for s3, whose log ends at index 0 (term 0), behind its own, at 1 (term 1)",
    ),
    (
        [HEADER, {"step": "Timeout", "server": "s1"}, *shows("s1", role="Leader")],
        "s1 leads term 1 with the votes of s1 alone, of 3 servers",
    ),
    ([HEADER, *shows("s1", role="Leader", currentTerm=0)],
     "s1 leads term 0, for which it has not stood"),
    ([*begun(s1={"currentTerm": 3}), *shows("s1", currentTerm=2)],
     "the term of s1 goes back from 3 to 2"),
    ([HEADER, *WON, *ASKED, *shows("s1", commitIndex=1)],
     "s1 commits index 1, known to be on s1 alone, of 3 servers"),
    ([HEADER, *WON, *ASKED, *shows("s1", commitIndex=2)],
     "s1 commits up to 2, and its log ends at 1"),
    ([*begun(s1=leader(3, [1], matchIndex={"s2": 1})), *shows("s1", commitIndex=1)],
     "s1 commits index 1, an entry of term 1, as leader of term 3, before an entry of term 3 "
     "is on a majority (5.4.2)"),
    ([HEADER, *WON, *ASKED, *SENT, *shows("s2", commitIndex=1)],
     "s2 commits up to 1, and was told of 0"),
    ([*begun(s1=leader(1, [1, 1], commitIndex=2)), *shows("s1", commitIndex=1)],
     "the commit index of s1 goes back from 2 to 1"),
    ([HEADER, *WON, *ASKED, *SENT,
      {"step": "Send", "server": "s2", "message": {**APPENDED, "matchIndex": 1}},
      {"step": "Restart", "server": "s2", "state": {"log": {"lastIndex": 0}}}],
     "s2 restarts without index 1 of its log, which it has acknowledged to s1"),
    ([HEADER, *WON, *ASKED, *SENT, *shows("s2", log={"lastIndex": 2})],
     "s2 holds an entry at index 2 that nothing gave it"),
    ([HEADER, *WON, *ASKED, *shows("s1", log=[{"term": 1, "value": "x"}]), *SENT,
      *shows("s2", log=[{"term": 1, "value": "y"}])],
     "s2 holds y (term 1) at index 1, and not x (term 1)"),
    ([*begun(s1=leader(1, [1])), *shows("s1", matchIndex={"s2": 1})],
     "s1 takes s2 to hold its log up to 1, and knows of 0"),
    ([HEADER, {"step": "ClientRequest", "server": "s1"}],
     "s1 takes a step of a leader (ClientRequest), and is a follower"),
    ([STRICT, *WON, {"step": "Timeout", "server": "s1"}],
     "s1 stands for a term, and leads already"),
    ([HEADER, {"step": "Receive", "server": "s1", "message": APPENDED}],
     "s2 has sent s1 no AppendEntriesResponse"),
    ([STRICT, *WON, *ASKED, *SENT,
      {"step": "Receive", "server": "s1", "message": {**APPENDED, "matchIndex": 3}}],
     "s2 has sent no such AppendEntriesResponse: matchIndex is 3, and not 1"),
    ([HEADER, {"step": "Timeout", "server": "s1"},
      {"step": "Send", "server": "s2", "message": {**VOTE, "term": 1, "voteGranted": True}}],
     "s2 sends s1 a RequestVoteResponse, and has none to send"),
    ([HEADER, *WON[:1], {**WON[1], "state": {"currentTerm": 1, "votedFor": None}},
      {"step": "Send", "server": "s2", "message": {**VOTE, "term": 1, "voteGranted": True},
       "state": {"votedFor": None}}],
     "s2 sends s1 a vote that it did not give: it has not voted in term 1"),
    ([STRICT, *WON, *ASKED,
      {"step": "Send", "server": "s1", "message": {
          "type": "AppendEntriesRequest", "source": "s1", "dest": "s2", "prevLogIndex": 0,
          "entries": [{"term": 1, "value": "z"}]}}],
     "s1 sends s2 an AppendEntriesRequest that it cannot send: "
     "entries is [z (term 1)], and not [x (term 1)]"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "sentence"), WHY, ids=[sentence for _, sentence in WHY])
def test_a_sentence_says_why(lines: Lines, sentence: str, tmp_path: Path) -> None:
    refusal = refusal_of(lines, tmp_path)
    assert refusal.why == sentence
    # The story and the picture say it, too, and that something happens.
    *_, last, _, end = traces.tell(refusal.trace)[: len(refusal.trace.steps) + 2]
    assert end.endswith(f"is no step of the spec: {sentence}.")
    if refusal.candidates[0].differences and "votedFor" not in sentence and "forget" not in last:
        assert "nothing changes" not in last
    assert sentence.split(maxsplit=1)[0] in traces.draw(refusal.trace).source


def test_each_candidate_stands_once_and_the_nearest_first(tmp_path: Path) -> None:
    lines = [HEADER, *WON, *ASKED, *shows("s1", commitIndex=1)]
    refusal = refusal_of(lines, tmp_path)
    actions = [each.action for each in refusal.candidates]
    assert len(set(actions)) == len(actions)
    assert actions == ["nothing happens", "Commit(s1, 1)"]
    # What a server can do and does not help is no candidate: to step down, another request.
    text = "\n".join(as_text(refusal.candidates))
    assert text.startswith(
        "nothing happens: it differs\n"
        "                 logged  expected\n"
        "  > commitIndex  1       0\n"
        "Commit(s1, 1): not so: \\E top \\in index..LastIndex(i)"
    )


def test_what_is_as_it_was_logged_is_told_apart_from_what_is_not(tmp_path: Path) -> None:
    state = {"currentTerm": 1, "role": "Candidate", "votedFor": "s2"}
    lines: Lines = [HEADER, {"step": "Timeout", "server": "s1", "state": state}]
    refusal = refusal_of(lines, tmp_path)
    assert [*as_text(refusal.candidates)] == [
        "Timeout(s1): it differs",
        "                 logged     expected",
        "  > votedFor     s2         s1",
        "    currentTerm  1          1",
        "    role         Candidate  Candidate",
    ]


def test_the_picture_has_what_was_logged_beside_what_was_expected(tmp_path: Path) -> None:
    lines = [*begun(s1=leader(1, [1])), *shows("s1", matchIndex={"s2": 1})]
    picture = traces.draw(refusal_of(lines, tmp_path).trace).source
    for shown in ("nearest: nothing happens", "logged", "expected", "{s2: 1}", "{s2: 0}"):
        assert shown in picture
    assert "matchIndex of s2" in picture


def test_a_wrong_send_is_told_as_one_and_drawn_as_an_arrow(tmp_path: Path) -> None:
    sent = {**VOTE, "term": 1, "voteGranted": True}
    silence = {"currentTerm": 1, "votedFor": None}
    lines = [
        HEADER,
        WON[0],
        {**WON[1], "state": silence},
        {"step": "Send", "server": "s2", "message": sent, "state": silence},
    ]
    refusal = refusal_of(lines, tmp_path)
    (nearest, *_) = refusal.candidates
    assert nearest.action == "send the RequestVoteResponse to s1"
    assert nearest.differences == (("message voteGranted", True, False),)
    assert "3. s2 sends s1 RequestVoteResponse(term 1, granted)." in traces.tell(refusal.trace)
    assert 'step3 -> "step3 refused"' in traces.draw(refusal.trace).source


def test_a_step_that_sends_otherwise_than_it_should_has_that_drawn_as_an_arrow_too(
    tmp_path: Path,
) -> None:
    second = {**WON[1], "message": ASKS, "state": {"currentTerm": 1, "votedFor": "s3"}}
    granted = {**VOTE, "dest": "s3", "term": 1, "voteGranted": True}
    lines = [HEADER, *WON[:2], {"step": "Timeout", "server": "s3"}, {**second, "sends": [granted]}]
    assert 'step4 -> "step4 refused"' in traces.draw(refusal_of(lines, tmp_path).trace).source
    told_less = [*lines[:-1], second]  # and who knows what it has sent
    assert "step4 refused" not in traces.draw(refusal_of(told_less, tmp_path).trace).source


def test_a_property_that_is_broken_is_named_with_its_instance(tmp_path: Path) -> None:
    """Two that may lead, by what the trace begins with; the spec lets the second lead, too."""
    stands = {"currentTerm": 1, "role": "Candidate", "votedFor": "s2", "votesGranted": ["s2", "s3"]}
    lines = [
        *begun(s1=leader(1, []), s2=stands, s3={"currentTerm": 1}),
        {"step": "ClientRequest", "server": "s1"},
        {"step": "TakeLead", "server": "s2"},
    ]
    refusal = refusal_of(lines, tmp_path)
    assert refusal.why == "breaks ElectionSafety: s1 and s2 both lead term 1"
    assert refusal.trace.violation is not None
    assert refusal.trace.violation.instances == ("i = s1, j = s2",)
    assert "falsified by i = s1, j = s2" in "\n".join(traces.tell(refusal.trace))
    assert [*as_text(refusal.candidates)] == [
        "TakeLead of s2: explains the line, and breaks ElectionSafety"
    ]


def test_what_no_line_tells_of_is_told_apart(tmp_path: Path) -> None:
    """The client's request that must have come before what is sent."""
    lines = [HEADER, *WON, *SENT, *shows("s2", commitIndex=5)]
    refusal = refusal_of(lines, tmp_path)
    (filled,) = [each for each in refusal.trace.steps if not each.is_told]
    assert filled.step == "ClientRequest"
    story = traces.tell(refusal.trace)
    assert sum("(no line tells of it)" in line for line in story) == 1
    assert "(no line)" in traces.draw(refusal.trace).source


def test_figures_of_a_log_are_drawn_as_a_log(tmp_path: Path) -> None:
    lines = [STRICT, *WON, *ASKED, *shows("s1", log={"lastIndex": 3, "lastTerm": 1})]
    refusal = refusal_of(lines, tmp_path)
    log = refusal.trace.steps[-1].changes["log"]
    assert [entry["value"] for entry in log] == ["x", "(not logged)", "(not logged)"]
    assert "appends an entry (term 1) at index 2" in traces.tell(refusal.trace)[-3]
    assert "t1 ?" in traces.draw(refusal.trace).source


def test_long_texts_are_cut_so_that_the_difference_is_seen() -> None:
    one, other = ("a" * 200 + end + "z" * 90 for end in ("X", "Y"))
    cut = apart(one, other, 30)
    assert all(len(each) == 30 for each in cut)
    assert ("X" in cut[0], "Y" in cut[1]) == (True, True)
    assert apart("same", "some", 30) == ("same", "some")
    assert [shortened_within(f"value-{n}", 8) for n in (1001, 1002)] == ["valu…001", "valu…002"]


def test_a_long_log_shows_the_entry_that_differs(tmp_path: Path) -> None:
    log = [{"term": 1, "value": f"v{n}"} for n in range(40)]
    other = [*log[:7], {"term": 1, "value": "other"}, *log[8:]]
    lines = [*begun(s1={"currentTerm": 1, "log": log}), *shows("s1", log=other)]
    refusal = refusal_of(lines, tmp_path)
    assert refusal.why == "s1 holds other (term 1) at index 8, and not v7 (term 1)"
    assert "t1 other" in traces.draw(refusal.trace).source
    shown = "\n".join(as_text(refusal.candidates))
    assert "other" in shown
    assert "v7 (" in shown


def test_the_command_says_why_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refusal_of([HEADER, *WON, *ASKED, *shows("s1", commitIndex=1)], tmp_path)
    path = tmp_path / "refused.ndjson"
    assert main(["validate", "--quiet", str(path)]) == 1
    why = "s1 commits index 1, known to be on s1 alone, of 3 servers"
    assert capsys.readouterr().out == f"REFUSED {path}:6: {why}\n"
    assert main(["validate", "--json", str(path)]) == 1
    assert json.loads(capsys.readouterr().out)["traces"][0]["because"] == why


def test_what_is_received_twice_though_once_was_all_is_drawn(tmp_path: Path) -> None:
    trace = recorded(1, 40)
    place = next(n for n, each in enumerate(trace.steps) if each.step == "Receive")
    path = tmp_path / "whole.ndjson"
    traces.write(replace(trace, steps=trace.steps[: place + 1]), path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    refusal = refusal_of([*lines, lines[-1]], tmp_path)
    assert refusal.why.endswith("that was not received or lost")
    assert "duplicate" in traces.draw(refusal.trace).source


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list) else int(value or 0)


def spoilt(folder: Path, variable: str, change: Any, least: int) -> Refusal:
    """Return why the trace of a run is refused in which one change is logged otherwise."""
    for seed in range(40):
        trace = recorded(seed, 60)
        for number, (step, old) in enumerate(
            zip(trace.steps, traces.states(trace), strict=False), start=1
        ):
            before, new = old[step.server or "s1"].get(variable), step.changes.get(variable)
            gap = _size(new) - _size(before)
            if step.step != "Receive" or new is None or gap < least:
                continue
            made = {n: v for n, v in step.changes.items() if n != variable}
            if change is not None:
                made[variable] = change(new)
            path = folder / "spoilt.ndjson"
            steps = (*trace.steps[: number - 1], replace(step, changes=made))
            traces.write(replace(trace, steps=steps), path)
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            return refusal_of(lines, folder)
    raise AssertionError("chance had no such step")


def test_a_run_that_logs_a_change_otherwise(tmp_path: Path) -> None:
    why = spoilt(tmp_path, "log", lambda log: log[:-1], least=2).why
    assert why.endswith(", which it is to append")
    why = spoilt(tmp_path, "currentTerm", lambda term: term - 1, least=2).why
    assert "after a message of term" in why
    why = spoilt(tmp_path, "commitIndex", None, least=1).why
    assert why.startswith("commitIndex of s")
    assert "stays as it is, and becomes" in why
