"""Libraries in Go, Java and JavaScript, recorded and driven: what they do, and do wrong."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.traces.conformance.adapter import Adapter
from raft_ref.traces.conformance.hunting.departures import kind, read_known
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support.files import ROOT
from tests.support.peers import PEERS, hashicorp, liferaft, microraft, tool
from tests.traces.conformance.test_conformance import THREE, hunt
from tests.traces.conformance.test_peers import changing_hunt

FOUND = ROOT / "traces" / "found"
Line = dict[str, Any]


def recorded(path: Path, *options: str) -> list[Line]:
    """Record a cluster of hashicorp/raft into a file, and return its lines."""
    with path.open("wb") as file:
        subprocess.run([hashicorp(), *options], stdout=file, check=True, timeout=120)
    return [json.loads(line) for line in path.read_text().splitlines()]


def first(lines: list[Line], **wanted: Any) -> int:
    """Return the place of the first message in the second half that has all this."""
    half = len(lines) // 2
    return next(
        half + place
        for place, line in enumerate(lines[half:])
        if line["step"] == "Send" and wanted.items() <= line["message"].items()
    )


def broken(path: Path, lines: list[Line], place: int, line: Line) -> None:
    """Demand that a trace is refused at a line that was changed."""
    changed = [*lines[:place], line]
    path.write_text("".join(json.dumps(each) + "\n" for each in changed))
    verdict = validate(path, PROFILES["raft-ref"])
    assert (verdict.outcome, verdict.line) == (Outcome.REFUSED, place + 1)


@pytest.mark.long
def test_hashicorp_is_recorded_afresh_and_accepted(tmp_path: Path) -> None:
    """Entries are kept for long behind snapshots, so that none is sent (see the next tests)."""
    path = tmp_path / "run.ndjson"
    options = ["-seed", "3", "-time", "1s", "-trailing", "1000", "-pre-vote", "-pipeline"]
    lines = recorded(path, *options)
    assert validate(path, PROFILES["raft-ref"]).outcome is Outcome.ACCEPTED
    assert {"TakeLead", "ClientRequest", "Apply"} <= {line.get("step") for line in lines}

    place = first(lines, type="AppendEntriesResponse", success=True)
    more = {**lines[place]["message"], "matchIndex": lines[place]["message"]["matchIndex"] + 1_000}
    broken(tmp_path / "more.ndjson", lines, place, {**lines[place], "message": more})
    place = next(i for i in reversed(range(len(lines))) if lines[i].get("step") == "Apply")
    other = {**lines[place]["arguments"], "value": "another"}
    broken(tmp_path / "other.ndjson", lines, place, {**lines[place], "arguments": other})


@pytest.mark.long
def test_who_led_before_sends_an_entry_of_a_later_leader_behind_its_own(tmp_path: Path) -> None:
    """The state machines of hashicorp/raft differ where the disk of a deposed leader is slow."""
    path = tmp_path / "run.ndjson"
    lines = recorded(path, "-scenario", "deposed")
    verdict = validate(path, PROFILES["raft-ref"])
    assert verdict.outcome is Outcome.REFUSED
    assert verdict.line is not None
    refused = lines[verdict.line - 1]["message"]
    assert (refused["source"], refused["dest"], refused["prevLogTerm"]) == ("s1", "s2", 2)
    assert refused["term"] == 2 < refused["entries"][0]["term"]
    applied = {
        (line["server"], line["arguments"]["value"])
        for line in lines
        if line.get("step") == "Apply" and line["arguments"]["index"] == 4
    }
    assert {("s2", "v2"), ("s3", "w1")} <= applied or {("s2", "v2"), ("s4", "w1")} <= applied


@pytest.mark.long
@pytest.mark.deep
def test_an_older_snapshot_takes_the_state_machine_of_hashicorp_back() -> None:
    """Few entries are kept: what a follower had applied is gone, and its process ends."""
    command = [str(hashicorp()), "-scenario", "older"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said = ran.stderr.splitlines()
    assert said[:2] == ["s2 has applied [v1 v2 v3 v4 v5 v6]", "s2 has applied [v1 v2 v3]"]
    assert (ran.returncode, said[2]) == (2, "panic: log not found")


@pytest.mark.long
@pytest.mark.deep
def test_changes_of_the_membership_are_followed(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson"
    options = ["-seed", "3", "-time", "2s", "-trailing", "1000", "-servers", "5", "-voters", "4"]
    lines = recorded(path, *options)
    assert validate(path, PROFILES["raft-ref"]).outcome is Outcome.ACCEPTED
    assert "ChangeTo" in {line.get("step") for line in lines}


# ---- Driven: what was found is fatal, and what a short hunt finds


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.parametrize(
    ("start", "name", "consequence"),
    [
        (
            lambda: str(microraft()),
            "microraft-answer-of-an-earlier-term-counted",
            "s2 leads term 4 and has another entry at index 2",
        ),
        (
            lambda: str(microraft()),
            "microraft-removed-server-elects-itself",
            "s2 and s1 both lead term 2",
        ),
        (
            lambda: f"node {liferaft()}",
            "liferaft-empty-log-elected",
            "s1 leads term 2 and lacks the entry at index 1",
        ),
        (lambda: f"node {liferaft()}", "liferaft-nothing-stored", "s2 and s3 both lead term 1"),
        (
            lambda: f"node {liferaft()}",
            "liferaft-acknowledged-entry-removed",
            "s3 has lost the entry at index 2",
        ),
    ],
    ids=[
        "microraft-answer",
        "microraft-removed",
        "liferaft-elected",
        "liferaft-stored",
        "liferaft-removed",
    ],
)
def test_what_was_found_is_fatal(
    start: Callable[[], str], name: str, consequence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule = FOUND / f"{name}.schedule.ndjson"
    assert main(["conform", "--cmd", start(), str(schedule), "--quiet"]) == 1
    verdict = capsys.readouterr().out.splitlines()[0]
    assert verdict.startswith("FATAL ")
    assert consequence in verdict


@pytest.mark.long
@pytest.mark.deep
def test_a_short_hunt_finds_what_microraft_does_and_nothing_else() -> None:
    known = read_known(PEERS / "microraft" / "known.txt")
    with Adapter([str(microraft())]) as adapter:
        found = hunt(adapter, 60, is_fifo=True).run().found
        assert found is not None
        assert kind(found) in known
        hunted = hunt(adapter, 40, is_fifo=True, known=known).run()
    assert hunted.found is None
    assert hunted.actions["ClientRequest"] > 40


@pytest.mark.long
@pytest.mark.deep
def test_microraft_changes_its_members() -> None:
    """With three servers: of four voters it takes two for enough to commit."""
    folder = PEERS / "microraft"
    known = read_known(folder / "known.txt") | read_known(folder / "known-changes.txt")
    without = ("EnterJoint", "LeaveJoint")
    with Adapter([str(microraft())]) as adapter:
        chase = changing_hunt(
            adapter, "membership", THREE, without=without, is_fifo=True, known=known
        )
        hunted = chase.run()
    assert hunted.found is None
    assert {*hunted.changes} >= {"AddServer", "RemoveServer"}


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AssertionError, match="mvn is missing: install maven"):
        tool("mvn", "install maven")
