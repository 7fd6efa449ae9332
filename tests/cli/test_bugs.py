"""`raft-ref bugs`, as a user meets it."""

import json
from pathlib import Path

import pytest

from raft_ref import Node
from raft_ref.bugs import BUGS, Bug
from raft_ref.cli import main
from raft_ref.server import Simulation
from raft_ref.server.simulation.bugs import ServerBug
from raft_ref.verify import ZOO


def only(monkeypatch: pytest.MonkeyPatch, **bugs: Bug | ServerBug) -> None:
    """Leave only these bugs in the zoo."""
    explored = {name: bug for name, bug in bugs.items() if isinstance(bug, Bug)}
    simulated = {name: bug for name, bug in bugs.items() if isinstance(bug, ServerBug)}
    for module in ("verify.bug_search", "verify.cluster.building", "cli.reports.bugs"):
        monkeypatch.setattr(f"raft_ref.{module}.EXPLORED", explored)
        if module != "verify.cluster.building":
            monkeypatch.setattr(f"raft_ref.{module}.SERVER_BUGS", simulated)
    monkeypatch.setattr("raft_ref.cli.commands.bugs.ZOO", (*explored, *simulated))


def test_a_bug_that_survives_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference node itself, said to break something, is never found to."""
    bounds = {"servers": 2, "max_term": 1, "max_messages": 1}
    innocent = Bug(Node, "ElectionSafety", "nowhere", bounds)
    only(monkeypatch, **{"innocent": innocent, "quorum-of-half": BUGS["quorum-of-half"]})
    assert main(["bugs", "--quiet"]) == 1
    title, first, second, last, *waiting = capsys.readouterr().out.splitlines()
    assert title.split("  ")[0] == "bug"
    assert first.split() == [
        "innocent", "nowhere", "ElectionSafety", "search", "SURVIVES", "6", first.split()[-1],
    ]  # fmt: skip
    assert second.split()[:5] == ["quorum-of-half", "hydro#3082", "ElectionSafety", "search", "6"]
    assert last.startswith("1 of 2 found in ")
    assert waiting[1] == "waiting for what the node does not have:"
    assert main(["bugs", "innocent", "--quiet"]) == 1
    assert "SURVIVES: it was not found" in capsys.readouterr().out


def test_a_server_without_a_bug_survives_all_trials(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, innocent=ServerBug(Simulation.replica, "nowhere"))
    monkeypatch.setattr("raft_ref.server.simulation.bugs.SEEDS", range(20))
    monkeypatch.setattr("raft_ref.server.simulation.bugs.MOST_COMMANDS", 6)
    assert main(["bugs", "--quiet", "--json"]) == 1
    [row] = json.loads(capsys.readouterr().out)["bugs"]
    assert (row["steps"], row["tried"]) == (None, 120)


def test_the_story_of_a_server(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "bug.svg"
    assert main(["bugs", "retry-applied-twice", "--quiet", "--diagram", str(picture)]) == 0
    assert "No order of these operations explains what clients saw." in picture.read_text()
    out = capsys.readouterr().out
    assert "found with 2 operations of clients, in trial 14" in out
    assert "class RetryAppliedTwice(KeyValueMachine):" in out
    assert "\n  0.000 to 1.970  cas x c2-0 if nothing is there: not done, it is c2-0\n" in out


def test_the_story_of_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "bug.svg"
    story = ["bugs", "truncated-without-conflict", "--quiet", "--diagram", str(picture)]
    assert main(story) == 0
    out = capsys.readouterr().out
    assert "seen in: raftos#26, CCF#5991" in out
    assert "a conflict alone truncates it (5.3)" in out
    assert "class TruncatedWithoutConflict(Node):" in out
    assert "found in 15 steps, among " in out
    assert "shown in 12 steps: those that only make room for messages are left out" in out
    assert "12. s2 receives RequestVoteResponse" in out
    assert "LeaderCompleteness is violated" in out
    assert picture.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["bugs", "nothing"], "no bug nothing; known are vote-not-persisted"),
        (["bugs", "quorum-of-half", "--diagram", "x.foo"], "--diagram x.foo: expected one of .svg"),
        (["bugs", "quorum-of-haf"], "no bug quorum-of-haf; did you mean quorum-of-half?"),
        (["bugs", "--diagram", "x.svg"], "--diagram: only with the name of a bug"),
    ],
)
def test_bad_usage(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert f"raft-ref: {error}" in capsys.readouterr().err


def test_a_search_that_stopped_early_is_no_verdict(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug that was looked for in part has not survived, and an automaton seen in part is none."""
    monkeypatch.setattr("raft_ref.explorer.engines.choice.usable_bytes", lambda: 1)
    assert main(["bugs", "hint-taken-for-match", "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == (
        "", "raft-ref: --bug hint-taken-for-match: stopped by the limit on memory: not known\n"
    )  # fmt: skip
    assert main(["draw", "--automaton", "-o", "roles.gv"]) == 2
    assert "stopped by the limit on memory; lower the bounds" in capsys.readouterr().err


def test_the_gallery_that_ships_is_written_out_as_a_page(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["bugs", "--gallery"]) == 0
    page = (tmp_path / "raft-ref-gallery" / "index.html").read_text()
    for name in ZOO:
        assert f'<h2 id="{name}">' in page
        assert (tmp_path / "raft-ref-gallery" / f"{name}.svg").exists()
    assert "s1 and s3 both lead term 1." in page
    assert main(["bugs", "--gallery"]) == 2
    assert "there is a raft-ref-gallery already" in capsys.readouterr().err
