"""`raft-ref bugs`, as a user meets it."""

import json
from pathlib import Path

import pytest

from raft_ref import Node
from raft_ref.bugs import BUGS, Bug
from raft_ref_cli import main
from tests.test_raft_ref_bugs import SHORTEST


def test_each_bug_is_found_in_as_many_steps_as_ever(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bugs", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = {each["name"]: (each["steps"], each["distinct_states"]) for each in found["bugs"]}
    assert rows == SHORTEST
    assert found["not_searched"] == 0


def test_a_bug_that_survives_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference node itself, said to break something, is never found to."""
    bounds = {"servers": 2, "max_term": 1, "max_messages": 1}
    innocent = Bug(Node, "ElectionSafety", "nowhere", bounds)
    some = {"innocent": innocent, "quorum-of-half": BUGS["quorum-of-half"]}
    monkeypatch.setattr("raft_ref_cli.bugs.BUGS", some)
    monkeypatch.setattr("raft_ref_cli.cluster.BUGS", some)
    assert main(["bugs", "--quiet"]) == 1
    title, first, second, last = capsys.readouterr().out.splitlines()
    assert title.split() == ["bug", "seen", "in", "breaks", "steps", "states", "seconds"]
    assert first.split()[:4] == ["innocent", "nowhere", "ElectionSafety", "SURVIVES"]
    assert second.split()[:4] == ["quorum-of-half", "hydro#3082", "ElectionSafety", "6"]
    assert last.startswith("1 of 2 found in ")
    assert main(["bugs", "innocent", "--quiet"]) == 1
    assert "SURVIVES: it was not found" in capsys.readouterr().out


def test_the_story_of_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "bug.svg"
    story = ["bugs", "truncated-without-conflict", "--quiet", "--diagram", str(picture)]
    assert main(story) == 0
    out = capsys.readouterr().out
    assert "seen in: raftos#26, CCF#5991" in out
    assert "a conflict alone truncates it (5.3)" in out
    assert "class TruncatedWithoutConflict(Node):" in out
    assert "15. s2 receives RequestVoteResponse" in out
    assert "LeaderCompleteness is violated" in out
    assert picture.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["bugs", "nothing"], "no bug nothing: vote-not-persisted"),
        (["bugs", "--diagram", "x.svg"], "--diagram: only with the name of a bug"),
    ],
)
def test_bad_usage(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert f"raft-ref: {error}" in capsys.readouterr().err
