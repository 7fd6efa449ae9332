"""What must not turn a verdict round: facts left out, facts added, a trace cut behind or in front.

A fact left out of a correct run refuses nothing: what is not logged is open. Nobody can say is an
answer, but the rarer one.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import Outcome, validate
from tests.support.files import RECORDED
from tests.support.recordings import lines_in, lines_of, verdict_on
from tests.support.schedules import recorded, thinned

ACCEPTED, REFUSED, INCONCLUSIVE = Outcome.ACCEPTED, Outcome.REFUSED, Outcome.INCONCLUSIVE
Line = dict[str, Any]
Fact = tuple[Any, ...]
"""Where a fact stands: the number of a line, and the keys that lead to it."""


def facts_of(lines: list[Line]) -> Iterator[Fact]:
    """Yield what may be left out of the lines: fields, whole states, what was sent, the step."""
    for number, line in enumerate(lines[1:], 1):
        for part in ("state", "changes"):
            yield from ((number, part, name) for name in line.get(part, {}))
        for name in {*line.get("message", {})} - {"type", "source", "dest"}:
            yield number, "message", name
        for place, message in enumerate(line.get("sends", [])):
            for name in {*message} - {"type", "source", "dest"}:
                yield number, "sends", place, name
        if line.get("step") in ("ClientRequest", "CompactLog"):
            yield from ((number, "arguments", name) for name in line.get("arguments", {}))
        for whole in {"state", "changes", "sends"} & {*line}:
            yield number, whole
        if line["step"] != "DropMessage":
            yield number, "step"


def without(lines: list[Line], facts: list[Fact]) -> list[Line]:
    made: Any = deepcopy(lines)
    for *way, last in sorted(facts, key=len, reverse=True):
        inner = made
        for key in way:
            inner = inner[key]
        inner.pop(last, None)
    return list(made)


def own_run(seed: int, count: int, is_whole: bool, folder: Path) -> list[Line]:
    """Return what our node has logged: all of it, or what a sparing implementation does."""
    trace = recorded(seed, count)
    lines = lines_of(trace, folder) if is_whole else thinned(trace)
    lines[0]["logged"] = "some"
    return lines


FEW, MANY = (0.0, 0.02, 0.05, 0.1), (0.0, 0.1, 0.3)


def some(facts: list[Fact], draw: random.Random, shares: tuple[float, ...]) -> list[Fact]:
    """Return one fact, or such a share of them."""
    share = draw.choice(shares)
    chosen = [fact for fact in facts if draw.random() < share]
    return chosen or [draw.choice(facts)]


def outcomes_without_facts(
    lines: list[Line], seed: int, count: int, folder: Path, shares: tuple[float, ...] = FEW
) -> Counter[Any]:
    draw, facts = random.Random(seed), sorted(facts_of(lines), key=repr)
    found: Counter[Any] = Counter()
    for _ in range(count):
        found[verdict_on(without(lines, some(facts, draw, shares)), folder).outcome] += 1
    return found


# ---- Facts left out, and added


@pytest.mark.parametrize("is_whole", [True, False], ids=["whole", "sparing"])
@pytest.mark.parametrize("seed", range(4))
def test_a_fact_left_out_refuses_nothing(seed: int, is_whole: bool, tmp_path: Path) -> None:
    found = outcomes_without_facts(own_run(seed, 24, is_whole, tmp_path), seed, 12, tmp_path)
    assert found[REFUSED] == 0
    assert found[ACCEPTED] > 2 * found[INCONCLUSIVE]


OF_LONGER_RUNS = (4, 8, 11, 12, 15)
"""Of 4 to 15, which all were tried, those that have found something: each takes half a minute."""


@pytest.mark.long
@pytest.mark.parametrize("is_whole", [True, False], ids=["whole", "sparing"])
@pytest.mark.parametrize("seed", OF_LONGER_RUNS)
def test_a_fact_left_out_of_a_longer_run(seed: int, is_whole: bool, tmp_path: Path) -> None:
    lines = own_run(seed, 60, is_whole, tmp_path)
    found = outcomes_without_facts(lines, seed, 20, tmp_path, MANY)
    assert found[REFUSED] == 0
    assert found[ACCEPTED] > 2 * found[INCONCLUSIVE]


RUNS = ["c_raft/run-4", "c_raft/run-13", "pysyncobj/run-1"]


@pytest.mark.parametrize("run", RUNS)
def test_a_fact_left_out_of_what_others_recorded(run: str, tmp_path: Path) -> None:
    lines = lines_in(RECORDED / f"{run}.ndjson")[:40]
    found = outcomes_without_facts(lines, 1, 8, tmp_path)
    assert found[REFUSED] == 0
    assert found[ACCEPTED] > 2 * found[INCONCLUSIVE]


def test_what_a_message_carried_is_seen_at_who_received_it(tmp_path: Path) -> None:
    """The entries are not logged, nor that the leader took them; the follower's log has them."""
    run = lines_in(RECORDED / "c_raft" / "run-13.ndjson")
    lines = [run[place] for place in (0, 5, 8, 10, 23)]
    facts: list[Fact] = [(4, "message", "entries")]
    assert verdict_on(without(lines, facts), tmp_path).outcome is ACCEPTED
    wrong = without(lines, facts)
    wrong[4]["state"]["log"][-1]["term"] = 7
    assert verdict_on(wrong, tmp_path).outcome is REFUSED


