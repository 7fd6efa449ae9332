"""`raft-ref check`, as a user meets it."""

import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from raft_ref import Node, State
from raft_ref.cli import main
from raft_ref.spec.link import INVARIANTS
from raft_ref.traces import read
from raft_ref.zoo import EXPLORED
from tests.support import processes
from tests.support.files import ROOT

TINY = ["--max-term", "1", "--max-restarts", "0", "--max-drops", "0", "--max-duplicates", "0"]


LITTLE = [
    f"--allow-unreached={name}"
    for name in (
        "SometimesTwoLeaders", "SometimesConflictTruncated", "SometimesLeaderStepsDown",
        "SometimesNextIndexBacksUp", "SometimesSnapshotReplacesConflict",
    )
]  # fmt: skip
"""What one term alone does not bring."""


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["check", "--json", *arguments])
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    return code, json.loads(out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what is said of bad input: one line on standard error, exit code 2."""
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("raft-ref: ")
    assert err.count("\n") == 1
    return err.removeprefix("raft-ref: ").strip()


def test_one_search(capsys: pytest.CaptureFixture[str]) -> None:
    """The default bounds of one search cover every action and reach every `sometimes`."""
    code, report = as_json(capsys, "--max-messages", "2")
    assert code == 0
    assert report["verdict"] == "HOLDS_WITHIN_BOUNDS"
    assert report["distinct_states"] == 564_181  # TLC agrees: see tests/spec/tlc
    assert report["transitions"] == 2_874_151
    assert report["depth"] == report["covered_depth"] == 38
    assert report["never_taken"] == []
    assert all(report["sometimes"].values())
    assert len(report["sometimes"]) == 10
    # Every bound is felt, but for one that another implies: what is compacted was in a log.
    assert [name for name, count in report["cut_off"].items() if not count] == [
        "max_snapshot_index"
    ]
    assert report["bounds"] == {
        "max_term": 2,
        "max_log_length": 1,
        "max_snapshot_index": 1,
        "max_messages": 2,
        "max_restarts": 1,
        "max_drops": 1,
        "max_duplicates": 1,
    }
    nothing = ("property", "trace", "diagram", "steps")
    assert [report[key] for key in nothing] == [None] * 4
    assert report["engine"].startswith(("native engine", "plain engine: the native engine was not"))


def test_a_small_report_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--servers", "2", *TINY, "--depth", "9"]) == 3
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[:3] == [
        "HOLDS, VACUOUSLY",
        "  reference node, 2 servers, network set, up to a renaming of the servers",
        "  bounds: max_term 1, max_log_length 1, max_snapshot_index 1, max_messages 2, "
        "max_restarts 0, max_drops 0, max_duplicates 0, depth 9",
    ]
    assert ["BecomeLeader", "1"] in [line.split() for line in lines]
    at = lines.index(
        "NEVER taken: InstallSnapshot, HandleInstallSnapshotRequest, "
        "HandleInstallSnapshotResponse, Restart,"
    )
    assert lines[at + 1] == "  DropMessage, ReceiveDuplicate"
    assert any(line.startswith("NOT reached: SometimesTwoLeaders") for line in lines)
    assert err == ""


def test_quiet_prints_verdict_and_bounds_and_what_never_happened(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "--quiet", "--depth", "2"]) == 3
    assert capsys.readouterr().out.splitlines() == [
        "HOLDS, VACUOUSLY",
        "  reference node, 3 servers, network set, up to a renaming of the servers",
        "  bounds: max_term 2, max_log_length 1, max_snapshot_index 1, max_messages 2, "
        "max_restarts 1, max_drops 1, max_duplicates 1, depth 2",
        "NOT reached: SometimesLeader, SometimesTwoLeaders, SometimesCommitted, "
        "SometimesFollowerCommits,",
        "  SometimesConflictTruncated, SometimesSnapshotInstalled, "
        "SometimesSnapshotReplacesConflict,",
        "  SometimesLeaderStepsDown, SometimesNextIndexBacksUp, SometimesCommitForgotten",
        "NEVER taken: AppendEntries, InstallSnapshot, ClientRequest, CompactLog, UpdateTerm,",
        "  HandleRequestVoteRequest, HandleRequestVoteResponse, BecomeLeader, "
        "HandleAppendEntriesRequest,",
        "  HandleAppendEntriesResponse, AdvanceCommitIndex, HandleInstallSnapshotRequest,",
        "  HandleInstallSnapshotResponse, Receive, DropMessage, ReceiveDuplicate",
    ]


def test_a_bug_is_told_and_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    trace, diagram = tmp_path / "bug.ndjson", tmp_path / "bug.svg"
    arguments = ["--bug", "vote-not-persisted", "--trace", str(trace), "--diagram", str(diagram)]
    assert main(["check", *arguments]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "VIOLATED: ElectionSafety, in 7 steps"
    assert "3. s2 crashes and restarts: it forgets that it voted for s1." in out.splitlines()
    assert out.splitlines()[-2:] == [
        f"trace written to {trace}",
        f"diagram written to {diagram}",
    ]
    assert len(read(trace).steps) == 7
    assert "<svg" in diagram.read_text()


def test_a_bug_for_machines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    trace = tmp_path / "bug.ndjson"
    code, report = as_json(capsys, "--bug", "quorum-of-half", "--trace", str(trace))
    assert code == 1
    assert report["verdict"] == "VIOLATED"
    assert (report["property"], report["steps"]) == ("ElectionSafety", 6)
    assert (report["trace"], report["diagram"]) == (str(trace), None)
    assert read(trace).violation is not None


@pytest.mark.parametrize(
    ("flag", "name", "steps"),
    [("--refine", "StepRefinement", 2), ("--bisimulation", "Bisimulation", 1)],
)
def test_where_a_bug_leaves_the_spec(
    capsys: pytest.CaptureFixture[str], flag: str, name: str, steps: int
) -> None:
    code, report = as_json(capsys, "--bug", "vote-not-persisted", flag)
    assert (code, report["property"], report["steps"]) == (1, name, steps)
    assert report["properties"][-1] == name


def test_what_is_due_can_still_be_committed(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = as_json(capsys, *TINY, "--progress", *LITTLE)
    assert code == 0
    assert report["properties"][-1] == "Progress"
    found = report["progress"]["Progress"]
    assert found["asked"] > 0
    assert (found["stuck"], found["cut_off"]) == (0, {})
    assert main(["check", *TINY, "--progress", *LITTLE]) == 0
    said = f"  Progress: the goal can be reached from all of the {found['asked']:,} states where it"
    assert said in capsys.readouterr().out


def test_a_cluster_that_is_stuck_is_told_and_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trace, diagram = tmp_path / "stuck.ndjson", tmp_path / "stuck.gv"
    bug = ["--bug", "commit-scan-stops-at-older-term", "--trace", str(trace)]
    code, report = as_json(capsys, *bug, "--diagram", str(diagram))
    assert (code, report["verdict"], report["property"]) == (1, "VIOLATED", "Progress")
    assert report["progress"]["Progress"]["stuck"] == 13
    violation = read(trace).violation
    assert violation is not None
    assert violation.formula.startswith("from every state with CommitIsDue, one with CommitIsDone")
    assert diagram.is_file()
    assert main(["check", *bug[:2]]) == 1
    out = capsys.readouterr().out
    assert "the goal cannot be reached from 13 of the 92 states where it is due" in out
    assert "11. s2 takes the client request v1" in out


def test_a_goal_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mine = tmp_path / "RaftInvariants.tla"
    text = INVARIANTS.read_text().rstrip("=\n")
    mine.write_text(text + '\nNobodyLeads == \\A i \\in Server : role[i] # "Leader"\n====\n')
    arguments = [*TINY, "--spec", str(mine), "--invariant", "TypeOK", "--progress", "NobodyLeads"]
    code, report = as_json(capsys, *arguments)
    # In the last term, a leader leads for ever: a bound alone makes it so.
    found = report["progress"]["Progress"]
    assert (code, report["property"], found["stuck"]) == (3, None, 0)
    assert found["kept"] > 0
    code, report = as_json(capsys, *arguments, "--progress-from", "NobodyLeads")
    assert (code, report["verdict"]) == (3, "HOLDS_VACUOUSLY")
    assert report["progress"]["Progress"]["stuck"] == 0


def test_the_known_bugs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--bug", "list"]) == 0
    out = capsys.readouterr().out
    for name, bug in EXPLORED.items():
        assert name in out
        assert bug.rule in out
    assert main(["check", "--bug", "list", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == [*EXPLORED]


def test_one_property_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """With the bug's own property left out, the search goes on to the end of the bounds."""
    bug = ["--bug", "vote-not-persisted"]
    assert as_json(capsys, *bug, "--invariant", "ElectionSafety")[1]["steps"] == 7
    code, report = as_json(capsys, *bug, "--invariant", "LogMatching")
    assert (code, report["verdict"]) == (3, "HOLDS_VACUOUSLY")


def test_with_and_without_symmetry(capsys: pytest.CaptureFixture[str]) -> None:
    quotient = as_json(capsys, *TINY)[1]
    full = as_json(capsys, *TINY, "--no-symmetry")[1]
    assert (quotient["symmetry"], full["symmetry"]) == (["servers"], [])
    assert quotient["distinct_states"] < full["distinct_states"]
    assert quotient["depth"] == full["depth"]


@pytest.mark.parametrize(
    ("arguments", "symmetry", "text"),
    [
        ([], ["servers", "values"], ", up to a renaming of servers and values"),
        (["--symmetry"], ["servers", "values"], ", up to a renaming of servers and values"),
        (["--symmetry", "both"], ["servers", "values"], ", up to a renaming of servers and values"),
        (["--symmetry", "servers"], ["servers"], ", up to a renaming of the servers"),
        (["--symmetry", "values"], ["values"], ", up to a renaming of the values"),
        (["--symmetry", "none"], [], ""),
        (["--no-symmetry"], [], ""),
    ],
)
def test_what_is_renamed_is_told(
    capsys: pytest.CaptureFixture[str], arguments: list[str], symmetry: list[str], text: str
) -> None:
    arguments = [*TINY, "--values", "2", "--depth", "3", *arguments]
    assert as_json(capsys, *arguments)[1]["symmetry"] == symmetry
    assert main(["check", *arguments]) == 3
    setting = capsys.readouterr().out.splitlines()[1]
    assert setting == f"  reference node, 3 servers, network set{text}"


def test_a_queue_for_each_channel_has_other_states(capsys: pytest.CaptureFixture[str]) -> None:
    unordered = as_json(capsys, *TINY, "--network", "set")[1]
    queued = as_json(capsys, *TINY, "--network", "fifo")[1]
    assert queued["verdict"] == "HOLDS_VACUOUSLY"
    assert queued["distinct_states"] != unordered["distinct_states"]


def test_properties_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mine = tmp_path / "RaftInvariants.tla"
    text = INVARIANTS.read_text()
    mine.write_text(
        text.replace(
            "SometimesLeader ==",
            'NoLeader == \\A i \\in Server : role[i] # "Leader"\n\nSometimesLeader ==',
        )
    )
    code, report = as_json(capsys, "--spec", str(mine))
    assert (code, report["property"], report["steps"]) == (1, "NoLeader", 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bug", "nonsense"], "--bug nonsense: no such bug; known are vote-not-persisted, "),
        (["--servers", "1"], "--servers 1: expected 2 or more: a candidate counts votes, and a "),
        (["--depth", "0"], "--depth 0: expected 1 or more"),
        (["--max-term", "-1"], "the bound max_term is -1: expected 0 or more"),
        (["--invariant", "Nonsense"], "--invariant Nonsense: no such property; known are TypeOK"),
        (["--node", "nonsense"], "--node nonsense: expected MODULE:CLASS"),
        (["--node", "no.such:Thing"], "--node no.such:Thing: ModuleNotFoundError"),
        (["--node", "json:Nonsense"], "--node json:Nonsense: module json has no Nonsense"),
        (["--node", "json:loads"], "--node json:loads: loads(servers, values) raises TypeError"),
        (["--node", "tests.toys:Holder"], "--node tests.toys:Holder: not an actor, for want of"),
        (["--trace", "/no/such/folder/x"], "--trace /no/such/folder/x: there is no folder"),
        (["--diagram", "x.bmp"], "--diagram x.bmp: expected one of .svg, .png, .pdf, .gv"),
        (["--trace", "/"], "--trace /: is a folder"),
        (["--spec", "/no/such.tla"], "/no/such.tla: No such file or directory"),
        (["--node", "tests.toys:Ring", "--max-term", "2"], "Ring has no measure"),
        (["--node", "tests.toys:Ring", "--symmetry"], "--symmetry: Ring has no method `rename`"),
        (["--symmetry", "both", "--values", "7"], "--symmetry: 3 servers and 7 values have 30,240"),
        (["--node", "tests.toys:Counting"], "--node tests.toys:Counting: nothing to check"),
        (["--node", "tests.toys:Ring", "--refine"], "--refine: tests.toys:Ring has no method"),
        (["--bisimulation", "--network", "fifo"], "--bisimulation: the network of the spec is a"),
        (["--progress", "Nonsense"], "--progress: RaftProgress has no operator Nonsense without"),
        (["--progress", "LeaderAppendOnly"], "--progress: LeaderAppendOnly is true of steps, not"),
        (["--progress", "--depth", "3"], "--depth: progress cannot be asked for within a bound on"),
        (["--node", "tests.toys:Ring", "--progress"], "--progress: tests.toys:Ring is no Raft"),
        (["--bound", "max_said=1"], "Node has no measure for the bound max_said"),
    ],
)  # fmt: skip
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert refused(capsys, *arguments).startswith(message)


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["check", "--bound", "x"], ["check", "--max-term", "x"]]
)
def test_bad_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: raft-ref" in capsys.readouterr().err


