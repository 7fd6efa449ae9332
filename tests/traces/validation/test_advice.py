"""What a log lacks is named, and each thing that is named shows a fault that passes without it."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import Outcome, validate
from raft_ref.traces.validation.advice import Advice, AdviceRequest
from raft_ref.traces.validation.advice.worth import WORTH
from raft_ref.traces.validation.alternatives import differing
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.rules.protocol import Message, Protocol
from tests.support.recordings import lines_of
from tests.support.schedules import recorded

Lines = list[dict[str, Any]]

HEADER = {
    "format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2", "s3"], "logged": "some",
    "unlogged": [], "silent": {"Send": 1},
}  # fmt: skip


def message(kind: str, source: str, dest: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "source": source, "dest": dest, **fields}


def asks(source: str, dest: str, **fields: Any) -> dict[str, Any]:
    return message("RequestVoteRequest", source, dest, **fields)


def votes(source: str, dest: str, **fields: Any) -> dict[str, Any]:
    return message("RequestVoteResponse", source, dest, **fields)


def entries(**fields: Any) -> dict[str, Any]:
    return message("AppendEntriesRequest", "s1", "s2", **fields)


def answer(**fields: Any) -> dict[str, Any]:
    return message("AppendEntriesResponse", "s2", "s1", **fields)


def line(step: str, server: str, **state: Any) -> dict[str, Any]:
    return {"step": step, "server": server, "state": state}


def of(step: str, server: str, message: dict[str, Any], **state: Any) -> dict[str, Any]:
    return {**line(step, server, **state), "message": message}


WON: Lines = [
    HEADER,
    line("Timeout", "s1"),
    of("Receive", "s2", asks("s1", "s2")),
    of("Receive", "s1", votes("s2", "s1"), role="Leader"),
]
APPENDED: Lines = [
    *WON,
    {"step": "ClientRequest", "server": "s1", "arguments": {"value": "x"}},
    of("Send", "s1", entries(entries=[{"term": 1, "value": "x"}])),
    of("Receive", "s2", entries()),
]
COMMITTED: Lines = [
    *APPENDED,
    of("Receive", "s1", answer(matchIndex=1), commitIndex=1),
    of("Send", "s1", entries(leaderCommit=1)),
    of("Receive", "s2", entries(leaderCommit=1)),
]
HELD: Lines = [*APPENDED, line("Stay", "s2", log=[{"term": 1}])]
Y = {"term": 1, "value": "y"}

FAULTS: dict[str, Lines] = {
    "step": [*APPENDED[:-1], line("ClientRequest", "s2", log={"lastIndex": 1})],
    "votedFor": [
        *WON[:2], line("Timeout", "s3", currentTerm=1),
        of("Receive", "s2", asks("s1", "s2"), votedFor="s1"),
        of("Receive", "s2", asks("s3", "s2"), votedFor="s3"),
    ],
    "state of Restart": [*WON, line("Restart", "s2", currentTerm=0, votedFor=None, log=[])],
    "currentTerm": [*WON[:2], line("Timeout", "s1"), line("Stay", "s1", currentTerm=1)],
    "log": [*HELD, line("Stay", "s2", log={"lastIndex": 0})],
    "commitIndex": [*APPENDED, line("Stay", "s2", commitIndex=1)],
    "Apply": [*COMMITTED, {"step": "Apply", "server": "s2", "arguments": {"index": 2}}],
    "role": [*WON[:2], line("Stay", "s1", role="Leader")],
    "entries of AppendEntriesRequest": [*APPENDED[:-2], of("Send", "s1", entries(entries=[Y]))],
    "voteGranted of RequestVoteResponse": [
        *WON[:3], line("Timeout", "s3"), of("Receive", "s2", asks("s3", "s2"), votedFor="s1"),
        of("Receive", "s3", votes("s2", "s3", voteGranted=True)),
    ],
    "matchIndex of AppendEntriesResponse": [*APPENDED, of("Receive", "s1", answer(matchIndex=2))],
    "sending of RequestVoteResponse": [
        *WON[:3], of("Send", "s2", votes("s2", "s1", voteGranted=True)), WON[3],
        line("Timeout", "s3", currentTerm=1), of("Receive", "s2", asks("s3", "s2")),
        of("Send", "s2", votes("s2", "s3", voteGranted=True)),
    ],
    "sending of AppendEntriesResponse": [
        *APPENDED, of("Send", "s2", answer(matchIndex=1)), of("Receive", "s1", answer()),
        of("Send", "s2", answer(matchIndex=2)),
    ],
    "prevLogIndex of AppendEntriesRequest": [
        *APPENDED, {"step": "ClientRequest", "server": "s1", "arguments": {"value": "y"}},
        of("Send", "s1", entries(prevLogIndex=0, entries=[Y])),
    ],
    "prevLogTerm of AppendEntriesRequest": [
        *APPENDED, of("Send", "s1", entries(prevLogIndex=1, prevLogTerm=2)),
    ],
    "leaderCommit of AppendEntriesRequest": [*APPENDED, of("Send", "s1", entries(leaderCommit=1))],
    "lastLogIndex of RequestVoteRequest": [
        *WON[:2], of("Send", "s1", asks("s1", "s3", lastLogIndex=1)),
    ],
    "lastLogTerm of RequestVoteRequest": [
        *WON[:2], of("Send", "s1", asks("s1", "s3", lastLogTerm=1)),
    ],
    "term": [
        *WON[:2], line("Timeout", "s1"), of("Receive", "s2", asks("s1", "s2", term=1)),
        of("Receive", "s1", votes("s2", "s1", term=1), role="Leader"),
    ],
    "entries or digest of the log": [*HELD, line("Stay", "s2", log=[Y])],
    "snapshot": [*COMMITTED, line("CompactLog", "s1", snapshot={"lastIncludedIndex": 2})],
    "value of ClientRequest": [*APPENDED[:-2], line("Stay", "s1", log=[Y])],
    "index of Apply": [
        *COMMITTED, *[{"step": "Apply", "server": "s2", "arguments": {"index": 1}}] * 2,
    ],
    "value of Apply": [
        *COMMITTED, {"step": "Apply", "server": "s2", "arguments": {"index": 1, "value": "y"}},
    ],
    "matchIndex": [
        *APPENDED, of("Receive", "s1", answer(success=False)),
        line("Stay", "s1", matchIndex={"s2": 1}),
    ],
    "votesGranted": [
        *WON[:3], of("Receive", "s1", votes("s2", "s1", voteGranted=False)),
        line("Stay", "s1", votesGranted=["s1", "s2"]),
    ],
}  # fmt: skip
"""For each thing that lines may tell, a fault that is refused by it alone."""


def without(name: str, lines: Lines) -> Lines:
    """Return lines that do not tell a thing."""
    if name == "Apply":
        return [each for each in lines if each.get("step") != name]
    if name.startswith("sending of "):
        return [
            each for each in lines
            if each.get("step") != "Send" or each["message"]["type"] not in name
        ]  # fmt: skip
    found = deepcopy(lines)
    for each in found[1:]:
        _strip(name, each)
    return found


def _strip(name: str, line: dict[str, Any]) -> None:
    what, _, of_which = name.partition(" of ")
    if name == "state of Restart":
        if line["step"] == "Restart":
            del line["state"]
    elif name == "entries or digest of the log":
        if "log" in line.get("state", {}):
            line["state"]["log"] = {"lastIndex": len(line["state"]["log"])}
    elif name == "step":
        if "message" not in line:
            del line["step"]
    elif of_which in ("ClientRequest", "Apply"):
        line.get("arguments", {}).pop(what, None)
    elif of_which or name == "term":
        told = line.get("message", {})
        if of_which in ("", told.get("type")):
            told.pop(what, None)
    else:
        line.get("state", {}).pop(name, None)


def written(lines: Lines, folder: Path) -> Path:
    path = folder / "run.ndjson"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return path


def outcome_of(lines: Lines, folder: Path) -> Outcome:
    return validate(written(lines, folder), PROFILES["raft-ref"]).outcome


def advice_on(lines: Lines, folder: Path) -> Advice:
    (found,) = AdviceRequest((written(lines, folder),), PROFILES["raft-ref"]).run().files
    return found


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_advised_shows_a_fault_that_passes_without_it(name: str, tmp_path: Path) -> None:
    lines = FAULTS[name]
    assert outcome_of(lines, tmp_path) is Outcome.REFUSED
    assert outcome_of(lines[:-1], tmp_path) is Outcome.ACCEPTED
    lacking = without(name, lines)
    assert outcome_of(lacking, tmp_path) is not Outcome.REFUSED
    assert name in {each.what for each in advice_on(lacking, tmp_path).lacks}


def test_servers_of_which_no_line_tells_come_first(tmp_path: Path) -> None:
    undeclared = {name: value for name, value in HEADER.items() if name != "unlogged"}
    first, *_ = advice_on([undeclared, *WON[1:]], tmp_path).lacks
    assert (first.what, "INCONCLUSIVE" in first.buys) == ("lines of s3", True)
    first, *_ = advice_on([{**HEADER, "unlogged": ["s3"]}, *WON[1:]], tmp_path).lacks
    assert (first.what, "explains what the others do" in first.buys) == ("lines of s3", True)
    assert "s3" not in advice_on(WON, tmp_path).lacks[0].what


def test_what_is_fully_logged_lacks_only_what_was_applied(tmp_path: Path) -> None:
    """And every name that a run brings up is known to be worth something."""
    found = advice_on(lines_of(recorded(1, 200), tmp_path), tmp_path)
    assert [each.what for each in found.lacks] == ["Apply"]
    assert found.measured is not None
    assert (found.measured.readings, found.measured.reason) == (1, "")


def test_what_is_left_out_most_comes_first_and_everything_has_its_worth(tmp_path: Path) -> None:
    lines = without("votedFor", COMMITTED)
    names = [each.what for each in advice_on(lines, tmp_path).lacks]
    assert names[:2] == ["votedFor", "currentTerm"]
    assert {*names} <= {*WORTH}


def test_it_is_measured_in_what_the_readings_differ(tmp_path: Path) -> None:
    """A vote that no line tells was given, or not: in which readings, and up to where."""
    lines = without("votedFor", FAULTS["votedFor"])
    both = [of("Receive", each, votes("s2", each), role="Leader") for each in ("s1", "s3")]
    found = advice_on([*lines, *both], tmp_path).measured
    assert found is not None
    assert (found.line, found.differing) == (5, "votedFor of s2, currentTerm of s2")
    assert (found.lines, found.reason) == (5, "no reading explains line 7")


def test_where_states_are_the_same_what_was_sent_differs() -> None:
    protocol = Protocol(["s1", "s2"])
    me, state, sent = protocol.servers["s1"], protocol.first, list[Message]()
    for _ in range(2):
        (taken,) = protocol.take("Timeout", me, state, me)
        state = taken.state
        sent += taken.sends
    worlds = [World((state, None), ((), ()), (each,)) for each in sent]
    assert differing(worlds, ["s1", "s2"]) == "term of RequestVoteRequest of s1"
    worlds[0] = worlds[0]._replace(sent=())
    assert differing(worlds, ["s1", "s2"]) == "whether s1 sent RequestVoteRequest"


def test_silent_moves_that_no_line_needs_are_named(tmp_path: Path) -> None:
    generous = {**HEADER, "silent": {"Send": 1, "ClientRequest": 8}}
    measured = advice_on([generous, *APPENDED[1:]], tmp_path).measured
    assert measured is not None
    assert measured.spare == ("Send", "ClientRequest")
    measured = advice_on([generous, *WON[1:], *APPENDED[5:]], tmp_path).measured
    assert measured is not None
    assert measured.spare == ("Send",)
    measured = advice_on([generous, *FAULTS["role"][1:]], tmp_path).measured
    assert measured is not None
    assert measured.spare is None


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(without("votedFor", APPENDED), tmp_path)
    assert main(["validate", "--advice", str(path)]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == f"{path}: 6 lines of 3 servers"
    assert rest[3].startswith("    votedFor (told 0 of 2): a second vote of a server in a term")
    assert rest[-1].endswith("more (--all)")
    assert main(["validate", "--advice", "--all", str(path)]) == 0
    whole = capsys.readouterr().out
    assert main(["validate", "--advice", "--json", str(path)]) == 0
    (told,) = json.loads(capsys.readouterr().out)["traces"]
    assert all(each["what"] in whole for each in told["lacks"])
    assert told["followed"]["lines"] == 6


def test_what_makes_no_sense(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written([HEADER, {"step": "Timeout", "server": "s9"}], tmp_path)
    assert main(["validate", "--advice", str(path), str(tmp_path / "none")]) == 2
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f'BAD INPUT: {path}:2: unknown server "s9"')
    assert out[1] == f"BAD INPUT: {tmp_path / 'none'}: No such file or directory"
    assert main(["validate", "--advice", "--keep-going", str(path)]) == 2
    assert capsys.readouterr().err == "raft-ref: --advice: not with --keep-going\n"