@pytest.mark.parametrize("step", ["AppendEntries", None])
def test_what_a_line_without_a_step_sends_is_sent(step: str | None, tmp_path: Path) -> None:
    """And may be lost, as what is sent in silence may."""
    message = {"type": "AppendEntriesRequest", "source": "s1", "dest": "s2", "term": 3}
    begun = {"s1": {"currentTerm": 3, "role": "Leader", "log": [{"term": 3}], "nextIndex": [1] * 3}}
    header = {"format": "raft-ref-trace", "version": 1, "servers": [*BEGUN], "logged": "some"}
    sends: Line = {"server": "s1", "sends": [{**message, "prevLogIndex": 0, "entries": 1}]}
    if step is not None:
        sends |= {"step": step, "arguments": {"peer": "s2", "count": 1}}
    lines = [
        {**header, "silent": {}, "unlogged": [], "initial": {**BEGUN, **begun}},
        sends,
        {"step": "DropMessage", "message": {**message, "prevLogIndex": 0, "entries": 1}},
    ]
    assert verdict_on(lines, tmp_path).outcome is ACCEPTED
    sends["sends"][0]["entries"] = 2
    verdict = verdict_on(lines, tmp_path)
    assert (verdict.outcome, verdict.line) == (REFUSED, 2)


@pytest.mark.parametrize("seed", range(4))
def test_a_true_fact_more_makes_it_no_less(seed: int, tmp_path: Path) -> None:
    """Facts come back one part after the other, until all are there."""
    lines, draw = own_run(seed, 24, True, tmp_path), random.Random(seed)
    facts = sorted(facts_of(lines), key=repr)
    lacking = [fact for fact in facts if draw.random() < 0.2]
    was = verdict_on(without(lines, lacking), tmp_path).outcome
    while lacking:
        lacking = draw.sample(lacking, len(lacking) // 2)
        now = verdict_on(without(lines, lacking), tmp_path).outcome
        assert now is not REFUSED
        assert now is ACCEPTED or was is not ACCEPTED
        was = now
    assert was is ACCEPTED


# ---- A trace cut behind or in front


@pytest.mark.parametrize("run", [*RUNS, "etcd/seed-1"])
def test_a_prefix_is_accepted(run: str, tmp_path: Path) -> None:
    lines = (RECORDED / f"{run}.ndjson").read_text().splitlines(keepends=True)
    profile = PROFILES["etcd" if run.startswith("etcd") else "raft-ref"]
    for length in random.Random(run).sample(range(8, len(lines)), 3):
        path = tmp_path / "prefix.ndjson"
        path.write_text("".join(lines[:length]))
        assert validate(path, profile).outcome is ACCEPTED


def cut_in_front(lines: list[Line], states: dict[str, Line], count: int) -> list[Line]:
    """Return the lines behind so many, begun from the states that they show."""
    shown = dict(states)
    for line in lines[1 : 1 + count]:
        if "server" in line:
            told = line.get("state") or line.get("changes") or {}
            shown[line["server"]] = {**shown[line["server"]], **told}
    return [{**lines[0], "initial": shown}, *lines[1 + count :]]


@pytest.mark.parametrize("seed", range(8))
def test_it_may_begin_in_the_middle_of_a_life(seed: int, tmp_path: Path) -> None:
    """Messages that were sent before the first line arrive behind it."""
    lines = own_run(seed, 60, True, tmp_path)
    for count in (15, 30, 45):
        cut = cut_in_front(lines, lines[0]["initial"], count)
        assert verdict_on(cut, tmp_path).outcome is ACCEPTED


@pytest.mark.parametrize("seed", range(4))
def test_it_may_begin_with_a_log_of_which_little_is_known(seed: int, tmp_path: Path) -> None:
    lines = own_run(seed, 60, False, tmp_path)
    states = {name: {"currentTerm": 0} for name in lines[0]["servers"]}
    for count in (15, 30, 45):
        verdict = verdict_on(cut_in_front(lines, states, count), tmp_path)
        assert verdict.outcome is not REFUSED


BEGUN: dict[str, Line] = {
    "s1": {"currentTerm": 3, "role": "Candidate", "votedFor": "s1", "votesGranted": ["s1"]},
    "s2": {"currentTerm": 3, "votedFor": "s1"},
    "s3": {"currentTerm": 2, "votedFor": "s3"},
}
VOTE = {"type": "RequestVoteResponse", "dest": "s1", "voteGranted": True}


@pytest.mark.parametrize(
    ("source", "term", "outcome"),
    [("s2", 3, ACCEPTED), ("s2", 4, REFUSED), ("s3", 2, REFUSED), ("s3", 3, REFUSED)],
)
def test_what_was_sent_before_is_what_the_state_of_its_sender_allows(
    source: str, term: int, outcome: Outcome, tmp_path: Path
) -> None:
    header: Line = {"format": "raft-ref-trace", "version": 1, "servers": [*BEGUN], "logged": "some"}
    header["unlogged"] = []
    line = {"step": "Receive", "server": "s1", "message": {**VOTE, "source": source, "term": term}}
    lines = [{**header, "initial": BEGUN}, {**line, "state": {"role": "Leader"}}]
    assert verdict_on(lines, tmp_path).outcome is outcome


def test_a_log_whose_last_term_is_open_refuses_nothing(tmp_path: Path) -> None:
    header: Line = {"format": "raft-ref-trace", "version": 1, "servers": [*BEGUN], "logged": "some"}
    header["unlogged"] = []
    log: Line = {"lastIndex": 4}
    begun = {name: {**state, "log": log} for name, state in BEGUN.items()}
    message = {"type": "RequestVoteRequest", "source": "s1", "dest": "s2", "term": 4}
    lines = [
        {**header, "initial": begun},
        {"step": "Timeout", "server": "s1", "state": {"currentTerm": 4}},
        {"step": "Send", "server": "s1", "message": {**message, "lastLogTerm": 3}},
    ]
    verdict = verdict_on(lines, tmp_path)
    assert (verdict.outcome, verdict.line) == (INCONCLUSIVE, 3)
    assert '"lastTerm"' in verdict.reason
    log["lastTerm"] = 3
    assert verdict_on(lines, tmp_path).outcome is ACCEPTED
    log["lastTerm"] = 2
    assert verdict_on(lines, tmp_path).outcome is REFUSED


def test_a_trace_is_as_it_was(tmp_path: Path) -> None:
    """What leaves facts out does so in a copy."""
    lines = own_run(0, 10, False, tmp_path)
    before = json.dumps(lines)
    without(lines, [*facts_of(lines)])
    assert json.dumps(lines) == before
