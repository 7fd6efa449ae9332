"""`raft-ref check --random`, as a user meets it."""

import json
import os
import pty
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.traces import read
from tests.support import processes

BUG = ["--bug", "log-not-compared-before-vote", "--random", "--seed", "1"]


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["check", "--json", *arguments])
    out, err = capsys.readouterr()
    assert err == ""
    return code, json.loads(out)


def test_a_bug_is_told_shrunk_and_replayed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trace, diagram = tmp_path / "bug.ndjson", tmp_path / "bug.gv"
    arguments = [*BUG, "--runs", "5", "--trace", str(trace), "--diagram", str(diagram)]
    assert main(["check", *arguments]) == 1
    out = capsys.readouterr().out.splitlines()
    [steps] = re.findall(
        r"^VIOLATED: LeaderCompleteness, in (\d+) steps \(shrunk from \d+; locally minimal\)$",
        out[0],
    )
    assert len(read(trace).steps) == int(steps)
    assert "digraph" in diagram.read_text()
    [replay] = [line for line in out if line.startswith("  replay: raft-ref ")]
    main(replay.removeprefix("  replay: raft-ref ").split())
    again = capsys.readouterr().out.splitlines()
    story = slice(out.index("") + 1, -2)
    assert out[story] == again[story]


def test_the_outcome_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = as_json(capsys, *BUG, "--runs", "5", "--steps", "150")
    assert (code, report["verdict"]) == (1, "VIOLATED")
    assert report["engine"].startswith("random, native engine, ")
    assert report["property"] == "LeaderCompleteness"
    about = report["random"]
    assert (about["seed"], about["runs"], about["steps"]) == (1, 5, 150)
    assert about["found_after_steps"] > report["steps"]
    assert about["is_minimal"]
    assert about["replay"] == (
        "raft-ref check --json --bug log-not-compared-before-vote --random --steps 150 "
        f"--seed {about['found_with_seed']} --runs 1"
    )


def test_the_reference_node_survives_and_nothing_is_said_to_hold(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 0 would say that it holds."""
    assert main(["check", "--random", "--seed", "7", "--runs", "4", "--max-term", "5"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "NOTHING FOUND in 4 random walks, which do not show that anything holds",
        "  reference node, 3 servers, network set",
        "  bounds: max_term 5, max_log_length 8, max_snapshot_index 8, max_messages 16, "
        "max_restarts 20, max_drops 20, max_duplicates 20",
    ]
    assert any(line.startswith("not violated: TypeOK, ") for line in lines)
    assert "HOLDS" not in "\n".join(lines)


def test_quiet_and_a_seed_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--random", "--runs", "1", "--steps", "3", "--quiet"]) == 3
    out = capsys.readouterr().out
    assert re.search(r"^  walks: seed \d+, 1 runs of 3 steps$", out, re.M)
    assert "NEVER taken: " in out
    assert "actions taken" not in out


def test_a_node_of_another_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = as_json(capsys, "--node", "tests.toys:StickyRing", "--random", "--seed", "0")
    assert (code, report["property"], report["steps"]) == (1, "MutualExclusion", 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seed", "1"], "--seed: only with --random"),
        (["--runs", "1"], "--runs: only with --random"),
        (["--steps", "1"], "--steps: only with --random"),
        (["--jobs", "1"], "--jobs: only with --random"),
        (["--shard", "1/2"], "--shard: only with --random"),
        (["--random", "--shard", "1/2"], "--shard: the shards of a search have one seed"),
        (["--random", "--threads", "2"], "--threads: with --random, --jobs says how many"),
        (["--random", "--seed", str(2**64)], f"--seed {2**64}: expected less than 2^64"),
        (["--random", "--seed", "-1"], "--seed -1: expected 0 or more"),
        (["--random", "--runs", "0"], "--runs 0: expected 1 or more"),
        (["--random", "--steps", "0"], "--steps 0: expected 1 or more"),
        (["--random", "--progress"], "--random: progress is of all that may follow"),
        (["--random", "--depth", "3"], "--depth: with --random, --steps says how long"),
        (["--random", "--symmetry"], "--symmetry: walks are not compared"),
        (["--random", "--bisimulation"], "--bisimulation: takes all steps out of a state"),
        (["--random", "--max-term", "-1"], "the bound max_term is -1: expected 0 or more"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"raft-ref: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("given", ["0/2", "3/2", "2", "a/b", "1/2/3"])
def test_a_shard_that_makes_no_sense(capsys: pytest.CaptureFixture[str], given: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["check", "--random", "--seed", "1", "--shard", given])
    assert f"--shard: '{given}': expected K/N, with K from 1 to N" in capsys.readouterr().err


def test_a_shard_replays_without_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = as_json(capsys, *BUG, "--runs", "4", "--shard", "2/2", "--jobs", "1")
    assert (code, report["random"]["shard"], report["random"]["found_with_seed"]) == (1, "2/2", 2)
    assert "--shard" not in report["random"]["replay"]
    assert report["engine"] == "random, native engine, 1 at a time"


def test_the_plain_engine_walks_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    (*reports,) = (
        as_json(capsys, *BUG, "--runs", "3", "--jobs", "1", "--engine", engine)[1]
        for engine in ("plain", "native")
    )
    assert [report.pop("engine").split(", ")[1] for report in reports] == [
        "plain engine",
        "native engine",
    ]
    for report in reports:
        del report["seconds"], report["random"]["replay"]
    assert reports[0] == reports[1]


def test_the_same_outcome_whatever_the_hash_seed() -> None:
    outputs = set()
    for seed in ("0", "1"):
        done = subprocess.run(
            [*processes.COMMAND, "check", *BUG, "--runs", "3"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.returncode == 1
        outputs.add(re.sub(r"[\d.]+ s, [\d,]+ steps/s", "", done.stdout))
    assert len(outputs) == 1


def test_a_terminal_shows_progress_and_an_interrupt_ends_cleanly() -> None:
    ours, theirs = pty.openpty()
    command = ["check", "--random", "--seed", "0", "--runs", "100000", "--steps", "50"]
    process = processes.start(
        [*processes.COMMAND, *command],
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while not re.search(rb"walk ([2-9]|[\d,]{2,}) of", shown) and len(shown) < 5000:
        shown += os.read(ours, 1000)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    os.close(ours)
    assert process.returncode == 3
    assert re.search(
        rb"walk [\d,]+ of 100,000, [\d,]+ steps, [\d,]+/s, [\d,]+ states, \d+ s", shown
    )
    assert b"Traceback" not in shown
    assert re.match(r"INCOMPLETE: stopped in walk [\d,]+ of 100,000\n", out)
