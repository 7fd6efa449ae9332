"""ITF: what is written is read again, and what is no behaviour of Raft.tla is not read."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.traces import TraceError, read, states, write
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.sources.itf import VARIABLES, read_itf, write_itf
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support.files import TRACES
from tests.support.schedules import recorded


@pytest.mark.parametrize("seed", range(4))
def test_a_trace_is_the_same_after_a_round_trip(seed: int, tmp_path: Path) -> None:
    trace = recorded(seed, 150)
    write_itf(trace, tmp_path / "trace.itf.json")
    again = read_itf(tmp_path / "trace.itf.json")
    assert states(again) == states(trace)
    # Two steps can lead to one state: a message that changes nothing is received, or lost.
    assert sum(a.step == b.step for a, b in zip(again.steps, trace.steps, strict=True)) > 130
    write(again, tmp_path / "again.ndjson")
    assert validate(tmp_path / "again.ndjson", PROFILES["raft-ref"]).outcome is Outcome.ACCEPTED


def first_states(count: int, tmp_path: Path) -> dict[str, Any]:
    trace = recorded(0, 30)
    write_itf(replace(trace, steps=trace.steps[:count]), tmp_path / "x.itf.json")
    whole: dict[str, Any] = json.loads((tmp_path / "x.itf.json").read_text())
    return whole


def test_what_it_looks_like(tmp_path: Path) -> None:
    whole = first_states(3, tmp_path)
    assert whole["vars"] == [*VARIABLES]
    assert [state["#meta"]["index"] for state in whole["states"]] == [0, 1, 2, 3]
    first = whole["states"][0]
    assert first["currentTerm"] == {"#map": [["s1", 0], ["s2", 0], ["s3", 0]]}
    assert first["votedFor"]["#map"][0] == ["s1", "Nil"]
    assert first["messages"] == {"#set": []}


def test_what_apalache_and_quint_write_is_read(tmp_path: Path) -> None:
    """Integers may be big, variants have a tag, and there may be other variables."""
    whole = first_states(3, tmp_path)
    for state in whole["states"]:
        state["messagesSeen"] = {"#set": []}
        state["currentTerm"]["#map"] = [
            [name, {"#bigint": str(term)}] for name, term in state["currentTerm"]["#map"]
        ]
        state["role"]["#map"] = [
            [name, {"tag": role, "value": {"tag": "UNIT"}}] for name, role in state["role"]["#map"]
        ]
    (tmp_path / "y.itf.json").write_text(json.dumps(whole))
    assert states(read_itf(tmp_path / "y.itf.json")) == states(read_itf(tmp_path / "x.itf.json"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON that can be read"),
        ("[" * 100_000, "not JSON that can be read"),
        ("[]", 'an ITF trace is an object with its "states"'),
        ('{"states": []}', 'an ITF trace is an object with its "states"'),
        ('{"states": [1]}', 'an ITF trace is an object with its "states"'),
        ('{"states": [{}]}', "state 0 has no variables"),
        ('{"states": [{"x": 1}, {"y": 1}]}', "state 1 has other variables than state 0"),
        ('{"states": [{"x": {"#bag": 1}}]}', "#bag is nothing that ITF has"),
        ('{"states": [{"x": {"#map": [1]}}]}', "#map is nothing that ITF has"),
        ('{"states": [{"x": 1}], "loop": 1}', '"loop" is 1: expected the number of a state'),
        (json.dumps({"states": [dict.fromkeys(VARIABLES, 1)]}), "state 0 is none of Raft.tla"),
    ],
)
def test_what_is_no_trace(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "x.itf.json"
    path.write_text(text)
    with pytest.raises(TraceError) as error:
        read_itf(path)
    assert str(error.value).startswith(f"{path}: {reason}")


def test_what_no_step_explains_is_not_read(tmp_path: Path) -> None:
    whole = first_states(6, tmp_path)
    term = whole["states"][4]["currentTerm"]["#map"][0]
    term[1] += 3
    (tmp_path / "x.itf.json").write_text(json.dumps(whole))
    with pytest.raises(TraceError, match=r"no step of Raft.tla leads from state 3 to state 4"):
        read_itf(tmp_path / "x.itf.json")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, three = (str(tmp_path / name) for name in ("a.ndjson", "b.itf.json", "c.ndjson"))
    write(recorded(0, 40), one)
    assert main(["convert", one, two]) == 0
    assert main(["convert", two, three]) == 0
    assert states(read(one)) == states(read(three))
    assert main(["convert", one, three]) == 2
    assert "one of the two must end with .itf.json" in capsys.readouterr().err
    ring = TRACES / "token-ring.ndjson"
    assert main(["convert", str(ring), two]) == 2
    assert (
        f"{ring}: the trace has no currentTerm: it is none of Raft.tla" in capsys.readouterr().err
    )
