"""What lines of several servers say against each other: refused at once, and not without cause."""

from pathlib import Path
from typing import Any

import pytest

from raft_ref.features import Feature
from raft_ref.traces import write
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.contradictions import Told
from raft_ref.traces.validation.lines.profile import Lines
from raft_ref.traces.validation.refusals.refusal import explained
from raft_ref.traces.validation.search import Search
from raft_ref.traces.validation.verdict import Outcome
from tests.support.extended_schedules import CHANGING, JUDGED, recorded
from tests.support.files import RECORDED
from tests.support.recordings import lines_in, verdict_on

Line = dict[str, Any]
HEADER: Line = {
    "format": "raft-ref-trace", "version": 1, "servers": ["a", "b", "c", "d", "e"],
    "logged": "some", "unlogged": ["e"],
}  # fmt: skip
X, Y = {"term": 1, "value": "x"}, {"term": 1, "value": "y"}
NO_SNAPSHOT = {"lastIncludedIndex": 0, "lastIncludedTerm": 0}


def told(server: str, **state: Any) -> Line:
    return {"server": server, "state": state}


def led(server: str, term: int) -> Line:
    return told(server, currentTerm=term, role="Leader")


def sent(kind: str, source: str, dest: str, **fields: Any) -> Line:
    return {"step": "Send", "server": source, "message": message(kind, source, dest, **fields)}


def message(kind: str, source: str, dest: str, **fields: Any) -> Line:
    return {"type": kind, "source": source, "dest": dest, **fields}


def appended(source: str, dest: str, term: int, previous: tuple[int, int], *entries: Line) -> Line:
    index, before = previous
    return sent(
        "AppendEntriesRequest", source, dest, term=term, prevLogIndex=index, prevLogTerm=before,
        entries=[*entries],
    )  # fmt: skip


def held(server: str, *entries: Line, commit: int = 0, **state: Any) -> Line:
    kept = {"snapshot": NO_SNAPSHOT, **state}
    return told(server, log=[*entries], commitIndex=commit, **kept)


