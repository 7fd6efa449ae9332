"""Validation: what Raft allows is accepted, what it forbids is refused, and why is told."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raft_ref import traces
from raft_ref.bugs import BUGS
from raft_ref.spec.checker.config import parse_config
from raft_ref.spec.checker.search import check
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.files import RAFT_TRACE
from raft_ref.spec.module import load
from raft_ref.spec.tlc.run import run_tlc
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.following import Following
from raft_ref.traces.validation.lines.profile import Liberties, Lines, LinesOfFile, Recording
from raft_ref.traces.validation.refusals.refusal import as_text, explained
from raft_ref.traces.validation.rules import protocol
from raft_ref.traces.validation.rules.protocol import Protocol, Taken
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support.files import RECORDED
from tests.support.recordings import lines_in, lines_of, verdict_on
from tests.support.schedules import recorded, thinned

MODEL = RAFT_TRACE.with_name("MCRaftTrace.tla")
ACCEPTED, REFUSED = Outcome.ACCEPTED, Outcome.REFUSED
HEADER = {"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2"], "logged": "some"}
VOTE = {"type": "RequestVoteRequest", "source": "s1", "dest": "s2", "term": 1}


# ---- What Raft allows


def test_what_the_node_does_is_accepted_and_takes_every_action(tmp_path: Path) -> None:
    taken: set[str] = set()
    for seed in range(6):
        verdict = verdict_on(lines_of(recorded(seed, 300), tmp_path), tmp_path)
        assert verdict.outcome is ACCEPTED
        assert verdict.lines == 300
        taken |= {*verdict.actions}
    assert taken == {
        "Timeout", "AppendEntries", "InstallSnapshot", "ClientRequest", "CompactLog", "RestartAt",
        "Handle",
    }  # fmt: skip


def test_what_a_sparing_implementation_logs_is_accepted(tmp_path: Path) -> None:
    for seed in range(4):
        lines = thinned(recorded(seed, 300))
        verdict = verdict_on(lines, tmp_path)
        assert (verdict.outcome, verdict.lines) == (ACCEPTED, len(lines) - 1)


def test_what_etcd_has_recorded_is_accepted() -> None:
    paths = sorted((RECORDED / "etcd").glob("*.ndjson"))
    assert len(paths) == 3
    taken: set[str] = set()
    for path in paths:
        verdict = validate(path, PROFILES["etcd"])
        assert verdict.outcome is ACCEPTED
        taken |= {*verdict.actions}
    # Its own liberties among them.
    assert taken >= {"SendEntries", "AdoptTerm", "Acknowledge", "RecordMatch", "RestartAt"}


def test_a_part_of_the_log_shows_as_much_as_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The actions are shown what they read; shown the whole log, they do the same."""
    original, compared = Protocol.take, 0

    def both(self: Protocol, name: str, me: Any, state: Any, *arguments: Any) -> list[Taken]:
        nonlocal compared
        found = original(self, name, me, state, *arguments)
        reads = dict(protocol.FIRST_READ)
        monkeypatch.setattr(
            protocol, "FIRST_READ", {**reads, name: lambda state, _: state.compacted}
        )
        monkeypatch.setattr(protocol, "WITHOUT_LOG", frozenset())
        whole = original(self, name, me, state, *arguments)
        monkeypatch.undo()
        monkeypatch.setattr(Protocol, "take", both)
        assert [each.state for each in found] == [each.state for each in whole]
        compared += 1
        return found

    monkeypatch.setattr(Protocol, "take", both)
    assert verdict_on(lines_of(recorded(2, 400), tmp_path), tmp_path).outcome is ACCEPTED
    assert compared > 380


def test_the_liberties_break_no_property_of_three_servers() -> None:
    text = MODEL.with_suffix(".cfg").read_text().replace("{s1, s2}", "{s1, s2, s3}")
    text = text.replace("MaxTerm = 2", "MaxTerm = 1").replace("MaxMessages = 2", "MaxMessages = 1")
    report = check(task_of(load(MODEL), parse_config(text, "MCRaftTrace.cfg"), False))
    assert report.verdict.name == "HOLDS"


