"""Whatever stands in a file, there is a verdict, or an error that names the line."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref.traces import TraceError, write
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support.recordings import verdict_on
from tests.support.schedules import recorded

HEADER = {"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2"], "logged": "some"}
VOTE = {"type": "RequestVoteRequest", "source": "s1", "dest": "s2", "term": 1}
BAD: list[tuple[Any, str]] = [
    ([], "1: the file is empty; the first line is the header"),
    ([{"format": "other"}], '1: the header must have "format": "raft-ref-trace"'),
    ([{**HEADER, "version": 9}], '1: "version" must be 1'),
    ([{**HEADER, "servers": ["s1"]}], '1: "servers" must name each server once, and two at least'),
    (
        [HEADER, {"step": "Timeout", "server": "s9"}],
        '2: unknown server "s9"; the header names s1, s2',
    ),
    (
        [HEADER, {"step": "Timeout", "server": "s1", "state": {"currentTerm": "1"}}],
        '2: "currentTerm" must be a number',
    ),
    (
        [HEADER, {"step": "Timeout", "server": "s1", "state": {"currentTerm": -1}}],
        '2: "currentTerm" must be a number',
    ),
    (
        [HEADER, {"step": "Timeout", "server": "s1", "state": {"term": 1}}],
        '2: "term" is no variable',
    ),
    ([HEADER, {"step": "Receive", "server": "s1"}], '2: Receive lacks "message"'),
    (
        [HEADER, {"step": "Receive", "server": "s1", "message": VOTE}],
        "2: s1 is not who receives it",
    ),
    (
        [HEADER, {"step": "Timeout", "server": "s1", "message": VOTE}],
        '2: Timeout takes no "message"',
    ),
    (
        [HEADER, {"step": "Receive", "server": "s2", "message": {**VOTE, "vote": 1}}],
        '2: a RequestVoteRequest has no "vote"',
    ),
]
WHOLE = recorded(1, 40)


@pytest.mark.parametrize(("lines", "reason"), BAD)
def test_bad_input_is_told_by_line(lines: list[Any], reason: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError) as error:
        verdict_on(lines, tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'trace.ndjson'}:{reason}")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_file_there_is_a_verdict_or_an_error_of_a_line(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.ndjson"
    write(WHOLE, path)
    text = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        how = data.draw(st.sampled_from(["change", "cut", "insert", "huge", "nest"]))
        if how == "change":
            text[place] = data.draw(st.integers(0, 255))
        elif how == "cut":
            del text[place:]
            text += b"\n"
        else:
            new = {"insert": b"\x00", "huge": b"9" * 400, "nest": b"[" * 5000}[how]
            text[place:place] = new
    path.write_bytes(text)
    reason = f"{path}:"
    try:
        validate(path, PROFILES["raft-ref"])
    except TraceError as error:
        reason = str(error)
    assert reason.startswith(f"{path}:")


def test_a_number_that_the_spec_has_no_value_for_is_inconclusive(tmp_path: Path) -> None:
    path = tmp_path / "huge.ndjson"
    write(WHOLE, path)
    text = path.read_bytes()
    path.write_bytes(text[:213] + b"9" * 400 + text[213:])
    verdict = validate(path, PROFILES["raft-ref"])
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == "the result of + does not fit in 32 bits"