AGAINST: dict[str, tuple[list[Line], str]] = {
    "two leaders": ([led("a", 2), led("b", 2)], "term 2 is led by a and by b"),
    "what two leaders send": (
        [led("a", 2), appended("b", "c", 2, (0, 0))], "term 2 is led by a and by b",
    ),
    "two votes": (
        [told("c", currentTerm=2, votedFor="a"), told("b", currentTerm=2, role="Candidate",
         votesGranted=["b", "c"])],
        "c gives b its vote of term 2, which a has",
    ),
    "a vote sent to two": (
        [
            sent("RequestVoteResponse", "c", "a", term=2, voteGranted=True),
            sent("RequestVoteResponse", "c", "b", term=2, voteGranted=True),
        ],
        "c gives b its vote of term 2, which a has",
    ),
    "two values": (
        [appended("a", "b", 1, (0, 0), X), held("c", Y)],
        "the entry of term 1 at index 1 is y, and was told to be x by a",
    ),
    "two entries before": (
        [
            appended("a", "b", 3, (4, 1), {"term": 3}),
            held("c", {"term": 3}, snapshot={"lastIncludedIndex": 4, "lastIncludedTerm": 2}),
        ],
        "index 5 follows one of term 2, and was told by a to follow one of term 1",
    ),
    "two commits": (
        [
            told("a", log={"lastIndex": 3, "lastTerm": 2}, commitIndex=3),
            told("b", snapshot={"lastIncludedIndex": 3, "lastIncludedTerm": 1}),
        ],
        "an entry of term 1 is committed at index 3, and a told of one of term 2",
    ),
    "two commits in a log": (
        [held("a", X, {"term": 2}, commit=2), held("b", X, X, commit=2)],
        "an entry of term 1 is committed at index 2, and a told of one of term 2",
    ),
    "two values applied": (
        [
            {"step": "Apply", "server": each, "arguments": {"index": 1, "value": value}}
            for each, value in (("a", "x"), ("b", "y"))
        ],
        "y is committed at index 1, and a told of x",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(AGAINST))
@pytest.mark.parametrize("is_turned", [False, True], ids=["", "turned round"])
def test_whichever_line_comes_first_the_other_stands_against_it(name: str, is_turned: bool) -> None:
    lines, why = AGAINST[name]
    recording = PROFILES["raft-ref"](Lines([HEADER, *(lines[::-1] if is_turned else lines)]))
    known = Told(recording.liberties)
    first, second = recording.events
    assert not known.contradiction(first)
    known.add(first)
    found = known.contradiction(second)
    assert found == why if not is_turned and why[0] != "i" else found


ELECTED: list[Line] = [
    {"step": "Timeout", "server": "a", "state": {"currentTerm": 1}},
    *(
        {
            "step": "Receive", "server": each, "message": message("RequestVoteRequest", "a", each),
            "state": {"currentTerm": 1, "votedFor": "a"},
        }
        for each in "bc"
    ),
    {"step": "Receive", "server": "a", "message": message("RequestVoteResponse", "b", "a")},
    led("a", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (led("d", 1), "term 1 is led by a and by d"),
        (
            told("d", currentTerm=1, role="Candidate", votesGranted=["d", "b"]),
            "b gives d its vote of term 1, which a has",
        ),
    ],
)
def test_it_is_refused_without_a_look_at_other_readings(
    line: Line, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of `e` nobody has logged anything, but it explains none of this."""
    monkeypatch.setattr(Search, "_all_readings", None)  # a look at all readings would fail
    verdict = verdict_on([HEADER, *ELECTED, line], tmp_path, "raft-ref")
    assert (verdict.outcome, verdict.line) == (Outcome.REFUSED, 2 + len(ELECTED))
    assert verdict.contradiction == why
    assert why in explained(verdict).why


UNTOLD: dict[str, list[Line]] = {
    "a leader of each term": [led("a", 1), led("b", 2), led("a", 3)],
    "a term of which nobody says who leads it": [led("a", 1), told("b", role="Leader")],
    "a vote in each term": [
        told("c", currentTerm=1, votedFor="a"), told("c", currentTerm=2, votedFor="b"),
    ],
    "votes that a leader was given before it stepped down": [
        told("c", currentTerm=2, votedFor="a"),
        told("b", currentTerm=2, role="Follower", votesGranted=["b", "c"]),
    ],
    "a vote refused": [
        told("c", currentTerm=1, votedFor="a"),
        sent("RequestVoteResponse", "c", "b", term=1, voteGranted=False),
    ],
    "an entry of a later term in its place": [
        appended("a", "b", 1, (0, 0), X), held("b", {"term": 2, "value": "y"}),
    ],
    "what is not committed": [held("a", X), held("b", {"term": 2}, commit=1)],
    "a log of which nobody says where it begins": [
        told("a", log=[X], commitIndex=1), told("b", log=[Y], commitIndex=9),
    ],
    "a term that is compacted": [
        appended("a", "b", 2, (3, 2), {"term": 2}), appended("a", "c", 2, (3, 0), {"term": 2}),
    ],
    "a value that is not told": [appended("a", "b", 1, (0, 0), X), held("b", {"term": 1})],
    "a log longer than what is committed": [
        told("a", log={"lastIndex": 3, "lastTerm": 2}, commitIndex=2),
        told("b", log={"lastIndex": 3, "lastTerm": 3}, commitIndex=3),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(UNTOLD))
def test_what_can_be_stands_against_nothing(name: str) -> None:
    assert against([HEADER, *UNTOLD[name]]) == []


def against(lines: list[Line], profile: str = "raft-ref") -> list[str]:
    """Return what lines say against each other, each against all before it."""
    recording = PROFILES[profile](Lines(lines))
    known, found = Told(recording.liberties), []
    for event in recording.events:
        if told := known.contradiction(event):
            found.append(told)
        known.add(event)
    return found


CORRECT = [
    ("etcd", "etcd/seed-1"), ("etcd", "etcd/seed-2"), ("etcd", "etcd/seed-3"),
    *(("etcd", f"etcd_features/{each}") for each in ("all", "joint", "leases", "membership")),
    *(("raft-ref", f"raft_rs_features/{each}") for each in ("check-quorum", "reads", "transfer")),
    *(("raft-ref", f"c_raft/run-{each}") for each in (4, 13, 19)),
    *(("raft-ref", f"pysyncobj/run-{each}") for each in (1, 2, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "run"), CORRECT)
def test_correct_runs_say_nothing_against_themselves(profile: str, run: str) -> None:
    assert against(lines_in(RECORDED / f"{run}.ndjson"), profile) == []


def of_own_node(features: tuple[Feature, ...], folder: Path) -> list[Line]:
    """Return a run in which each line tells the whole state of its server, entries and all."""
    path = folder / "whole.ndjson"
    write(recorded(1, 300, features), path)
    header, *lines = lines_in(path)
    states = {name: dict(state) for name, state in header["initial"].items()}
    for line in lines:
        if "server" in line:
            states[line["server"]] |= line.pop("changes", {})
            line["state"] = dict(states[line["server"]])
    return [{**header, "logged": "some"}, *lines]


def test_nor_does_our_own_node(tmp_path: Path) -> None:
    assert against(of_own_node(JUDGED, tmp_path)) == []


@pytest.mark.long
@pytest.mark.parametrize("features", CHANGING, ids="-".join)
def test_nor_where_the_membership_changes(features: tuple[Feature, ...], tmp_path: Path) -> None:
    assert against(of_own_node(features, tmp_path)) == []
