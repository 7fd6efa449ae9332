"""Traces of Raft with features: what is allowed then, what is forbidden, and what stays unknown."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.features import ExtendedNode, Feature
from raft_ref.traces import TraceError, read, write
from raft_ref.traces.format.features import FEATURES, MESSAGES, REFINING, STEPS
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.profiles.mapped import mapped
from raft_ref.traces.validation.lines.events import MOVES_OF_FEATURES
from raft_ref.traces.validation.refusals.refusal import explained
from raft_ref.traces.validation.rules.checks import MESSAGES_OF_FEATURES
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome, Verdict
from raft_ref.verify.trace_properties import annotations
from tests.support import extended_mutants
from tests.support.extended_mutants import EXTENDED_MUTANTS
from tests.support.extended_schedules import JUDGED, recorded
from tests.support.schedules import thinned

ACCEPTED, REFUSED = Outcome.ACCEPTED, Outcome.REFUSED
ALL = JUDGED
SETS = [
    *((each,) for each in ALL if each is not Feature.LEASES),
    (Feature.READ_INDEX, Feature.LEASES),
    ALL,
]
UNTOLD = (
    "MissLeader", "RequestPreVotes", "TransferLeadership", "AbortTransfer", "Read",
    "RequestReadIndex", "BeginRound", "AnswerReads", "ServeRead", "LeaseRead", "EndLease",
    "EndPromise",
)  # fmt: skip
"""Steps that a sparing implementation does not log."""

Line = dict[str, Any]


def verdict_on(lines: list[Line], folder: Path) -> Verdict:
    path = folder / "trace.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return validate(path, PROFILES["raft-ref"])


def whole(folder: Path, *arguments: Any, **named: Any) -> list[Line]:
    path = folder / "whole.ndjson"
    write(recorded(*arguments, **named), path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def log(*lines: Line, features: tuple[str, ...] = REFINING, **header: Any) -> list[Line]:
    first = {"format": "raft-ref-trace", "version": 1, "servers": ["a", "b", "c"]}
    return [{**first, "logged": "some", "features": [*features], **header}, *lines]


def message(kind: str, source: str, dest: str, term: int, **fields: Any) -> Line:
    return {"type": kind, "source": source, "dest": dest, "term": term, **fields}


def asks(source: str, dest: str, term: int, index: int = 0, last: int = 0) -> Line:
    fields = {"lastLogIndex": index, "lastLogTerm": last}
    return message("PreVoteRequest", source, dest, term, **fields)


def answers(source: str, dest: str, term: int, granted: bool = True) -> Line:
    return message("PreVoteResponse", source, dest, term, voteGranted=granted)


def step(name: str, server: str, **told: Any) -> Line:
    return {"step": name, "server": server, **told}


def takes(server: str, what: Line, **state: Any) -> Line:
    return step("Receive", server, message=what, state=state)


def elected(server: str = "a", voter: str = "b") -> list[Line]:
    """Return how a server is elected in term 1: with a pre-vote, and then a vote, of another."""
    return [
        step("RequestPreVotes", server),
        takes(voter, asks(server, voter, 1)),
        takes(server, answers(voter, server, 1)),
        step("Timeout", server, state={"currentTerm": 1}),
        takes(voter, message("RequestVoteRequest", server, voter, 1), votedFor=server),
        takes(server, message("RequestVoteResponse", voter, server, 1), role="Leader"),
    ]


HEARTBEAT = {"prevLogIndex": 0, "prevLogTerm": 0, "entries": 0, "leaderCommit": 0}
B_HEARS = [
    step("Send", "a", message=message("AppendEntriesRequest", "a", "b", 1, **HEARTBEAT)),
    takes("b", message("AppendEntriesRequest", "a", "b", 1, **HEARTBEAT), heardFromLeader=True),
]
STANDS = [
    step("RequestPreVotes", "c"),
    takes("b", asks("c", "b", 1)),
    takes("c", answers("b", "c", 1)),
]
"""c asks, and has the pre-vote of b, for term 1."""


def test_the_names_are_those_of_the_features() -> None:
    assert [each.value for each in Feature] == [*FEATURES]
    assert {*STEPS} == {*MOVES_OF_FEATURES}
    assert {*MESSAGES} == {*MESSAGES_OF_FEATURES}


# ---- What is allowed


@pytest.mark.parametrize("features", SETS, ids="-".join)
def test_what_the_node_does_is_accepted(features: tuple[Feature, ...], tmp_path: Path) -> None:
    for seed in range(2):
        lines = whole(tmp_path, seed, 250, features)
        verdict = verdict_on(lines, tmp_path)
        assert (verdict.outcome, verdict.lines) == (ACCEPTED, 250)


@pytest.mark.parametrize("untold", [(), UNTOLD], ids=["told", "untold"])
@pytest.mark.parametrize("features", SETS, ids="-".join)
def test_what_a_sparing_implementation_logs_is_accepted(
    features: tuple[Feature, ...], untold: tuple[str, ...], tmp_path: Path
) -> None:
    for seed in range(2):
        trace = recorded(seed, 200, features)
        header, *lines = thinned(trace)
        lines = [line for line in lines if line["step"] not in untold]
        verdict = verdict_on([{**header, "features": [*trace.features]}, *lines], tmp_path)
        assert (verdict.outcome, verdict.lines) == (ACCEPTED, len(lines))


IN_TERM_1 = [
    step("Timeout", "a", state={"currentTerm": 1}),
    takes("b", message("RequestVoteRequest", "a", "b", 1), currentTerm=1),
]
OTHERWISE: dict[str, list[Line]] = {
    "no is said for no reason": log(
        step("RequestPreVotes", "a"),
        takes("b", asks("a", "b", 1)),
        takes("a", answers("b", "a", 0, granted=False)),
    ),
    "a refusal carries the term asked": log(
        step("RequestPreVotes", "a"),
        takes("b", asks("a", "b", 1)),
        takes("a", answers("b", "a", 1, granted=False)),
    ),
    "a pre-vote for a term that has begun": log(
        *elected("a", "b"),
        step("RequestPreVotes", "c"),
        takes("b", asks("c", "b", 1)),
        takes("c", answers("b", "c", 1)),
    ),
    "who leads says yes, where that is allowed": log(
        *elected("a", "b"),
        takes("c", message("RequestVoteRequest", "a", "c", 1), currentTerm=1),
        step("RequestPreVotes", "c"),
        takes("a", asks("c", "a", 2)),
        takes("c", answers("a", "c", 2)),
        allowed=["GrantInSpiteOfLeader"],
    ),
    "a yes carries one's own term, where that is allowed": log(
        step("RequestPreVotes", "a"),
        takes("b", asks("a", "b", 1)),
        takes("a", answers("b", "a", 0)),
        step("Timeout", "a", state={"currentTerm": 1}),
        allowed=["GrantInOwnTerm", "CountOfEarlierTerm"],
    ),
    "a candidate becomes one that asks": log(
        *elected("a", "b")[:4],
        step("RequestPreVotes", "a", state={"role": "Follower", "currentTerm": 1}),
    ),
    "threads": log(
        step("Send", "a", message={"id": 1, **asks("a", "b", 1)}),
        step("Await", "b", message={"id": 1}),
        step("Send", "b", message={"id": 2, **answers("b", "a", 1)}),
        step("Await", "a", message={"id": 2}),
        step("Timeout", "a", state={"currentTerm": 1}),
    ),
    "one server alone logs": log(
        step("RequestPreVotes", "a"),
        takes("a", answers("b", "a", 1)),
        step("Timeout", "a", state={"currentTerm": 1}),
        takes("a", message("RequestVoteResponse", "c", "a", 1), role="Leader"),
        unlogged=["b", "c"],
    ),
    "nobody tells that leadership is transferred": log(
        *elected("a", "b"),
        step("Send", "a", message=message("TimeoutNowRequest", "a", "b", 1)),
        takes("b", message("TimeoutNowRequest", "a", "b", 1)),
        step("Timeout", "b", state={"currentTerm": 2}),
        takes("a", message("RequestVoteRequest", "b", "a", 2), currentTerm=2, votedFor="b"),
    ),
    "the target is another than before": log(
        *elected("a", "b"),
        step("TransferLeadership", "a", arguments={"peer": "b"}),
        step("TransferLeadership", "a", arguments={"peer": "c"}, state={"transferTarget": "c"}),
        step("TimeoutNow", "a"),
    ),
    "the timeout passes": log(
        *elected("a", "b"), *B_HEARS,
        step("MissLeader", "b", state={"heardFromLeader": False}),
        *STANDS[:1],
        takes("b", message("PreVoteRequest", "c", "b", 1), heardFromLeader=False),
        silent={},
    ),
}  # fmt: skip


@pytest.mark.parametrize("lines", OTHERWISE.values(), ids=OTHERWISE)
def test_what_implementations_do_otherwise_is_accepted(lines: list[Line], tmp_path: Path) -> None:
    verdict = verdict_on(lines, tmp_path)
    why = "" if verdict.outcome is not REFUSED else explained(verdict).why
    assert (verdict.outcome, why) == (ACCEPTED, "")


# ---- What is forbidden

SENDS_ALONE = {"Send": 1}
"""Nothing else is done in silence."""

WRONG: dict[str, tuple[list[Line], str]] = {
    "behind": (
        log(
            *elected("a", "b"),
            step("ClientRequest", "a", state={"log": [{"term": 1, "value": "x"}]}),
            takes("c", message("RequestVoteRequest", "a", "c", 1), currentTerm=1),
            step("RequestPreVotes", "c"),
            step(
                "Send", "a", message=message(
                    "AppendEntriesRequest", "a", "b", 1, **{**HEARTBEAT, "entries": 1}
                ),
            ),
            takes("b", message("AppendEntriesRequest", "a", "b", 1), log={"lastIndex": 1}),
            step("Await", "b", message=asks("c", "b", 2)),
            step("Send", "b", message=answers("b", "c", 2)),
        ),
        "b grants c a pre-vote, whose log ends at index 0 (term 0), behind its own, at 1 (term 1)",
    ),
    "leads": (
        log(
            *elected("a", "b"),
            takes("c", message("RequestVoteRequest", "a", "c", 1), currentTerm=1),
            step("RequestPreVotes", "c"),
            step("Await", "a", message=asks("c", "a", 2)),
            step("Send", "a", message=answers("a", "c", 2)),
            silent=SENDS_ALONE,
        ),
        "a grants c a pre-vote, and leads term 1 itself (9.6)",
    ),
    "has a leader": (
        log(
            *elected("a", "b"), *B_HEARS,
            takes("c", message("RequestVoteRequest", "a", "c", 1), currentTerm=1),
            step("RequestPreVotes", "c"),
            {**takes("b", asks("c", "b", 2)), "sends": [answers("b", "c", 2)]},
            silent=SENDS_ALONE,
        ),
        "b grants c a pre-vote, and has heard from the leader of term 1 (9.6)",
    ),
    "begins the term asked": (
        log(step("RequestPreVotes", "a"), takes("b", asks("a", "b", 1), currentTerm=1)),
        "b begins term 1, in which a only asks for a pre-vote (9.6)",
    ),
    "nobody has answered": (
        log(step("RequestPreVotes", "a"), step("Timeout", "a", state={"currentTerm": 1})),
        "a stands for term 1 with the pre-votes of a alone, of 3 servers, and was not told to "
        "stand (9.6)",
    ),
    "nobody was asked": (
        log(step("Timeout", "a", state={"currentTerm": 1}), silent=SENDS_ALONE),
        "a stands for term 1 with no pre-votes, of 3 servers, and was not told to stand (9.6)",
    ),
    "an answer of before": (
        log(
            step("RequestPreVotes", "a"),
            takes("b", asks("a", "b", 1)),
            *elected("c", "b"),
            takes("a", message("RequestVoteRequest", "c", "a", 1), currentTerm=1),
            step("RequestPreVotes", "a"),
            takes("a", answers("b", "a", 1)),
            step("Timeout", "a", state={"currentTerm": 2}),
        ),
        "a stands for term 2 with the pre-votes of a alone, of 3 servers, and was not told to "
        "stand (9.6)",
    ),
    "votes with a leader": (
        log(
            *elected("a", "b"), *B_HEARS,
            takes("c", message("RequestVoteRequest", "a", "c", 1), currentTerm=1),
            step("Timeout", "c", state={"currentTerm": 2}),
            takes("b", message("RequestVoteRequest", "c", "b", 2), votedFor="c"),
            silent=SENDS_ALONE, features=("CheckQuorum",),
        ),
        "b listens to the candidate c, and has heard from the leader of term 1 (4.2.3)",
    ),
    "a leader votes": (
        log(
            *elected("a", "b"),
            takes("c", message("RequestVoteRequest", "a", "c", 1), currentTerm=1),
            step("Timeout", "c", state={"currentTerm": 2}),
            takes("a", message("RequestVoteRequest", "c", "a", 2), currentTerm=2),
            silent=SENDS_ALONE, features=("CheckQuorum",),
        ),
        "a listens to the candidate c, and leads term 1 itself (4.2.3)",
    ),
    "leads on": (
        log(*elected("a", "b"), step("CheckQuorum", "a", state={"role": "Leader"})),
        "a leads on, and nobody has answered it, of 3 servers (6.2)",
    ),
    "the target is behind": (
        log(
            *elected("a", "b"),
            step("ClientRequest", "a", state={"log": {"lastIndex": 1}}),
            step("Send", "a", message=message("TimeoutNowRequest", "a", "b", 1)),
        ),
        "a tells b to stand, whose log is known to match up to 0, and its own ends at 1 (3.10)",
    ),
    "no leader tells": (
        log(
            *elected("a", "b"),
            step("Send", "b", message=message("TimeoutNowRequest", "b", "a", 1)),
        ),
        "b tells a to stand, and is no leader",
    ),
    "serves": (
        log(
            *elected("a", "b"),
            step("TransferLeadership", "a", arguments={"peer": "b"}),
            step("ClientRequest", "a", state={"log": {"lastIndex": 1}}),
            silent=SENDS_ALONE,
        ),
        "a takes a request, and transfers leadership to b (3.10)",
    ),
}  # fmt: skip


def without_pre_votes(lines: list[Line]) -> list[Line]:
    """Return lines of a log in which nobody asks for pre-votes."""
    header, *rest = lines
    if "PreVote" in header["features"]:
        return lines
    return [
        header,
        *(
            line
            for line in rest
            if line["step"] != "RequestPreVotes"
            and not line.get("message", {}).get("type", "").startswith("PreVote")
        ),
    ]


@pytest.mark.parametrize(("lines", "why"), WRONG.values(), ids=WRONG)
def test_what_a_feature_forbids_is_refused_at_its_line(
    lines: list[Line], why: str, tmp_path: Path
) -> None:
    lines = without_pre_votes(lines)
    verdict = verdict_on(lines, tmp_path)
    assert verdict.outcome is REFUSED
    assert explained(verdict).why == why
    assert verdict.line == len(lines)


@pytest.mark.parametrize("node", EXTENDED_MUTANTS, ids=lambda each: each.__name__)
def test_a_mutant_is_refused(node: type[ExtendedNode], tmp_path: Path) -> None:
    verdicts = (verdict_on(whole(tmp_path, n, 300, ALL[:3], node), tmp_path) for n in range(6))
    refused = next(each for each in verdicts if each.outcome is not ACCEPTED)
    assert refused.outcome is REFUSED
    assert extended_mutants.SAID[node] in explained(refused).why


# ---- What is not known without a feature


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (takes("b", asks("a", "b", 1)), 'PreVoteRequest needs PreVote among the "features"'),
        (step("RequestPreVotes", "a"), ':2: RequestPreVotes needs PreVote among the "features"'),
        (step("MissLeader", "a"), "MissLeader needs PreVote or CheckQuorum among"),
        (step("EnterJoint", "a"), "EnterJoint needs JointConsensus among"),
        (step("ApplyConfiguration", "a"), "ApplyConfiguration needs AppliedMembership among"),
        (step("Vote", "a"), '"step" must be one of'),
        (takes("b", message("Vote", "a", "b", 1)), '"type" of a message must be one of'),
        (step("Stay", "a", state={"isForced": True}), '"isForced" is no variable'),
        (takes("b", message("RequestVoteRequest", "a", "b", 1, isForced=True)), 'no "isForced"'),
    ],
)
def test_without_its_feature_it_is_unknown_as_ever(line: Line, reason: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=reason):
        verdict_on(log(line, features=()), tmp_path)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"features": ["Reads2"]}, '"features" must be a list of PreVote'),
        ({"features": ["PreVote"], "allowed": ["Everything"]}, '"allowed" must be a list of Grant'),
        ({"features": ["CheckQuorum"], "allowed": ["GrantInOwnTerm"]}, "list of nothing"),
    ],
)
def test_a_header_names_what_is_known(header: Line, reason: str, tmp_path: Path) -> None:
    (first,) = log()
    with pytest.raises(TraceError, match=reason):
        verdict_on([{**first, **header}], tmp_path)


# ---- Where it comes from, and goes


def test_what_check_writes_is_a_trace_with_features(tmp_path: Path) -> None:
    path = tmp_path / "witness.ndjson"
    words = ["check", "--with", "pre-vote", "--servers", "2", "--max-log", "0", "--quiet"]
    assert main([*words, "--witness", "SometimesPreVotesOfMajority", "--trace", str(path)]) == 0
    trace = read(path)
    assert trace.features == ("PreVote",)
    assert validate(path, PROFILES["raft-ref"]).outcome is ACCEPTED
    known = annotations(trace)
    assert {"PreCandidateHasNoLeader", "RaftMessageTypeOK"} <= {*known.properties}
    assert not any(known.broken)
    assert "RequestPreVotes" in known.code


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    trace = recorded(1, 100)
    write(trace, tmp_path / "one.ndjson")
    assert read(tmp_path / "one.ndjson") == replace(trace, features=tuple(sorted(REFINING)))


def test_a_mapping_file_names_features(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING)
    lines = [
        {"what": "ask", "who": "a"},
        {"what": "get", "who": "b", "msg": {"kind": "PV", "from": "a", "to": "b", "term": 1}},
        {"what": "get", "who": "a", "msg": {"kind": "PVR", "from": "b", "to": "a", "ok": True}},
        {"what": "stand", "who": "a"},
    ]
    path = tmp_path / "run.ndjson"
    for kept, outcome in ((lines, ACCEPTED), ([*lines[:2], lines[3]], REFUSED)):
        path.write_text("".join(json.dumps(line) + "\n" for line in kept))
        assert validate(path, mapped(mapping)).outcome is outcome


def test_advice_is_given_with_features(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trace.ndjson"
    verdict_on(log(*elected("a", "b"), *B_HEARS), tmp_path)
    assert main(["validate", "--advice", str(path)]) == 0
    assert "log" in capsys.readouterr().out


def test_what_is_refused_is_drawn_and_gone_on_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "trace.ndjson"
    lines, why = WRONG["nobody has answered"]
    verdict_on([*lines, step("Timeout", "b", state={"currentTerm": 1})], tmp_path)
    picture = str(tmp_path / "refused.gv")
    assert main(["validate", "--keep-going", "--diagram", picture, str(path)]) == 1
    told = capsys.readouterr().out
    assert why in told
    assert "b stands for term 1 with no pre-votes" in told


def test_itf_has_none_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "whole.ndjson"
    write(recorded(1, 100), path)
    assert main(["convert", str(path), str(tmp_path / "whole.itf.json")]) == 2
    assert "ITF has Raft.tla's variables alone" in capsys.readouterr().err


MAPPING = """
servers = ["a", "b", "c"]
unlogged = ["c"]
silent = {}
features = ["PreVote"]
[line]
step = "what"
server = "who"
[steps]
ask = "RequestPreVotes"
get = "Receive"
stand = "Timeout"
[message]
type = "msg.kind"
source = "msg.from"
dest = "msg.to"
term = "msg.term"
voteGranted = "msg.ok"
[names.type]
PV = "PreVoteRequest"
PVR = "PreVoteResponse"
"""
