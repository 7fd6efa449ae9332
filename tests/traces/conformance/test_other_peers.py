"""Libraries in Go, Java and JavaScript, recorded and driven: what they do, and what they do wrong."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support.peers import hashicorp

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
    options = ["-seed", "3", "-time", "1s", "-trailing", "1000", "-pre-vote"]
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
