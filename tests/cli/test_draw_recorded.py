"""`raft-ref draw` of what was recorded: a line leaves out much, and the picture has it."""

import json
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.traces import TraceError, read, states, write
from raft_ref.traces.format.parts import part
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.reading import read_recorded
from tests.support.files import RECORDED
from tests.support.schedules import recorded, thinned

HEADER = {"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2"], "logged": "some"}
ASKED = {"type": "RequestVoteRequest", "source": "s1", "dest": "s2"}
LINES: list[dict[str, Any]] = [
    HEADER,
    {"step": "Timeout", "server": "s1"},
    {"step": "Receive", "server": "s2", "message": ASKED},
    {"step": "Receive", "server": "s1", "state": {"role": "Leader"},
     "message": {**ASKED, "type": "RequestVoteResponse", "source": "s2", "dest": "s1"}},
    {"step": "Send", "server": "s1",
     "message": {**ASKED, "type": "AppendEntriesRequest", "entries": 0}},
]  # fmt: skip


def written(lines: list[dict[str, Any]], folder: Path) -> Path:
    path = folder / "recorded.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_what_is_recorded_and_accepted_is_drawn_and_paged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(written(LINES, tmp_path))
    picture, page = tmp_path / "t.gv", tmp_path / "t.html"
    assert main(["draw", path, "-o", str(picture)]) == 0
    for shown in ("leader t1", "RequestVote t1", "vote granted t1", "heartbeat t1"):
        assert shown in picture.read_text()
    assert main(["draw", path, "-o", str(page)]) == 0
    assert "becomes leader of term 1" in page.read_text()
    assert main(["draw", path, "-o", str(picture), "--steps", "2-3"]) == 0
    assert "steps 2 to 3" in picture.read_text()
    capsys.readouterr()
    assert main(["draw", path, "-o", str(picture), "--steps", "8-9"]) == 2
    assert capsys.readouterr().err == "raft-ref: there are no steps 8 to 9; the trace has 4\n"


def test_what_is_refused_is_drawn_to_its_line(tmp_path: Path) -> None:
    lines = [*LINES, {"step": "Stay", "server": "s2", "state": {"commitIndex": 3}}]
    picture = tmp_path / "t.gv"
    assert main(["draw", str(written(lines, tmp_path)), "-o", str(picture)]) == 0
    assert "s2 commits up to 3, and was told of 0" in picture.read_text()


def test_what_another_implementation_has_recorded_is_drawn(tmp_path: Path) -> None:
    path, picture = str(RECORDED / "etcd" / "seed-1.ndjson"), str(tmp_path / "t.gv")
    assert main(["draw", path, "--profile", "etcd", "-o", picture, "--steps", "60-90"]) == 0
    assert main(["draw", path, "-o", picture]) == 2


def test_a_send_of_a_whole_trace_is_read(tmp_path: Path) -> None:
    trace = recorded(1, 5)
    write(trace, tmp_path / "t.ndjson")
    sent = trace.steps[0].sends[0]
    line = {"step": "Send", "server": sent["source"], "message": sent}
    with (tmp_path / "t.ndjson").open("a") as file:
        file.write(json.dumps(line) + "\n")
    assert read(tmp_path / "t.ndjson").steps[-1].sends == (sent,)
    with (tmp_path / "t.ndjson").open("a") as file:
        file.write(json.dumps({**line, "server": sent["dest"]}) + "\n")
    with pytest.raises(TraceError, match=f"{sent['dest']} sends a message of {sent['source']}"):
        read(tmp_path / "t.ndjson")


def test_a_reading_has_the_states_that_were_left_out(tmp_path: Path) -> None:
    whole = recorded(2, 60)
    path = written(thinned(whole), tmp_path)
    found = read_recorded(path, PROFILES["raft-ref"])
    last, other = states(found)[-1], states(whole)[-1]
    for server in whole.servers:
        for name in ("currentTerm", "role", "commitIndex"):
            assert last[server][name] == other[server][name]


def test_a_part_begins_with_what_was_before_it() -> None:
    whole = recorded(2, 60)
    some = part(whole, 21, 40)
    assert some.steps == whole.steps[20:40]
    assert states(some)[-1] == states(whole)[40]
    for first, last in ((0, 3), (5, 4), (61, 70)):
        with pytest.raises(TraceError, match="there are no steps"):
            part(whole, first, last)