def test_help_has_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["check", "--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert "raft-ref check --bug vote-not-persisted --diagram bug.svg" in out
    assert "exit codes:" in out


# Nodes that are not ours


def test_a_node_of_another_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    faults = ["--max-restarts", "0", "--max-drops", "0", "--max-duplicates", "0"]
    code, report = as_json(capsys, "--node", "tests.toys:Ring", *faults)
    assert (code, report["distinct_states"]) == (0, 6)
    assert report["sometimes"] == {"SometimesAway": True}


def test_progress_of_another_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    node = [
        "--node",
        "tests.toys:RingThatGoesOn",
        "--max-restarts",
        "0",
        "--max-duplicates",
        "0",
    ]
    code, report = as_json(capsys, *node)
    assert (code, report["property"], report["steps"]) == (1, "GoesOn", 2)
    assert report["progress"] == {
        "GoesOn": {"asked": 7, "stuck": 1, "cut_off": {"max_restarts": 3}, "kept": 0}
    }
    assert as_json(capsys, *node, "--max-drops", "0")[0] == 0


def test_a_wrong_node_of_another_protocol(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trace, diagram = tmp_path / "ring.ndjson", tmp_path / "ring.png"
    node = [
        "--node",
        "tests.toys:StickyRing",
        "--trace",
        str(trace),
        "--diagram",
        str(diagram),
    ]
    code, report = as_json(capsys, *node)
    assert (code, report["property"], report["steps"]) == (1, "MutualExclusion", 2)
    assert [step.step for step in read(trace).steps] == ["Pass", "Receive"]
    assert diagram.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ("BrokenRing", "BrokenRing.receive returns None, expected a step with"),
        ("RingWithBrokenProperties", "RingWithBrokenProperties.properties raises KeyError: 'none'"),
        ("RingWithBrokenProperty", "the property Broken raises AttributeError: "),
        ("RingWithBrokenMeasure", "the measure max_broken raises AttributeError: "),
    ],
)
def test_a_node_that_breaks_its_protocol(
    capsys: pytest.CaptureFixture[str], node: str, message: str
) -> None:
    bound = ["--bound", "max_broken=1"] if "Measure" in node else []
    assert refused(capsys, "--node", f"tests.toys:{node}", *bound).startswith(message)


