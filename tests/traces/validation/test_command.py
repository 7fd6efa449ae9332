"""The command `raft-ref validate`, and the profiles that it takes."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from raft_ref.cli import main
from raft_ref.traces import write
from raft_ref.traces.profiles.mapped import mapped
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support.files import RECORDED
from tests.support.recordings import lines_in, lines_of
from tests.support.schedules import recorded

ACCEPTED, REFUSED = Outcome.ACCEPTED, Outcome.REFUSED


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, none = (tmp_path / name for name in ("good.ndjson", "bad.ndjson", "none.ndjson"))
    write(recorded(0, 60), good)
    lines = lines_of(recorded(0, 60), tmp_path)
    lines[30] = {**lines[30], "changes": {"currentTerm": 50}}
    bad.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["validate", str(good)]) == 0
    assert f"ACCEPTED {good}" in capsys.readouterr().out
    assert main(["validate", str(bad), "--diagram", str(tmp_path / "end.gv")]) == 1
    shown = capsys.readouterr().out
    assert f"REFUSED {bad}:31: s1 is in term 50, and nothing leads it beyond term 1" in shown
    assert "is no step of the spec" in (tmp_path / "end.gv").read_text()
    assert main(["validate", str(none)]) == 2
    assert f"BAD INPUT: {none}: No such file or directory" in capsys.readouterr().out
    report = tmp_path / "report.xml"
    assert main(["validate", str(good), str(bad), "--json", "--junit", str(report)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [each["outcome"] for each in found["traces"]] == ["accepted", "refused"]
    suite = ElementTree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_a_mapping_names_servers_by_numbers_and_says_how_they_begin(tmp_path: Path) -> None:
    mapping, run = tmp_path / "mapping.toml", tmp_path / "run.ndjson"
    mapping.write_text("""
servers = ["1", "2", "3"]
unlogged = ["3"]
initial.1 = { currentTerm = 4, log = { lastIndex = 7, lastTerm = 4 }, commitIndex = 7 }
initial.2 = { currentTerm = 4, log = { lastIndex = 7, lastTerm = 4 } }
[line]
step = "what"
server = "id"
[steps]
stands = "Timeout"
votes = "Receive"
[state]
currentTerm = "term"
votedFor = "vote"
[message]
type = "rpc"
source = "from"
dest = "id"
term = "term"
[names.type]
ask = "RequestVoteRequest"
""")
    run.write_text(
        '{"what": "stands", "id": 1, "term": 5, "vote": 1}\n'
        '{"what": "votes", "id": 2, "rpc": "ask", "from": 1, "term": 5, "vote": 1}\n'
    )
    assert validate(run, mapped(mapping)).outcome is ACCEPTED
    run.write_text(run.read_text().replace('5, "vote": 1}\n{', '5, "vote": 3}\n{'))
    assert validate(run, mapped(mapping)).outcome is Outcome.REFUSED


def test_a_mapping_file_is_a_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mapping, run = (RECORDED / "mapped" / name for name in ("mapping.toml", "run.ndjson"))
    assert main(["validate", "--profile", str(mapping), str(run)]) == 0
    broken = tmp_path / "broken.ndjson"
    lines = lines_in(run)
    place = next(n for n, line in enumerate(lines) if line["msg"] == "rpc received" and n > 40)
    lines[place]["raft"]["term"] += 7
    broken.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["validate", "--profile", str(mapping), str(broken)]) == 1
    assert f"REFUSED {broken}:{place + 1}:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1", "unknown x; a mapping has servers"),
        ("[line]", "[line] lacks step"),
        ('[line]\nstep = "a"\nserver = "b"\n[steps]\nfly = "Fly"', "[steps] fly: Fly is no step"),
        (
            '[line]\nstep = "a"\nserver = "b"\n[steps]\nask = "Read"',
            "[steps] ask: Read needs ReadIndex among",
        ),
        ("line = 1", "line must be a table"),
        ("[state]\nrole = 1", "[state] role must be text"),
        ("[names]\nrole = 1", "[names] role must be a table"),
        ("[", "Invalid initial character"),
        ('[line]\nstep = "a"\nserver = "b"', '"servers" must be a list of strings'),
    ],
)  # fmt: skip
def test_a_mapping_that_makes_no_sense(
    text: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping, run = tmp_path / "mapping.toml", tmp_path / "run.ndjson"
    mapping.write_text(text)
    run.write_text("{}\n")
    assert main(["validate", "--profile", str(mapping), str(run)]) == 2
    captured = capsys.readouterr()
    assert reason in captured.err + captured.out


def test_a_profile_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "good.ndjson"
    write(recorded(0, 10), path)
    assert (
        main(["validate", "--profile", "raft_ref.traces.profiles.raft_ref:raft_ref", str(path)])
        == 0
    )
    assert main(["validate", "--profile", "nothing", str(path)]) == 2
    assert "no profile nothing" in capsys.readouterr().err
