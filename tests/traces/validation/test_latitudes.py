"""What implementations may do that Raft.tla does not, and one step beyond each, which is refused.

Whoever does what stands first is right; no invariant depends on it, for which spec/RaftTrace.tla is
model checked. What stands second has one fact more than that, and is no Raft.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import Outcome, Verdict, validate

Line = dict[str, Any]

X, Y = {"term": 1, "value": "x"}, {"term": 1, "value": "y"}


def header(**states: Line) -> Line:
    """Return that of a cluster of three in which s1 leads term 1, and whatever else is told."""
    leader = {"currentTerm": 1, "role": "Leader", "votedFor": "s1", "log": [X, Y]}
    others = {"currentTerm": 1, "log": [X, Y]}
    initial = {"s1": leader, "s2": others, "s3": others}
    return {
        "format": "raft-ref-trace", "version": 1, "servers": [*initial], "logged": "some",
        "unlogged": [], "initial": {name: initial[name] | states.get(name, {}) for name in initial},
    }  # fmt: skip


def shows(server: str, **state: Any) -> Line:
    return {"step": "Stay", "server": server, "state": state}


def entries(prev: int, commit: int, *told: Line, prev_term: int = 1, **state: Any) -> list[Line]:
    """Return the lines of a request of s1 to s2, sent and received."""
    message = {
        "type": "AppendEntriesRequest", "source": "s1", "dest": "s2", "term": 1,
        "prevLogIndex": prev, "prevLogTerm": prev_term, "entries": [*told], "leaderCommit": commit,
    }  # fmt: skip
    return [
        {"step": "Send", "server": "s1", "message": message},
        {"step": "Receive", "server": "s2", "message": message, "state": state},
    ]


def answers(**told: Any) -> list[Line]:
    """Return a line in which s2 answers s3, which stands for a term."""
    message = {"type": "RequestVoteResponse", "source": "s2", "dest": "s3", "term": 1, **told}
    return [{"step": "Send", "server": "s2", "message": message}]


def snapshot(source: str, index: int) -> Line:
    return {
        "type": "InstallSnapshotRequest", "source": source, "dest": "s3", "term": 1,
        "snapshot": {"lastIncludedIndex": index, "lastIncludedTerm": 1},
    }  # fmt: skip


COMMITTED = {"commitIndex": 1}
COMPACTED: Line = {
    "commitIndex": 1, "log": [Y], "snapshot": {"lastIncludedIndex": 1, "lastIncludedTerm": 1},
}  # fmt: skip
LEARNS = header(s1={"commitIndex": 2})

LATITUDES: dict[str, tuple[list[Line], list[Line]]] = {
    "fewer commits are learnt than the leader tells": (
        [LEARNS, *entries(2, 2, commitIndex=1)],
        [header(s1=COMMITTED), *entries(2, 1, commitIndex=2)],
    ),
    "a commit is learnt late, after what told of it": (
        [LEARNS, *entries(2, 2, commitIndex=0), shows("s2", commitIndex=2)],
        [header(s1=COMMITTED), *entries(2, 1, commitIndex=0), shows("s2", commitIndex=2)],
    ),
    "a heartbeat stands at what its leader has compacted, without the term there": (
        [header(s1=COMPACTED), *entries(0, 1, prev_term=0, commitIndex=0)],
        [header(s1=COMPACTED), *entries(0, 1, X, prev_term=0, commitIndex=0)],
    ),
    "the leader is noted in the place of a vote": (
        [header(), *entries(2, 0, votedFor="s1")],
        [header(s2={"votedFor": "s3"}), *entries(2, 0, votedFor="s1")],
    ),
    "a leader knows less of a peer than before": (
        [header(s1={"matchIndex": {"s2": 2}}),
         {"step": "ForgetMatch", "server": "s1", "state": {"matchIndex": {"s2": 1}}}],
        [header(s1={"matchIndex": {"s2": 1}}),
         {"step": "ForgetMatch", "server": "s1", "state": {"matchIndex": {"s2": 2}}}],
    ),
    "who does not lead sends a snapshot of what is committed": (
        [header(s2=COMMITTED), {"step": "Send", "server": "s2", "message": snapshot("s2", 1)}],
        [header(s2=COMMITTED), {"step": "Send", "server": "s2", "message": snapshot("s2", 2)}],
    ),
    "a snapshot is taken in that ends where the log is known to be committed": (
        [header(s2=COMMITTED), {"step": "Send", "server": "s2", "message": snapshot("s2", 1)},
         {"step": "Receive", "server": "s3", "message": snapshot("s2", 1),
          "state": {"commitIndex": 1, "log": [X, Y]}}],
        [header(s2=COMMITTED), {"step": "Send", "server": "s2", "message": snapshot("s2", 1)},
         {"step": "Receive", "server": "s3", "message": snapshot("s2", 1),
          "state": {"commitIndex": 2, "log": [X, Y]}}],
    ),
    "a term is learnt from a message that the spec does not know": (
        [header(s3={"currentTerm": 4}), shows("s2", currentTerm=4)],
        [header(s3={"currentTerm": 4}), shows("s2", currentTerm=5)],
    ),
    "the log is compacted within another step": (
        [LEARNS, *entries(2, 2, **(COMPACTED | {"commitIndex": 2}))],
        [LEARNS, *entries(2, 0, **(COMPACTED | {"commitIndex": 0}))],
    ),
    "less is acknowledged than is taken": (
        [header(), *entries(2, 0), {"step": "Send", "server": "s2", "message": {
            "type": "AppendEntriesResponse", "source": "s2", "dest": "s1", "term": 1,
            "success": True, "matchIndex": 1}}],
        [header(), *entries(1, 0), {"step": "Send", "server": "s2", "message": {
            "type": "AppendEntriesResponse", "source": "s2", "dest": "s1", "term": 1,
            "success": True, "matchIndex": 2}}],
    ),
    "a vote that could be given is refused": (
        [header(), {"step": "Timeout", "server": "s3"}, *answers(voteGranted=False)],
        [header(), {"step": "Timeout", "server": "s3"}, *answers(voteGranted=True)],
    ),
    "a commit index is on the disk, too": (
        [header(s2=COMMITTED), {"step": "Restart", "server": "s2", "state": {"commitIndex": 1}}],
        [header(s2=COMMITTED), {"step": "Restart", "server": "s2", "state": {"commitIndex": 2}}],
    ),
}  # fmt: skip


def verdict_on(lines: list[Line], folder: Path) -> Verdict:
    path = folder / "trace.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return validate(path, PROFILES["raft-ref"])


@pytest.mark.parametrize("name", LATITUDES)
def test_a_latitude_is_accepted_and_one_step_beyond_it_is_refused(
    name: str, tmp_path: Path
) -> None:
    within, beyond = LATITUDES[name]
    assert verdict_on(within, tmp_path).outcome is Outcome.ACCEPTED
    assert verdict_on(beyond, tmp_path).outcome is Outcome.REFUSED