def test_a_bad_module_of_properties_is_refused_with_its_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mine = tmp_path / "Mine.tla"
    mine.write_text("---- MODULE Mine ----\nVARIABLE log\nBad == log = nonsense\n====\n")
    said = refused(capsys, "--spec", str(mine))
    assert said.startswith(f"{mine}:3:14: ")
    assert "nonsense" in said


@pytest.mark.parametrize(("node", "code"), [("OwnRaft", 3), ("OwnRaftThatForgets", 1)])
def test_a_raft_of_ones_own(
    capsys: pytest.CaptureFixture[str], node: str, code: int, tmp_path: Path
) -> None:
    """Other states and messages than ours; `as_raft` says what they stand for."""
    bounds = ["--max-term", "1", "--max-log", "0", "--max-messages", "3", "--max-drops", "0"]
    trace = tmp_path / "own.ndjson"
    found, report = as_json(capsys, "--node", f"tests.toys:{node}", *bounds, "--trace", str(trace))
    assert found == code
    assert report["property"] == ("ElectionSafety" if code == 1 else None)
    if code == 1:
        assert read(trace).initial["s1"]["currentTerm"] == 0


def test_a_witness(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "leaders.svg"
    witness = ["check", "--witness", "SometimesTwoLeaders"]
    assert main([*witness, "--diagram", str(picture)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("REACHED: SometimesTwoLeaders, in 7 steps\n")
    assert "7. s2 receives RequestVoteResponse(term 2, granted) from s3: becomes leader" in out
    assert "violated" not in out + picture.read_text()
    assert main([*witness, "--max-term", "1"]) == 1
    assert capsys.readouterr().out.startswith("NOT REACHED WITHIN BOUNDS: SometimesTwoLeaders\n")
    assert "did you mean SometimesLeader?" in refused(capsys, "--witness", "SometimesLeadr")


def test_all_but_one_property(capsys: pytest.CaptureFixture[str]) -> None:
    node = [
        "--node",
        "raft_ref.bugs:TermNotPersisted",
        "--max-messages",
        "2",
        "--max-snapshot",
        "0",
    ]
    assert as_json(capsys, *node)[1]["property"] == "CurrentTermMonotonic"
    code, report = as_json(capsys, *node, "--except", "CurrentTermMonotonic")
    assert (code, report["property"], report["steps"]) == (1, "ElectionSafety", 8)
    assert "no such property" in refused(capsys, *node, "--except", "Nothing")


NO_FAULTS = ["--max-restarts", "0", "--max-drops", "0", "--max-duplicates", "0"]


@pytest.mark.parametrize("goal", ["LeaderIsElected", "CommitIsDone"])
def test_one_server_may_be_down(goal: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = as_json(capsys, "--progress", goal, "--down", "1", *NO_FAULTS)
    assert code == 0
    assert report["progress"]["Progress"]["stuck"] == 0


class LeaderNotCounted(Node):
    """A leader does not count itself among those who store an entry."""

    def is_stored(self, state: State, index: int) -> bool:
        """Count the others alone."""
        peers = (peer for peer in self.servers if peer != state.me)
        at = {peer: state.match_index[self.servers.index(peer)] for peer in peers}
        return self.is_quorum(frozenset(peer for peer, match in at.items() if match >= index))


def test_a_commit_that_needs_all_servers_is_found_with_one_down(
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = ["--max-term", "1", "--max-snapshot", "0", *NO_FAULTS]
    node = ["--node", "tests.cli.test_check:LeaderNotCounted", "--progress", *small]
    assert as_json(capsys, *node)[1]["property"] is None
    code, report = as_json(capsys, *node, "--down", "1")
    assert (code, report["property"], report["steps"]) == (1, "Progress", 4)
    assert "--down 3: expected less than 3 servers" in refused(capsys, "--down", "3")


# A process of its own: signals, pipes, files


def start(*arguments: str, **options: Any) -> "subprocess.Popen[str]":
    return processes.start(
        [*processes.COMMAND, "check", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        **options,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_terminal_shows_progress_and_an_interrupt_ends_cleanly(number: signal.Signals) -> None:
    ours, theirs = pty.openpty()
    process = processes.start(
        [*processes.COMMAND, "check", "--json", "--max-messages", "4", "--max-log", "2"],
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while not re.search(rb" states, .* depth ([2-9]|\d\d)", shown):  # a level is covered
        shown += os.read(ours, 1000)
    for _ in range(2):  # as `timeout` does: to the process, and to its group
        process.send_signal(number)
        time.sleep(0.02)
    out, _ = process.communicate(timeout=30)
    os.close(ours)
    assert process.returncode == 3
    assert re.search(rb"[\d,]+ states, [\d,]+/s, depth \d+, queue [\d,]+, \d+ s", shown)
    assert b"Traceback" not in shown
    report = json.loads(out)
    assert report["verdict"] == "INCOMPLETE"
    assert 0 < report["covered_depth"] <= report["depth"]


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = start("--max-term", "1")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) in (0, 3)


def test_the_same_report_whatever_the_hash_seed() -> None:
    outputs = set()
    for seed in ("0", "1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        out, _ = start("--bug", "log-not-compared-before-vote", env=env).communicate(timeout=60)
        outputs.add("\n".join(line for line in out.splitlines() if "states/s" not in line))
    assert len(outputs) == 1
    assert "LeaderCompleteness" in outputs.pop()


def test_a_bug_breaks_another_property_before_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """The bug's own is shown; what falls before it is told, and how to see that alone."""
    bug = ["--bug", "vote-written-before-term"]
    code, report = as_json(capsys, *bug)
    assert (code, report["property"], report["steps"]) == (1, "ElectionSafety", 13)
    assert report["known"] == "ElectionSafety"
    assert report["earlier"] == {"property": "CurrentTermMonotonic", "steps": 3}
    alone = [*bug, "--invariant", "CurrentTermMonotonic"]
    assert main(["check", *bug, "--quiet"]) == 1
    assert capsys.readouterr().out.splitlines()[3:] == [
        "  asked for: all properties; this bug is known to break ElectionSafety",
        "  before that, CurrentTermMonotonic is violated, in 3 steps: raft-ref check "
        f"{' '.join(bug)} --quiet --invariant CurrentTermMonotonic",
    ]
    assert as_json(capsys, *alone)[1]["steps"] == 3


def test_a_bug_whose_own_property_holds_within_the_bounds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bug = ["--bug", "term-not-persisted", "--max-term", "1"]
    code, report = as_json(capsys, *bug)
    assert (code, report["property"], report["earlier"]) == (1, "CurrentTermMonotonic", None)
    assert report["note"] == (
        "LeaderCompleteness, which this bug is known to break, holds within these bounds"
    )


def test_all_that_is_violated(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Each property's shortest violation, the shortest first; each has its files."""
    files = ["--trace", str(tmp_path / "bug.ndjson"), "--diagram", str(tmp_path / "bug.gv")]
    bounds = ["--max-term", "1", "--max-log", "0", "--max-messages", "3"]
    many = ["--bug", "term-not-persisted", *bounds, "--all-violations"]
    code, report = as_json(capsys, *many, *files)
    assert (code, report["verdict"], report["is_whole"]) == (1, "VIOLATED", True)
    found = {each["property"]: each["steps"] for each in report["violations"]}
    assert found == {"CurrentTermMonotonic": 2, "ElectionSafety": 7}
    assert not {*found} & {*report["rest"]["properties"]}
    for each in report["violations"]:
        name = each["property"]
        assert each["trace"] == str(tmp_path / f"bug-{name}.ndjson")
        violation = read(tmp_path / f"bug-{name}.ndjson").violation
        assert violation is not None
        assert violation.property == name
        assert (tmp_path / f"bug-{name}.gv").is_file()
    assert main(["check", *many]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "VIOLATED: 2 properties: CurrentTermMonotonic in 2 steps, ElectionSafety in 7 steps"
    )
    assert "1. VIOLATED: CurrentTermMonotonic, in 2 steps" in lines
    assert "the other properties: HOLDS, VACUOUSLY" in lines


def test_nothing_is_violated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *TINY, *LITTLE, "--all-violations"]) == 0
    assert capsys.readouterr().out.startswith("HOLDS WITHIN BOUNDS\n")
    wanted = ["--all-violations", "--witness", "SometimesLeader"]
    assert refused(capsys, *wanted) == "--witness: not with --all-violations"