@pytest.mark.long
def test_tlc_finds_no_property_broken_by_the_liberties(tmp_path: Path) -> None:
    config = tmp_path / "MCRaftTrace.cfg"
    text = MODEL.with_suffix(".cfg").read_text()
    config.write_text(text.replace("MaxMessages = 2", "MaxMessages = 1"))
    found = run_tlc(MODEL, config)  # with one worker: its depth is exact with no more
    assert found.ok
    assert (found.distinct_states, found.generated_states, found.depth) == (14_291, 173_517, 19)


# ---- What Raft forbids


# Chance takes long to come to some rules.
LONG = {"conflicting-log-kept", "next-index-moved-below-match"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in BUGS],
)
def test_what_a_mutant_does_is_refused(name: str, tmp_path: Path) -> None:
    """The trace of a mutant that chance drives is refused once its rule matters."""
    for seed in range(60):
        trace = recorded(seed, 250, BUGS[name].bounds.get("servers", 3), BUGS[name].node)
        verdict = verdict_on(lines_of(trace, tmp_path), tmp_path)
        if verdict.outcome is not ACCEPTED:
            assert verdict.outcome is REFUSED
            refusal = explained(verdict)
            assert refusal.candidates
            assert [*as_text(refusal.candidates)]
            return
    pytest.fail("it is always accepted")


Breaking = Callable[[dict[str, Any], random.Random], bool]


def _changes(variable: str, change: Callable[[Any], Any]) -> Breaking:
    def apply(line: dict[str, Any], _: random.Random) -> bool:
        if variable not in line.get("changes", {}):
            return False
        line["changes"][variable] = change(line["changes"][variable])
        return True

    return apply


def _sent(kind: str, name: str, change: Callable[[Any], Any]) -> Breaking:
    def apply(line: dict[str, Any], chance: random.Random) -> bool:
        found = [each for each in line.get("sends", []) if each["type"] == kind]
        if not found:
            return False
        message = chance.choice(found)
        message[name] = change(message[name])
        return True

    return apply


def _received(line: dict[str, Any], _: random.Random) -> bool:
    if line["step"] != "Receive":
        return False
    line["message"]["term"] += 1
    return True


def _forgets(line: dict[str, Any], _: random.Random) -> bool:
    if line["step"] != "Restart":
        return False
    line["changes"]["votedFor"] = None
    line["changes"]["currentTerm"] = 0
    return True


