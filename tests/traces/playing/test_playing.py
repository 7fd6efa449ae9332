"""Schedules that people write: what they say happens, and what is wrong with them is told."""

from pathlib import Path

import pytest

from raft_ref import traces
from raft_ref.cli import main
from raft_ref.traces import TraceError
from raft_ref.traces.conformance import Command, Schedule, schedule
from raft_ref.traces.playing import PlayReport, PlayRequest
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import Outcome, validate
from tests.support.files import ROOT

FIGURES = sorted((ROOT / "traces" / "schedules").glob("*.txt"))

THREE = "servers s1 s2 s3\n"
LED = f"{THREE}s1 is elected by s2\n"


def played(text: str, folder: Path, bug: str | None = None) -> PlayReport:
    path = folder / "schedule.txt"
    path.write_text(text)
    return PlayRequest(path, bug).run()


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_the_figures_of_the_paper_happen_as_they_are_drawn(path: Path, tmp_path: Path) -> None:
    report = PlayRequest(path).run()
    assert report.not_so == ""
    assert report.expected >= 8
    traces.write(report.trace, tmp_path / "t.ndjson")
    assert validate(tmp_path / "t.ndjson", PROFILES["raft-ref"]).outcome is Outcome.ACCEPTED


def test_a_leader_that_commits_by_counting_is_not_as_figure_8_expects(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = ROOT / "traces" / "schedules" / "figure8.txt"
    assert main(["play", str(path), "--bug", "older-term-committed", "--quiet"]) == 1
    said = capsys.readouterr().out
    assert said == f"NOT SO {path}:40: s1 has committed 0: it has committed 2\n"


def test_logs_that_are_not_compared_stay_as_figure_7_draws_them() -> None:
    path = ROOT / "traces" / "schedules" / "figure7.txt"
    assert PlayRequest(path, "prev-log-term-ignored").run().not_so == (
        f"{path}:24: e has log 1 1 1 4 4 5 5 6 6 6 8: it has log 1 1 1 4 4 4 4 6 6 6 8"
    )


def test_every_word(tmp_path: Path) -> None:
    report = played(
        f"{LED}"
        "s1 takes x, \n"
        "s1 sends s2 1 entry\n"
        "s1 => s2 AppendEntries t1    # and a copy stays\n"
        "s1 -> s2\n"
        "s2 -> s1\n"
        "s1 has committed 1\n"
        "s1 sends s3 a heartbeat\n"
        "s1 -x s3 AppendEntriesRequest\n"
        "s1 compacts to 1\n"
        "s3 crashes\n"
        "s3 restarts\n"
        "s3 is a follower\n"
        "s1 appends to s2\n",
        tmp_path,
    )
    assert report.not_so == ""
    assert report.expected == 2
    assert [step.step for step in report.trace.steps] == [
        "Timeout", "Receive", "Receive", "ClientRequest", "AppendEntries", "ReceiveDuplicate",
        "Receive", "Receive", "AppendEntries", "DropMessage", "CompactLog", "Restart",
        "AppendEntries", "Receive",
    ]  # fmt: skip
    again = played(
        f"{LED}s1 takes x\ns1 replicates to s2\ns1 compacts to 1\ns3 times out\ns1 crashes\n"
        "s1 restarts\ns1 times out\ns1 is elected by s2\ns1 sends s3 a heartbeat\n"
        "s1 -> s3\ns3 -> s1\ns1 sends s3 a snapshot\ns1 -> s3 InstallSnapshot\ns3 has log\n",
        tmp_path,
    )
    assert again.not_so == ""
    assert any("InstallSnapshot" in step.step for step in again.trace.steps)


def test_what_is_expected_and_not_so_ends_it(tmp_path: Path) -> None:
    for line, reason in (
        ("s2 leads term 1", "it is a follower in term 1"),
        ("s1 has log 1", "it has log"),
        ("s1 has committed 1", "it has committed 0"),
        ("s1 is a candidate", "it is a leader"),
    ):
        report = played(f"{LED}{line}\ns1 takes x\n", tmp_path)
        assert report.not_so == f"{tmp_path / 'schedule.txt'}:3: {line}: {reason}"
        assert len(report.trace.steps) == 3


BAD = [
    ("", "1: the first line names the servers: servers s1 s2 s3"),
    ("s1 times out", '1: the first line names the servers ("servers s1 s2 s3"), not s1'),
    ("servers s1", "1: each server is named once, and two at least"),
    ("servers s1 s1", "1: each server is named once, and two at least"),
    ("servers s1 ->", "1: -> is no name of a server: expected letters and digits"),
    (f"{THREE}s4 times out", "2: no server s4; known are s1, s2, s3"),
    (f"{THREE}s1 timse out", "2: timse: did you mean times?"),
    (f"{THREE}s1 times up", '2: expected "s1 times out"'),
    (f"{THREE}s1 appends to s1", "2: s1 and the others are each named once"),
    (f"{THREE}s1 takes x", "2: s1 is a follower: it takes no request of a client"),
    (f"{THREE}s1 appends to s2", "2: s1 is a follower: it sends no entries"),
    (f"{LED}s1 times out", "3: s1 leads term 1, and does not time out"),
    (f"{LED}s1 compacts to 1",
     "3: s1 cannot compact to 1: it has compacted to 0, and committed 0"),
    (f"{LED}s1 sends s2 2 entries",
     "3: s1 cannot send s2 2 entries: behind what it has are 0"),
    (f"{LED}s1 sends s2 a snapshot", "3: s1 has all that s2 needs in its log: it sends entries"),
    (f"{LED}s1 -> s2 appendd", "3: appendd is no message; did you mean appended?"),
    (f"{LED}s1 -> s2", "3: from s1 to s2 there is in flight: nothing"),
    (f"{LED}s1 -> s3 vote", "3: from s1 to s3 there is in flight: RequestVoteRequest t1"),
    (f"{LED}s2 crashes\ns2 times out", "4: s2 is down: it must restart first"),
    (f"{LED}s2 begins with log 1", "3: what a server begins with stands before the first step"),
    (f"{THREE}s2 begins with log 2 1", "2: the terms along a log do not go down"),
    (f"{THREE}s2 begins with log 2 in term 1",
     "2: a server with an entry of term 2 is not in term 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), BAD)
def test_what_makes_no_sense_is_told_by_line(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError) as error:
        played(text, tmp_path)
    assert str(error.value) == f"{tmp_path / 'schedule.txt'}:{reason}"


def test_who_is_not_elected_ends_it(tmp_path: Path) -> None:
    text = f"{THREE}s2 begins with log 1\ns1 times out\ns1 is elected by s2\n"
    with pytest.raises(TraceError, match=r":4: s1 is not elected in term 2: .* the votes of s1$"):
        played(text, tmp_path)


def test_a_schedule_of_conform_is_played(tmp_path: Path) -> None:
    asked = {"type": "RequestVoteRequest", "source": "s1", "dest": "s2"}
    written = Schedule(
        ("s1", "s2"),
        (
            Command("Timeout", "s1"),
            Command("ReceiveDuplicate", "s2", message=asked),
            Command("Receive", "s1", message={**asked, "type": "RequestVoteResponse",
                                              "source": "s2", "dest": "s1"}),
            Command("ClientRequest", "s1", {"value": "v1"}),
            Command("DropMessage", None, message=asked),
            Command("Restart", "s1"),
        ),
    )  # fmt: skip
    path = tmp_path / "found.ndjson"
    schedule.write(written, path)
    report = PlayRequest(path).run()
    assert [step.step for step in report.trace.steps] == [each.step for each in written.commands]
    once_more = (*written.commands, Command("Receive", "s2", message=asked))
    schedule.write(Schedule(("s1", "s2"), once_more), path)
    with pytest.raises(TraceError, match="step 7: from s1 to s2 there is in flight: nothing"):
        PlayRequest(path).run()


def test_what_conform_sends_twice_is_received_twice(tmp_path: Path) -> None:
    """In the spec the network is a set: what is received while a copy of it is there stays."""
    asked = {"type": "RequestVoteRequest", "source": "s1", "dest": "s2"}
    granted = {"type": "RequestVoteResponse", "source": "s2", "dest": "s1"}
    commands = [
        Command("Timeout", "s1"),
        Command("ReceiveDuplicate", "s2", message=asked),
        Command("Receive", "s2", message=asked),
        *[Command("Receive", "s1", message=granted)] * 2,
    ]
    path = tmp_path / "found.ndjson"
    schedule.write(Schedule(("s1", "s2"), tuple(commands)), path)
    steps = PlayRequest(path).run().trace.steps
    assert [each.step for each in steps[3:]] == ["ReceiveDuplicate", "Receive"]
    lost = [*commands[:3], *[Command("DropMessage", None, message=granted)] * 2]
    schedule.write(Schedule(("s1", "s2"), tuple(lost)), path)
    assert [each.step for each in PlayRequest(path).run().trace.steps[3:]] == ["DropMessage"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (Command("Tick", "s1"), "the reference node knows no Tick"),
        (Command("AppendEntries", "s1", {"peer": "s9", "count": 0}),
         "AppendEntries: its peer is one of s2"),
        (Command("InstallSnapshot", "s1", {"peer": ["s2"]}),
         "InstallSnapshot: its peer is one of s2"),
        (Command("AppendEntries", "s1", {"peer": "s2", "count": "1"}),
         "AppendEntries: count is a number"),
        (Command("CompactLog", "s1", {"index": None}), "CompactLog: index is a number"),
        (Command("CompactLog", "s1"), "CompactLog has other arguments"),
    ],
)  # fmt: skip
def test_a_schedule_that_no_node_can_follow_is_told_by_step(
    command: Command, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "found.ndjson"
    schedule.write(Schedule(("s1", "s2"), (Command("Timeout", "s1"), command)), path)
    with pytest.raises(TraceError) as error:
        PlayRequest(path).run()
    assert str(error.value) == f"{path}: step 2: {reason}"


def test_the_command_tells_draws_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(f"# An election.\n{LED}# The end.\n")
    drawn, page, trace = (str(tmp_path / name) for name in ("t.gv", "t.html", "t.ndjson"))
    assert main(["play", str(path), "--diagram", drawn, "-o", trace]) == 0
    said = capsys.readouterr().out
    assert said.startswith("\nAn election.\n  1. s1 times out: candidate in term 1")
    assert f"\nThe end.\n\nPLAYED {path}: 3 steps\n" in said
    assert main(["play", str(path), "--diagram", page, "--quiet"]) == 0
    assert main(["draw", trace, "-o", drawn]) == 0
    assert main(["play", str(path), "--bug", "older-term-comitted"]) == 2
    assert "did you mean older-term-committed?" in capsys.readouterr().err
    assert main(["play", str(tmp_path / "none.txt")]) == 2
