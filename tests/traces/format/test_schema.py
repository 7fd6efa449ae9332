"""The JSON Schema of the trace format: it says of a line what the reader says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from raft_ref.traces import TraceError
from raft_ref.traces.format.features import FEATURES, MAY_BE_ALLOWED
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.lines.events import MOVES, MOVES_OF_FEATURES
from raft_ref.traces.validation.lines.profile import LOOK_BACK, Lines
from raft_ref.traces.validation.rules.checks import (
    MESSAGES_OF_FEATURES,
    VARIABLES_OF_FEATURES,
    VARIABLES_OF_MEMBERSHIP,
)
from tests.support.extended_schedules import recorded as with_features
from tests.support.files import ROOT, TRACES
from tests.support.recordings import lines_of
from tests.support.schedules import recorded, thinned
from tests.traces.validation.test_bad_input import BAD, HEADER

FOLDER = ROOT / "traces"
SCHEMA = json.loads((FOLDER / "schema.json").read_text())
TEXT = (FOLDER / "FORMAT.md").read_text(encoding="utf-8")
VALIDATOR = Draft202012Validator(SCHEMA)

OF_MORE_THAN_A_LINE = (
    "unknown server", "a server", "is not who", "takes no", "to itself", "sends a message of",
    "needs the argument", "has no", "for each server", "the file is empty", "list of servers",
    "a server or null",
)  # fmt: skip
"""What the reader knows of the servers, or of other keys, and a schema of a line does not."""


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_it_has_all_that_features_add(tmp_path: Path) -> None:
    defined = SCHEMA["$defs"]
    header = defined["header"]["properties"]
    assert header["features"]["items"]["enum"] == [*FEATURES]
    assert header["allowed"]["items"]["enum"] == [*MAY_BE_ALLOWED]
    assert {*VARIABLES_OF_FEATURES, *VARIABLES_OF_MEMBERSHIP} <= {
        *defined["variables"]["properties"]
    }
    assert {*MESSAGES_OF_FEATURES} <= {*defined["message"]["properties"]["type"]["enum"]}
    for line in lines_of(with_features(1, 200), tmp_path):
        VALIDATOR.validate(line)


def files() -> Iterator[Path]:
    yield FOLDER / "recorded" / "vote-not-persisted.ndjson"
    for folder in ("pysyncobj", "c_raft"):
        yield from sorted((FOLDER / "recorded" / folder).iterdir())


def test_it_has_all_steps_and_all_that_a_header_says() -> None:
    assert {*SCHEMA["$defs"]["step"]["enum"]} == {*MOVES, *MOVES_OF_FEATURES}
    for wrong in ({"unsynced": LOOK_BACK[-1] + 1}, {"unlogged": "s1"}):
        assert not VALIDATOR.is_valid({**HEADER, **wrong})
    VALIDATOR.validate({**HEADER, "unsynced": LOOK_BACK[-1], "unlogged": ["s1"]})
    apply = {"step": "Apply", "server": "s1", "arguments": {"index": 1, "value": "x"}}
    VALIDATOR.validate({**apply, "commitIndexAtLeast": 1})
    assert not VALIDATOR.is_valid({**apply, "commitIndexAtLeast": -1})


@pytest.mark.parametrize("path", [*files()], ids=lambda path: path.stem)
def test_what_was_recorded_is_in_the_schema(path: Path) -> None:
    for line in path.read_text().splitlines():
        VALIDATOR.validate(json.loads(line))


def test_a_trace_of_another_specification_has_a_schema_of_its_own() -> None:
    rest = {key: value for key, value in SCHEMA.items() if key != "anyOf"}
    other = Draft202012Validator({**rest, "$ref": "#/$defs/ofAnotherSpecification"})
    lines = [*map(json.loads, (TRACES / "tally.ndjson").read_text().splitlines())]
    (shown,) = re.findall(r"^## Of another specification$.*?^```\n(.*?)^```$", TEXT, re.M | re.S)
    for line in [*lines, *map(json.loads, shown.splitlines())]:
        other.validate(line)
    for key, wrong in (("drops", [{"type": "ask"}]), ("others", {"a": 1}), ("step", 1)):
        assert not other.is_valid({**lines[1], key: wrong})
    for key, bad in (("servers", []), ("network", "tcp"), ("initial", [])):
        assert not other.is_valid({**lines[0], key: bad})


def test_what_the_node_does_is_in_the_schema(tmp_path: Path) -> None:
    trace = recorded(2, 200)
    for line in [*lines_of(trace, tmp_path), *thinned(trace)]:
        VALIDATOR.validate(line)


@pytest.mark.parametrize(("lines", "reason"), BAD)
def test_what_the_reader_refuses_is_not_in_the_schema(lines: list[Any], reason: str) -> None:
    if all(VALIDATOR.is_valid(line) for line in lines):
        assert any(each in reason for each in OF_MORE_THAN_A_LINE)


def read(line: Any) -> str:
    """Return why the reader refuses a line; nothing if it does not."""
    lines = iter([HEADER | {"servers": ["s1", "s2", "s3"]}, line])
    try:
        [*PROFILES["raft-ref"](Lines(lines)).events]
    except TraceError as error:
        return str(error)
    return ""


JSON = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 5), st.sampled_from(["s1", "Leader", "Send", ""]),
    st.just([]), st.just({}), st.just([1]), st.just({"term": 1}),
)  # fmt: skip


@given(data=st.data())
def test_schema_and_reader_agree(data: st.DataObject) -> None:
    line = json.loads(json.dumps(data.draw(st.sampled_from(thinned(recorded(1, 60))[1:]))))
    inner = [line, *(v for v in line.values() if isinstance(v, dict))]
    where = data.draw(st.sampled_from(inner))
    where[data.draw(st.sampled_from(sorted(where)))] = data.draw(JSON)
    reason = read(line)
    if not VALIDATOR.is_valid(line):
        assert reason
    elif reason:
        assert any(each in reason for each in OF_MORE_THAN_A_LINE)
