"""`raft-ref new node`: what it writes is a Raft, and its own test says so."""

import subprocess
import sys
from pathlib import Path

import pytest

from raft_ref.cli import main

SMALL = ["--servers", "2", "--max-term", "2", "--max-log", "1", "--max-restarts", "0"]
SMALL += ["--max-drops", "0", "--max-duplicates", "0"]
UNREACHED = ("TwoLeaders", "ConflictTruncated", "NextIndexBacksUp")
"""What two servers without faults cannot come to."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_raft", raising=False)
    assert main(["new", "node"]) == 0
    return tmp_path


def test_it_writes_a_node_and_its_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "node"]) == 0
    assert capsys.readouterr().out == "written to my_raft.py\nwritten to test_my_raft.py\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["my_raft.py", "test_my_raft.py"]


def test_it_writes_over_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "node"]) == 2
    assert capsys.readouterr().err == "raft-ref: my_raft.py: it is there already\n"


def test_the_node_is_a_raft(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    allowed = [each for name in UNREACHED for each in ("--allow-unreached", f"Sometimes{name}")]
    node = ["check", "--node", "my_raft:MyRaft", *SMALL, *allowed]
    assert main([*node, "--refine", "--bisimulation"]) == 0
    assert "StepRefinement, Bisimulation" in capsys.readouterr().out


@pytest.mark.long
def test_its_own_test_passes(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "test_my_raft.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout
