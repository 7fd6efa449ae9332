"""Clocks, files and ids: in which order lines are, and which message is which."""

import json
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.traces import Trace, TraceError
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support.recordings import lines_of, verdict_on
from tests.support.schedules import recorded

ACCEPTED, REFUSED = Outcome.ACCEPTED, Outcome.REFUSED
HEADER = {"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2"], "logged": "some"}
VOTE = {"type": "RequestVoteRequest", "source": "s1", "dest": "s2", "term": 1}


def clocked(trace: Trace, folder: Path, *, is_vector: bool) -> list[Path]:
    """Write what each server did into a file of its own, with clocks."""
    clocks = {each: dict.fromkeys(trace.servers, 0) for each in trace.servers}
    sent: dict[str, dict[str, int]] = {}
    lines: dict[str, list[str]] = {each: [] for each in trace.servers}
    header, *steps = lines_of(trace, folder)
    for line in steps:
        server, message = line.get("server"), json.dumps(line.get("message"))
        if server is None:
            continue
        known = sent.get(message, {})
        clocks[server] = {each: max(n, known.get(each, 0)) for each, n in clocks[server].items()}
        clocks[server][server] += 1
        for each in line["sends"]:
            sent[json.dumps(each)] = clocks[server]
        now = clocks[server] if is_vector else sum(clocks[server].values())
        lines[server].append(json.dumps({**line, "clock": now}))
    paths = []
    for server, own in lines.items():
        paths.append(folder / f"{server}.ndjson")
        text = [json.dumps({**header, "logged": "some"}), *own]
        paths[-1].write_text("\n".join(text) + "\n")
    return paths


@pytest.mark.parametrize("is_vector", [True, False])
def test_files_of_several_servers_are_merged_by_their_clocks(
    is_vector: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(path) for path in clocked(recorded(3, 200), tmp_path, is_vector=is_vector)]
    into = tmp_path / "all.ndjson"
    assert main(["validate", "--merge", str(into), *paths]) == 0
    assert len(into.read_text().splitlines()) == 1 + sum(
        len(Path(path).read_text().splitlines()) - 1 for path in paths
    )
    together = tmp_path / "together.ndjson"
    texts = [Path(path).read_text().splitlines(keepends=True) for path in paths]
    together.write_text(texts[0][0] + "".join("".join(text[1:]) for text in texts))
    assert main(["validate", str(together), "--quiet"]) == 1  # what was received was not sent yet
    assert main(["validate", "--reorder", "500", str(together), "--quiet"]) == 0
    assert main(["validate", "--reorder", "5", str(together), "--quiet"]) == 1
    assert main(["validate", "--merge", str(into), str(together), "--quiet"]) == 0


@pytest.mark.long
def test_what_is_broken_is_refused_in_any_order(tmp_path: Path) -> None:
    paths = clocked(recorded(3, 200), tmp_path, is_vector=True)
    texts = [path.read_text().splitlines() for path in paths]
    line = json.loads(texts[1][20])
    texts[1][20] = json.dumps({**line, "changes": {**line["changes"], "currentTerm": 99}})
    path = tmp_path / "together.ndjson"
    path.write_text("\n".join([texts[0][0], *texts[0][1:], *texts[1][1:], *texts[2][1:]]) + "\n")
    verdict = validate(path, PROFILES["raft-ref"], reorder=1_000)
    assert verdict.outcome is REFUSED
    assert verdict.line == len(texts[0]) + 20


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{}", '2: "clock" must be a number'),
        ('{"clock": -1}', '2: "clock" must be a number'),
        ('{"clock": {}}', '2: "clock" must be a number'),
        ('{"server": 1, "clock": 2}\n{"server": 1, "clock": 1}', "3: the clock of 1 goes back"),
        ("[]", "2: a line is a JSON object"),
    ],
)  # fmt: skip
def test_a_clock_that_makes_no_sense(
    line: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.ndjson"
    path.write_text(json.dumps(HEADER) + "\n" + line)
    assert main(["validate", "--merge", str(tmp_path / "all.ndjson"), str(path)]) == 2
    assert f"x.ndjson:{reason}" in capsys.readouterr().err


def test_a_message_is_known_by_its_id(tmp_path: Path) -> None:
    ask = {**VOTE, "id": 1}
    lines: list[dict[str, Any]] = [
        {**HEADER, "servers": ["s1", "s2", "s3"]},
        {"step": "Timeout", "server": "s1", "sends": [ask, {**VOTE, "dest": "s3", "id": 2}]},
        {"step": "Receive", "server": "s2", "message": {"id": 1}, "state": {"votedFor": "s1"}},
    ]
    assert verdict_on(lines, tmp_path).outcome is ACCEPTED
    lines[2]["message"] = {"id": 2}
    with pytest.raises(TraceError, match="3: s2 is not who receives it"):
        verdict_on(lines, tmp_path)
    lines[2]["message"] = {"id": 3}
    with pytest.raises(TraceError, match="3: no message with the id 3 was sent so far"):
        verdict_on(lines, tmp_path)
