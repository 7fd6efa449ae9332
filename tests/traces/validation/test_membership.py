"""Traces in which the membership changes: what is allowed then, and what is refused at its line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raft_ref.features import Feature
from raft_ref.traces import TraceError, write
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.profiles.mapped import mapped
from raft_ref.traces.validation.onward import behind
from raft_ref.traces.validation.refusals.refusal import explained
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome, Verdict
from tests.support.extended_schedules import CHANGING, recorded
from tests.support.files import RECORDED, ROOT

ACCEPTED, REFUSED = Outcome.ACCEPTED, Outcome.REFUSED
GALLERY = ROOT / "traces" / "gallery"
Line = dict[str, Any]


def verdict_on(lines: list[Line], folder: Path, profile: str = "raft-ref") -> Verdict:
    path = folder / "trace.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return validate(path, PROFILES[profile])


def whole(folder: Path, seed: int, features: tuple[Feature, ...], count: int = 400) -> list[Line]:
    path = folder / "whole.ndjson"
    write(recorded(seed, count, features, servers=4), path)
    return [json.loads(line) for line in path.read_text().splitlines()]


# ---- What the node does, told whole and in part


@pytest.mark.parametrize("seed", [2, 5, 6])
@pytest.mark.parametrize("features", CHANGING, ids="-".join)
def test_what_the_node_does_is_accepted(
    features: tuple[Feature, ...], seed: int, tmp_path: Path
) -> None:
    verdict = verdict_on(whole(tmp_path, seed, features), tmp_path)
    assert (verdict.outcome, verdict.lines) == (ACCEPTED, 400)


def figures(line: Line, state: Line) -> Line:
    """Return a line with figures in the place of a log, of entries, and of a snapshot."""
    state.update(line.get("changes", {}))
    told = {name: value for name, value in line.get("changes", {}).items() if name != "log"}
    if {"log", "snapshot"} & {*line.get("changes", {})}:
        compacted = state["snapshot"]["lastIncludedIndex"]
        told["log"] = {"lastIndex": compacted + len(state["log"])}
        told["snapshot"] = {"lastIncludedIndex": compacted}
    made: Line = {name: line[name] for name in ("step", "server", "arguments") if name in line}
    message = {**line.get("message", {})}
    if "entries" in message:
        message["entries"] = len(message["entries"])
    if "snapshot" in message:
        message["snapshot"] = {"lastIncludedIndex": message["snapshot"]["lastIncludedIndex"]}
    return {**made, **({"message": message} if message else {}), "state": told}


@pytest.mark.parametrize("features", CHANGING, ids="-".join)
def test_figures_of_logs_are_enough(features: tuple[Feature, ...], tmp_path: Path) -> None:
    """Of configurations the changes tell, which have lines."""
    header, *lines = whole(tmp_path, 5, features, 300)
    states = {name: dict(state) for name, state in header["initial"].items()}
    made = [figures(line, states[line["server"]]) for line in lines if "server" in line]
    verdict = verdict_on([{**header, "logged": "some", "unlogged": []}, *made], tmp_path)
    assert verdict.outcome is ACCEPTED


# ---- The header, and where a trace begins


def log(*lines: Line, features: Any = ("Membership",), **header: Any) -> list[Line]:
    first = {"format": "raft-ref-trace", "version": 1, "servers": ["a", "b", "c"]}
    return [{**first, "logged": "some", "features": [*features], **header}, *lines]


A_LEADS = [
    {"step": "Timeout", "server": "a", "state": {"currentTerm": 1}},
    {"step": "TakeLead", "server": "a", "state": {"role": "Leader"}},
]
ADDED = {"voters": ["a", "b"], "outgoingVoters": [], "learners": []}


def test_the_header_says_who_votes_at_first(tmp_path: Path) -> None:
    lines = log(*A_LEADS, {"server": "a", "state": {"configuration": {"voters": ["a"]}}})
    assert verdict_on([{**lines[0], "voters": ["a"]}, *lines[1:]], tmp_path).outcome is ACCEPTED
    verdict = verdict_on(lines, tmp_path)
    assert verdict.outcome is REFUSED
    told = "a leads term 1 with the votes of a alone, in the configuration {a b c}"
    assert explained(verdict).why == told


def test_who_is_no_member_knows_of_no_cluster(tmp_path: Path) -> None:
    verdict = verdict_on(log({"step": "Timeout", "server": "b"}, voters=["a"]), tmp_path)
    assert verdict.outcome is REFUSED
    assert explained(verdict).why == "b stands for election, and knows of no cluster"


def test_who_does_not_vote_is_not_asked(tmp_path: Path) -> None:
    stands = {"step": "Timeout", "server": "a", "state": {"currentTerm": 1}}
    message = {"type": "RequestVoteRequest", "source": "a", "dest": "c", "term": 1}
    asks = {"step": "Send", "server": "a", "message": message}
    assert verdict_on(log(stands, asks, silent={}), tmp_path).outcome is ACCEPTED
    verdict = verdict_on(log(stands, asks, voters=["a", "b"], silent={}), tmp_path)
    assert verdict.outcome is REFUSED
    assert explained(verdict).why == "a asks c for a vote, which has none in {a b}"


def test_a_change_is_told_by_its_kind_or_by_what_it_leads_to(tmp_path: Path) -> None:
    commits = [
        {"step": "ClientRequest", "server": "a", "arguments": {"value": "v"}},
        {"step": "Commit", "server": "a", "state": {"commitIndex": 1}},
    ]
    for change in (
        {"step": "AddServer", "arguments": {"peer": "b"}},
        {"step": "ChangeTo", "arguments": {"configuration": {"voters": ["a", "b"]}}},
    ):
        lines = [*A_LEADS, *commits, {**change, "server": "a", "state": {"configuration": ADDED}}]
        assert verdict_on(log(*lines, voters=["a"]), tmp_path).outcome is ACCEPTED
        early = [*A_LEADS, *lines[4:]]
        verdict = verdict_on(log(*early, voters=["a"], silent={}), tmp_path)
        told = "a begins a change, and has committed no entry of its term 1 yet (4.1)"
        assert explained(verdict).why == told


def test_a_configuration_that_is_applied_is_the_one_in_the_log(tmp_path: Path) -> None:
    added = [
        {"step": "ClientRequest", "server": "a", "arguments": {"value": "v"}},
        {"step": "Commit", "server": "a", "state": {"commitIndex": 1}},
        {"step": "ChangeTo", "server": "a", "arguments": {"configuration": {"learners": ["b"]}}},
        {"step": "Apply", "server": "a", "arguments": {"index": 1, "value": "v"}},
    ]
    for value, outcome in (
        ({"voters": ["a"], "learners": ["b"]}, ACCEPTED),
        ({"learners": ["c"]}, REFUSED),
        ("v", REFUSED),
    ):
        applied = {"step": "Apply", "server": "a", "arguments": {"index": 2, "value": value}}
        lines = log(*A_LEADS, *added, applied, voters=["a"], silent={"Commit": 1})
        assert verdict_on(lines, tmp_path).outcome is outcome
        if outcome is REFUSED:
            assert explained(verdict_on(lines, tmp_path)).why.startswith("a applies ")
    told = {"index": 1, "value": {"learners": ["b"]}}
    applied = {"step": "Apply", "server": "a", "arguments": told}
    with pytest.raises(TraceError, match='Apply needs the argument "value"'):
        verdict_on(log(applied, features=("PreVote",)), tmp_path)


BEFORE = [
    {"step": "ClientRequest", "server": "a", "arguments": {"value": "v"}},
    {"step": "Commit", "server": "a", "state": {"commitIndex": 1}},
]
CHANGED = [{"term": 1, "value": "v"}, {"term": 1, "value": ADDED}]
APPENDS = {
    "type": "AppendEntriesRequest", "source": "a", "dest": "b", "term": 1, "prevLogIndex": 0,
    "prevLogTerm": 0, "entries": CHANGED, "leaderCommit": 1,
}  # fmt: skip
LEADS = {"currentTerm": 1, "votedFor": "a", "role": "Leader", "commitIndex": 2, "log": CHANGED}
C_STANDS = {"step": "Timeout", "server": "c", "state": {"log": CHANGED}}
TOLD_BY_LOGS = {
    "a line without a step": ([*BEFORE, {"server": "a", "state": {"log": CHANGED}}], ACCEPTED),
    "what a leader sends": (
        [*BEFORE, {"step": "Send", "server": "a", "message": APPENDS}], REFUSED
    ),
    "what another is sent": ([*BEFORE, {"server": "b", "message": APPENDS}], REFUSED),
    "behind what is refused": ([C_STANDS, {"server": "c", "state": {"log": CHANGED}}], REFUSED),
}  # fmt: skip
"""A configuration that no change tells of; each change has a line (FORMAT.md)."""


@pytest.mark.parametrize(("told", "outcome"), TOLD_BY_LOGS.values(), ids=TOLD_BY_LOGS)
def test_a_configuration_is_told_by_a_log_alone(
    told: list[Line], outcome: Outcome, tmp_path: Path
) -> None:
    verdict = verdict_on(log(*A_LEADS, *told, voters=["a"]), tmp_path)
    assert verdict.outcome is outcome
    if outcome is REFUSED:
        assert behind(verdict) is not None


def test_a_configuration_was_sent_before_the_trace_begins(tmp_path: Path) -> None:
    initial = {"a": {**LEADS, "log": [*CHANGED, {"term": 1, "value": "w"}]}, "b": {}}
    takes = {"server": "b", "message": APPENDS, "state": {"log": CHANGED}}
    assert verdict_on(log(takes, voters=["a"], initial=initial), tmp_path).outcome is ACCEPTED


def test_a_trace_begins_behind_a_snapshot_with_its_configuration(tmp_path: Path) -> None:
    """Who is sent the snapshot goes by the configuration that came with it."""
    begun = {
        "currentTerm": 3, "role": "Leader", "commitIndex": 7, "log": [],
        "snapshot": {"lastIncludedIndex": 7, "lastIncludedTerm": 2, "configuration": ADDED},
    }  # fmt: skip
    snapshot = {"lastIncludedIndex": 7, "lastIncludedTerm": 2}
    message = {"type": "InstallSnapshotRequest", "source": "a", "dest": "b", "term": 3}
    told = {"commitIndex": 7, "configuration": ADDED}
    takes = {"server": "b", "message": {**message, "snapshot": snapshot}, "state": told}
    header = {"voters": ["a"], "initial": {"a": begun}}
    assert verdict_on(log(takes, **header), tmp_path).outcome is ACCEPTED
    wrong = {**takes, "state": {**told, "configuration": {"voters": ["a"]}}}
    assert verdict_on(log(wrong, **header), tmp_path).outcome is REFUSED


APPLIED = ("Membership", "AppliedMembership")


def test_a_snapshot_brings_its_configuration(tmp_path: Path) -> None:
    """What else is told there is refused as what it is, and not by the answer alone."""
    snapshot = {"lastIncludedIndex": 1, "lastIncludedTerm": 1}
    ends = {"source": "a", "dest": "b", "term": 1}
    message = {"type": "InstallSnapshotRequest", **ends, "snapshot": snapshot}
    lines = [
        *A_LEADS,
        {"step": "AddServer", "server": "a", "arguments": {"peer": "b"}},
        {"step": "Commit", "server": "a", "state": {"commitIndex": 1}},
        {"step": "ApplyConfiguration", "server": "a", "state": {"configuration": ADDED}},
        {"step": "CompactLog", "server": "a", "state": {"snapshot": snapshot}},
        {"step": "Send", "server": "a", "message": message},
        {"step": "Await", "server": "b", "message": message},
    ]
    told = {"currentTerm": 1, "commitIndex": 1, "log": {"lastIndex": 1}, "configuration": ADDED}
    back = {"source": "b", "dest": "a", "term": 1, "matchIndex": 1}
    answers = {
        "step": "Send", "server": "b", "message": {"type": "InstallSnapshotResponse", **back},
        "state": told,
    }  # fmt: skip
    header = {"voters": ["a"], "servers": ["a", "b"], "features": APPLIED, "silent": {}}
    assert verdict_on(log(*lines, answers, **header), tmp_path).outcome is ACCEPTED
    wrong = {**answers, "state": {**told, "configuration": {"voters": ["a"]}}}
    verdict = verdict_on(log(*lines, wrong, **header), tmp_path)
    assert verdict.outcome is REFUSED
    refused = explained(verdict)
    assert refused.why == (
        "b installs the snapshot up to index 1 with the configuration {a}, and it brings {a b}"
    )
    # Nearest is what would explain the whole line, were it not for that.
    assert [name for name, _, _ in refused.candidates[0].differences] == ["configuration"]


def test_what_is_not_committed_is_not_applied(tmp_path: Path) -> None:
    change = {"step": "AddServer", "server": "a", "arguments": {"peer": "b"}}
    applies = {"step": "ApplyConfiguration", "server": "a", "state": {"configuration": ADDED}}
    commits = {"step": "Commit", "server": "a", "state": {"commitIndex": 1}}
    header = {"voters": ["a"], "features": APPLIED, "silent": {}}
    lines = [*A_LEADS, change, commits, applies]
    assert verdict_on(log(*lines, **header), tmp_path).outcome is ACCEPTED
    verdict = verdict_on(log(*A_LEADS, change, applies, **header), tmp_path)
    assert verdict.outcome is REFUSED
    assert explained(verdict).why == (
        "a applies the configuration {a b}, and the one at index 1 is not committed yet"
    )
    verdict = verdict_on(log(*A_LEADS, applies, **header), tmp_path)
    assert explained(verdict).why == "a applies the configuration {a b}, and none is committed"


def test_a_snapshot_of_what_a_server_has_is_installed(tmp_path: Path) -> None:
    """It holds no configuration: that makes it none the less another than there was."""
    entries = [{"term": 1, "value": "v1"}, {"term": 1, "value": "v2"}]
    snapshot = {"lastIncludedIndex": 2, "lastIncludedTerm": 1}
    leader = {"currentTerm": 1, "role": "Leader", "commitIndex": 2, "log": entries}
    message = {"type": "InstallSnapshotRequest", "source": "a", "dest": "b", "term": 1}
    told = {"commitIndex": 2, "snapshot": snapshot, "log": []}
    initial = {"a": leader, "b": {"currentTerm": 1, "log": entries}}
    header = {"initial": initial, "silent": {}}
    takes = {
        "step": "Receive", "server": "b", "message": {**message, "snapshot": snapshot},
        "state": told,
    }  # fmt: skip
    sends = {"step": "Send", "server": "a", "message": {**message, "snapshot": snapshot}}
    assert verdict_on(log(sends, takes, **header), tmp_path).outcome is ACCEPTED


def test_what_is_silent_may_explain_a_change_before_the_barrier(tmp_path: Path) -> None:
    """So traces/FORMAT.md warns."""
    adds = {"step": "AddServer", "server": "a", "arguments": {"peer": "b"}}

    def outcome(state: Line, **header: Any) -> Outcome:
        lines = log(*A_LEADS, {**adds, "state": state}, voters=["a"], **header)
        return verdict_on(lines, tmp_path).outcome

    told = {"configuration": ADDED}
    assert outcome(told) is ACCEPTED
    assert outcome(told, silent={"ClientRequest": 8}) is REFUSED
    assert outcome(told, silent={"Commit": 1}) is REFUSED
    assert outcome({**told, "log": {"lastIndex": 1}}) is REFUSED


WRONG_HEADERS = [
    ({"features": ["JointConsensus"]}, "JointConsensus needs Membership"),
    ({"features": ["AppliedMembership"]}, "AppliedMembership needs Membership"),
    ({"features": ["PreVote"], "voters": ["a"]}, '"voters" is said where Membership is a feature'),
    ({"voters": ["d"]}, '"voters": d is none of the "servers"'),
    ({"learners": ["d"]}, '"learners": d is none of the "servers"'),
    ({"voters": []}, '"voters" and "learners" must be lists of servers, with a voter at least'),
    ({"voters": [1]}, '"voters" and "learners" must be lists of servers'),
    ({"voters": "a"}, '"voters" and "learners" must be lists of servers'),
    ({"voters": ["a", "b"], "learners": ["b"]}, '"learners": b is a voter as well'),
    ({"initial": {"a": {"configuration": ["a"]}}}, '"configuration" must be an object with'),
    ({"initial": {"a": {"log": [{"term": 1, "value": {"voters": ["d"]}}]}}}, '"log" must be'),
]


@pytest.mark.parametrize(("header", "reason"), WRONG_HEADERS)
def test_a_header_that_makes_no_sense(header: Line, reason: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=reason):
        verdict_on([{**log()[0], **header}], tmp_path)


def test_without_membership_no_value_is_a_configuration(tmp_path: Path) -> None:
    state = {"log": [{"term": 1, "value": {"voters": ["a"]}}]}
    with pytest.raises(TraceError, match='"log" must be a list of entries'):
        verdict_on(log({"server": "a", "state": state}, features=("PreVote",)), tmp_path)


# ---- Known bugs: the shortest trace of each, as the gallery shows it

BUGS = {
    "single-server-change-without-barrier":
        "s1 begins a change, and has committed no entry of its term 1 yet (4.1)",
    "change-before-last-is-committed":
        "s1 begins a change, and the one at index 2 is not committed yet (4.1)",
    "learners-counted":
        "s1 commits index 2, known to be on s1 and s3, in the configuration {s1 s2}+s3",
    "removed-leader-counts-itself":
        "s1 commits index 2, known to be on s1 alone, in the configuration {s2}",
    "learner-stands": "s2 stands for election, and is a learner (4.2.1)",
    "stale-membership-in-snapshot":
        "s1 commits index 3, known to be on s1 alone, in the configuration {s1 s2}",
    "committed-by-old-configuration":
        "s1 commits index 2, known to be on s1 alone, in the configuration {s1 s2}",
    "election-quorum-over-the-union":
        "s1 commits index 1, known to be on s1 and s2, in the configuration {s1}→{s2 s3}",
    "new-configuration-alone":
        "s1 commits index 1, known to be on s1 alone, in the configuration {s1 s2}→{s1}",
    "joint-left-before-committed":
        "s1 begins a change, and the one at index 1 is not committed yet (4.1)",
    "campaign-before-applying-membership":
        "s2 stands for election, and has not applied the configuration committed at index 1",
    "commits-forgotten-by-restart":
        "s1 restarts with what is committed up to 0, and knew of 1: who goes by what is applied "
        "keeps that",
}  # fmt: skip


@pytest.mark.parametrize("name", BUGS)
def test_the_trace_of_a_bug_is_refused(name: str) -> None:
    verdict = validate(GALLERY / f"{name}.ndjson", PROFILES["raft-ref"])
    assert verdict.outcome is REFUSED
    told = explained(verdict)
    assert told.why == BUGS[name]
    # A reading is too deep to be handed from one process to another.
    assert all(each.world is each.result is None for each in told.candidates)


# ---- What etcd's library does, as tests/peers/etcd has recorded it

TOLD = {"membership": {"ChangeTo", "ApplyUpTo"}, "joint": {"ChangeTo", "LeaveJoint", "ApplyUpTo"}}


def of_etcd(name: str) -> list[Line]:
    path = RECORDED / "etcd_features" / f"{name}.ndjson"
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("name", TOLD)
def test_what_etcd_does_is_accepted(name: str, tmp_path: Path) -> None:
    verdict = verdict_on(of_etcd(name), tmp_path, "etcd")
    assert verdict.outcome is ACCEPTED
    assert TOLD[name] <= {*verdict.actions}


def event_of(line: Line) -> Line:
    event: Line = line.get("event", {})
    return event


def place(lines: list[Line], name: str, server: str, number: int = 0) -> int:
    """Return where an event stands, of those with a name of a server, in their order."""
    found = [
        at for at, line in enumerate(lines)
        if (event_of(line).get("name"), event_of(line).get("nid")) == (name, server)
    ]  # fmt: skip
    return found[number]


def another_removed(lines: list[Line]) -> None:
    event_of(lines[place(lines, "ChangeConf", "2")])["prop"]["cc"]["changes"][0]["nid"] = "3"


def two_at_once(lines: list[Line]) -> None:
    prop = event_of(lines[place(lines, "ChangeConf", "2")])["prop"]
    prop["cc"]["changes"].append({"nid": "4", "action": "AddNewServer"})
    prop["enterJoint"] = False


def begun_again(lines: list[Line]) -> None:
    at = place(lines, "ChangeConf", "2")
    again: Line = json.loads(json.dumps(lines[at]))
    event_of(again)["log"] += 1
    lines.insert(at + 2, again)


def not_applied(lines: list[Line]) -> None:
    del lines[place(lines, "ApplyConfChange", "2", 7)]


def wrong_configuration(lines: list[Line]) -> None:
    at = place(lines, "ApplyConfChange", "2", 7)
    event_of(lines[at])["prop"]["cc"]["newconf"] = ["2", "4"]


def without_the_old_majority(lines: list[Line]) -> None:
    leads = place(lines, "BecomeLeader", "3")
    for at in range(leads, 0, -1):
        event = event_of(lines[at])
        is_vote = event.get("name") == "ReceiveRequestVoteResponse" and event["nid"] == "3"
        if is_vote and event["msg"]["from"] == "1":
            del lines[at]


BROKEN: dict[str, tuple[str, Callable[[list[Line]], None], str, str]] = {
    "another is removed": (
        "membership", another_removed, "ApplyConfChange",
        "2 applies the configuration {2 3}, and {1 2} is committed",
    ),
    "two at once": (
        "membership", two_at_once, "ChangeConf",
        "2 goes on from {1 2 3} to {2 3 4}: more than one voter at a time, and not by way of "
        "C_old,new (4.1)",
    ),
    "one while another is open": (
        "membership", begun_again, "ChangeConf",
        "2 begins a change, and the one at index 5 is not applied yet (4.1)",
    ),
    "one that no line applies": (
        "membership", not_applied, "Commit",
        "configuration of 2 was logged as {2 3}, and is {1 2 3} in the spec",
    ),
    "one that nobody asked for": (
        "membership", wrong_configuration, "ApplyConfChange",
        "2 applies the configuration {2 4}, and {2 3} is committed",
    ),
    "a majority of the new voters alone": (
        "joint", without_the_old_majority, "BecomeLeader",
        "3 leads term 3 with the votes of 3 alone, in the configuration {1 3}→{1 3 5}+2",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "breaks", "at", "why"), BROKEN.values(), ids=BROKEN)
def test_a_broken_copy_is_refused(
    name: str, breaks: Callable[[list[Line]], None], at: str, why: str, tmp_path: Path
) -> None:
    lines = of_etcd(name)
    breaks(lines)
    verdict = verdict_on(lines, tmp_path, "etcd")
    assert verdict.outcome is REFUSED
    assert verdict.event is not None
    assert (verdict.event.name, explained(verdict).why) == (at, why)


MAPPING = """
servers = ["1", "2"]
features = ["Membership"]
voters = ["1"]
[line]
step = "what"
server = "who"
peer = "of"
[steps]
stand = "Timeout"
lead = "TakeLead"
propose = "ClientRequest"
commit = "Commit"
add = "AddServer"
[state]
currentTerm = "term"
commitIndex = "commit"
"configuration.voters" = "members"
"""


def test_a_mapping_tells_of_members(tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text(MAPPING)
    lines = [
        {"what": "stand", "who": 1, "term": 1},
        {"what": "lead", "who": 1},
        {"what": "propose", "who": 1},
        {"what": "commit", "who": 1, "commit": 1, "members": [1]},
        {"what": "add", "who": 1, "of": 2, "members": [1, 2]},
    ]
    path = tmp_path / "run.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert validate(path, mapped(tmp_path / "mapping.toml")).outcome is ACCEPTED
    lines[-1]["members"] = [1]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    verdict = validate(path, mapped(tmp_path / "mapping.toml"))
    assert (verdict.outcome, verdict.line) == (REFUSED, 5)