RULES: dict[str, Breaking] = {
    "a term goes back": _changes("currentTerm", lambda term: term - 1),
    "a vote is given to nobody": _changes("votedFor", lambda vote: None if vote else "s1"),
    "a vote is forgotten over a restart": _forgets,
    "a leader without a majority": _changes("role", lambda _: "Leader"),
    "a vote that was refused is granted": _sent(
        "RequestVoteResponse", "voteGranted", lambda granted: not granted
    ),
    "commitIndex without a quorum": _changes("commitIndex", lambda index: index + 1),
    "an entry is rewritten": _changes("log", lambda log: [{"term": 99, "value": "v"}, *log[1:]]),
    "entries are removed without conflict": _changes(
        "log", lambda log: log[:-1] if log else [{"term": 1, "value": "v"}]
    ),
    "matchIndex beyond the acknowledged": _changes(
        "matchIndex", lambda match: [n + 1 for n in match]
    ),
    "more is acknowledged than there is": _sent(
        "AppendEntriesResponse", "matchIndex", lambda index: index + 1
    ),
    "entries are sent that are not there": _sent(
        "AppendEntriesRequest", "entries", lambda entries: [*entries, {"term": 1, "value": "x"}]
    ),
    "a message is received that nobody sent": _received,
    "a snapshot of what is not committed": _changes(
        "snapshot", lambda held: {**held, "lastIncludedIndex": held["lastIncludedIndex"] + 1}
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_trace_that_breaks_a_rule_is_refused(rule: str, tmp_path: Path) -> None:
    """Each is refused at the line that was changed, or for what was sent wrongly at once, too."""
    broken = 0
    for seed in range(12):
        lines = lines_of(recorded(seed, 150), tmp_path)
        chance = random.Random(seed)
        places = [*range(1, len(lines))]
        chance.shuffle(places)
        for place in places:
            before = json.dumps(lines[place])
            if RULES[rule](lines[place], chance) and json.dumps(lines[place]) != before:
                broken += 1
                verdict = verdict_on(lines, tmp_path)
                assert (verdict.outcome, verdict.line) == (REFUSED, place + 1)
                break
    assert broken >= 5


def test_a_sparing_trace_that_breaks_a_rule_is_refused(tmp_path: Path) -> None:
    rules: list[Callable[[dict[str, Any]], None]] = [
        lambda state: state.update(currentTerm=state["currentTerm"] + 9),
        lambda state: state.update(commitIndex=state["commitIndex"] + 9),
        lambda state: state.update(log={"lastIndex": state["log"]["lastIndex"] + 9}),
        lambda state: state.update(role="Leader" if state["role"] != "Leader" else "Candidate"),
    ]
    for seed, rule in enumerate(rules * 2):
        lines = thinned(recorded(seed, 120))
        place = next(
            number
            for number in range(80, len(lines))
            if lines[number]["step"] == "Receive" and lines[number]["state"]["role"] == "Follower"
        )
        rule(lines[place]["state"])
        verdict = verdict_on(lines, tmp_path)
        assert verdict.outcome is REFUSED
        assert verdict.line is not None
        assert verdict.line <= place + 1


ETCD_RULES: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "another term": ("Ready", lambda event: event["state"].update(term=event["state"]["term"] + 1)),
    "another vote": (
        "Ready",
        lambda event: event["state"].update(vote="2" if event["state"]["vote"] != "2" else "3"),
    ),
    "a commit without a quorum": (
        "Commit",
        lambda event: event["state"].update(commit=event["state"]["commit"] + 1),
    ),
    "a leader without a majority": (
        "BecomeCandidate",
        lambda event: event.update(name="BecomeLeader", role="StateLeader"),
    ),
    "a message that nobody sent": (
        "ReceiveAppendEntriesRequest",
        lambda event: event["msg"].update(term=event["msg"]["term"] + 7),
    ),
    "more acknowledged than there is": (
        "SendAppendEntriesResponse",
        lambda event: event["msg"].update(
            index=event["msg"]["index"] + 100, reject=False, type="MsgAppResp"
        ),
    ),
}


def is_of_itself(message: dict[str, Any] | None) -> bool:
    return message is not None and message["from"] == message["to"]


@pytest.mark.parametrize("rule", ETCD_RULES)
def test_a_trace_of_etcd_that_breaks_a_rule_is_refused(rule: str, tmp_path: Path) -> None:
    name, change = ETCD_RULES[rule]
    lines = lines_in(RECORDED / "etcd" / "seed-1.ndjson")
    places = [
        place
        for place, line in enumerate(lines)
        if line["event"]["name"] == name
        and place > 40
        and not is_of_itself(line["event"].get("msg"))
    ]
    change(lines[places[len(places) // 2]]["event"])
    assert verdict_on(lines, tmp_path, "etcd").outcome is REFUSED


# ---- What a refusal says


def test_a_refusal_says_what_the_spec_has(tmp_path: Path) -> None:
    lines = lines_of(recorded(0, 40), tmp_path)
    place = next(n for n, line in enumerate(lines) if "votedFor" in line.get("changes", {}))
    lines[place]["changes"]["currentTerm"] = 7
    verdict = verdict_on(lines, tmp_path)
    assert verdict.line == place + 1
    refusal = explained(verdict)
    (candidate,) = refusal.candidates
    assert candidate.action.startswith("Timeout(")
    assert candidate.differences == (("currentTerm", 7, 1),)
    assert refusal.trace.violation is not None
    assert refusal.trace.violation.is_refusal
    assert traces.tell(refusal.trace)[-1].startswith(f"Step {place} (line {place + 1}) is no step")
    assert "is no step of the spec" in traces.draw(refusal.trace).source


def test_a_refusal_names_the_condition_that_fails(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2", "s3"], "logged": "some"},
        {"step": "Timeout", "server": "s1", "state": {"currentTerm": 1}},
        {"step": "ClientRequest", "server": "s1"},
    ]
    verdict = verdict_on(lines, tmp_path)
    assert (verdict.outcome, verdict.line) == (REFUSED, 3)
    assert 'ClientRequest(s1, (not logged)): not so: role[i] = "Leader"' in [
        *as_text(explained(verdict).candidates)
    ]


# ---- What is left open


def test_messages_that_nobody_receives_do_not_pile_up(tmp_path: Path) -> None:
    """The oldest are forgotten; to receive one of these is neither right nor wrong."""
    lines: list[dict[str, Any]] = [HEADER]
    for term in range(1, 1_000):
        lines.append({"step": "Timeout", "server": "s1", "state": {"currentTerm": term}})
    path = tmp_path / "long.ndjson"

    def sparing(read: Lines) -> Recording:
        return replace(PROFILES["raft-ref"](read), liberties=Liberties(remembers=100))

    for term, outcome in ((999, ACCEPTED), (950, ACCEPTED), (1, Outcome.INCONCLUSIVE)):
        received = {"step": "Receive", "server": "s2", "message": {**VOTE, "term": term}}
        path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, received]))
        verdict = validate(path, sparing)
        assert verdict.outcome is outcome
    assert verdict.reason == "the message is none of the last 100 that were sent"


def test_what_was_not_on_disk_may_be_lost_if_nobody_knows_of_it(tmp_path: Path) -> None:
    append = {
        "type": "AppendEntriesRequest", "source": "s1", "dest": "s2", "term": 1,
        "entries": 1, "prevLogIndex": 0,
    }  # fmt: skip
    won = {"type": "RequestVoteResponse", "source": "s2", "dest": "s1", "term": 1}
    lines: list[dict[str, Any]] = [
        {**HEADER, "unsynced": 2},
        {"step": "Timeout", "server": "s1"},
        {"step": "Receive", "server": "s2", "message": {**won, **VOTE}},
        {"step": "Receive", "server": "s1", "message": {**won, "voteGranted": True}},
        {"step": "ClientRequest", "server": "s1", "state": {"log": {"lastIndex": 1}}},
        {"step": "Restart", "server": "s1", "state": {"log": {"lastIndex": 0}}},
    ]
    assert verdict_on(lines, tmp_path).outcome is ACCEPTED
    assert verdict_on([HEADER, *lines[1:]], tmp_path).outcome is REFUSED
    sent = {"step": "Send", "server": "s1", "message": append}
    verdict = verdict_on([*lines[:5], sent, lines[5]], tmp_path)
    assert (verdict.outcome, verdict.line) == (REFUSED, 7)
    assert verdict.looked_back == 6


def test_a_leader_may_choose_anew_what_it_sends_next(tmp_path: Path) -> None:
    trace = recorded(4, 300)
    lines = thinned(trace)
    states = traces.states(trace)[1:]
    led = [state for step, state in zip(trace.steps, states, strict=True) if step.server]
    place = next(
        number
        for number, (line, state) in enumerate(zip(lines[1:], led, strict=True), start=1)
        if line["state"]["role"] == "Leader" and line["state"]["log"]["lastIndex"] > 1
        and max(state[line["server"]]["matchIndex"]) == 0
    )  # fmt: skip
    peer = next(name for name in trace.servers if name != lines[place]["server"])
    for index, outcome in ((1, ACCEPTED), (2, ACCEPTED), (40, REFUSED)):
        lines[place]["state"]["nextIndex"] = {peer: index}
        assert verdict_on(lines[: place + 1], tmp_path).outcome is outcome


@pytest.mark.parametrize("seed", [0, 3])
def test_the_actions_are_those_of_a_whole_reading(seed: int, tmp_path: Path) -> None:
    """A step for each line at least, though the readings are several from line to line."""
    lines = [
        {name: value for name, value in line.items() if name != "state"} if n % 3 else line
        for n, line in enumerate(thinned(recorded(seed, 60)))
    ]
    found = verdict_on(lines, tmp_path)
    assert found.outcome is ACCEPTED
    assert found.readings > 1
    told = Counter(line["step"] for line in lines[1:])
    assert found.actions["Timeout"] == told["Timeout"]
    assert found.actions["ClientRequest"] == told["ClientRequest"]
    received = sum(
        found.actions[name] for name in ("Handle", "AdoptTerm", "ReceiveCommit", "RecordMatch")
    )
    assert received >= told["Receive"] + told["ReceiveDuplicate"]


def test_a_trace_can_be_followed_in_all_readings_from_its_beginning() -> None:
    """As is done where what is open lies further back than lines are followed once more."""
    path = RECORDED / "c_raft" / "run-4.ndjson"
    with path.open() as file:
        recording = PROFILES["raft-ref"](LinesOfFile(file))
        verdict = Following(path, recording, is_thorough=True).to_the_end()
    assert (verdict.outcome, verdict.lines) == (ACCEPTED, 230)
