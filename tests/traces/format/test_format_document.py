"""What traces/FORMAT.md shows and says is what is read."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from raft_ref.spec.files import EXTENDED_TRACE, RAFT_TRACE
from raft_ref.traces import read
from raft_ref.traces.format.features import FEATURES, MARK, MAY_BE_ALLOWED
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import Lines, Outcome, validate
from raft_ref.traces.validation.lines.events import MOVES, MOVES_OF_FEATURES
from raft_ref.traces.validation.rules.checks import (
    MESSAGES,
    MESSAGES_OF_FEATURES,
    VARIABLES,
    VARIABLES_OF_FEATURES,
    VARIABLES_OF_MEMBERSHIP,
)
from tests.support.files import ROOT

TEXT = (ROOT / "traces" / "FORMAT.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^\*\*([\w ]+)\*\*: [^\n]*\n\n```json\n(.*?)^```", TEXT, re.M | re.S))

BROKEN = [
    ("Whole", 4, '"role": "Leader"', '"role": "Candidate"'),
    ("Whole", 3, '"voteGranted": true', '"voteGranted": false'),
    ("Whole", 5, '"term": 1', '"term": 2'),
    ("In part", 4, '"role": "Leader"', '"role": "Leader", "currentTerm": 0'),
    ("In part", 6, '"lastTerm": 1', '"lastTerm": 2'),
    ("Of threads", 5, '"votedFor": "a"', '"votedFor": "c"'),
    ("Of threads", 9, '"value": "x"', '"value": "y"'),
    ("Of threads", 12, '"matchIndex": 1', '"matchIndex": 2'),
    ("Of threads", 13, '"commitIndex": 1', '"commitIndex": 2'),
    ("Of threads", 14, '"value": "x"', '"value": "y"'),
]
"""A trace, a line of it, and what is changed in that line so that it is refused there."""


def outcome_of(text: str, folder: Path) -> tuple[Outcome, int | None]:
    path = folder / "shown.ndjson"
    path.write_text(text, encoding="utf-8")
    verdict = validate(path, PROFILES["raft-ref"])
    return verdict.outcome, verdict.line


def test_three_traces_are_shown() -> None:
    assert [*SHOWN] == ["Whole", "In part", "Of threads"]


@pytest.mark.parametrize("name", [*SHOWN])
def test_what_is_shown_is_accepted(name: str, tmp_path: Path) -> None:
    assert outcome_of(SHOWN[name], tmp_path) == (Outcome.ACCEPTED, None)


@pytest.mark.parametrize(("name", "number", "old", "new"), BROKEN)
def test_a_line_of_it_that_is_broken_is_refused(
    name: str, number: int, old: str, new: str, tmp_path: Path
) -> None:
    lines = SHOWN[name].splitlines(keepends=True)
    assert lines[number - 1].count(old) == 1
    lines[number - 1] = lines[number - 1].replace(old, new)
    assert outcome_of("".join(lines), tmp_path) == (Outcome.REFUSED, number)


def test_silent_moves_are_as_it_says() -> None:
    (said,) = re.findall(r"^\| `silent` .* `(\{.*\})` \|$", TEXT, re.M)
    header: dict[str, Any] = json.loads(SHOWN["In part"].splitlines()[0])
    recording = PROFILES["raft-ref"](Lines([header]))
    assert json.loads(said) == recording.liberties.silent


def test_all_steps_variables_fields_and_latitudes_are_named() -> None:
    prose = re.sub(r"^```.*?^```", "", TEXT, flags=re.M | re.S)
    named = {*re.findall(r"\w+", " ".join(re.findall(r"`[^`]+`", prose)))}
    fields = {name for each in MESSAGES.values() for name in each}
    assert {*MOVES, *VARIABLES, *MESSAGES, *fields} <= named
    latitudes = re.findall(r"^(\w+)\(.*\) ==$", RAFT_TRACE.read_text(encoding="utf-8"), re.M)
    assert {*latitudes} <= named


def test_all_that_features_add_is_named() -> None:
    prose = TEXT.partition("## Features")[2].partition("## Verdicts")[0]
    named = {*re.findall(r"\w+", " ".join(re.findall(r"`[^`\n]+`", prose)))}
    assert {*MOVES_OF_FEATURES, *VARIABLES_OF_FEATURES, *MESSAGES_OF_FEATURES, MARK} <= named
    assert {*VARIABLES_OF_MEMBERSHIP, *FEATURES} <= {*named, "log", "snapshot"}
    own = EXTENDED_TRACE.read_text(encoding="utf-8").partition("(* Pre-votes.")[2]
    liberties = re.findall(r"^(\w+)\(.*\) ==$", own, re.M)
    assert {*liberties, *MAY_BE_ALLOWED} <= named


def test_what_is_shown_of_membership_is_accepted(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^### Membership$.*?^```\n(.*?)^```$", TEXT, re.M | re.S)
    assert outcome_of(shown, tmp_path) == (Outcome.ACCEPTED, None)
    broken = shown.replace('"voters": ["a", "b"]}}', '"voters": ["b"]}}')
    assert outcome_of(broken, tmp_path) == (Outcome.REFUSED, 6)


def test_what_is_shown_of_another_specification_is_read(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^## Of another specification$.*?^```\n(.*?)^```$", TEXT, re.M | re.S)
    path = tmp_path / "shown.ndjson"
    path.write_text(shown)
    assert [step.step for step in read(path).steps] == ["Ask", "Decide"]


def test_what_is_shown_of_features_is_accepted(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^## Features$.*?^```\n(.*?)^```$", TEXT, re.M | re.S)
    assert outcome_of(shown, tmp_path) == (Outcome.ACCEPTED, None)
    broken = shown.replace('"voteGranted": true', '"voteGranted": false')
    assert outcome_of(broken, tmp_path) == (Outcome.REFUSED, 5)
