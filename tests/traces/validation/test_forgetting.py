"""What is forgotten of an accepted past turns no verdict round: it is as if nothing were forgotten.

The traces are those of a store whose leaders crash, with and without compaction, and what has one
fact wrong; after every line all is forgotten that can be.
"""

import gc
import itertools
import json
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation import Outcome
from raft_ref.traces.validation.following import Following
from raft_ref.traces.validation.forgetting import beginning
from raft_ref.traces.validation.lines.profile import Lines
from raft_ref.traces.validation.moves.network import Network
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.rules.earlier import as_message
from raft_ref.traces.validation.rules.invariants import Committed
from raft_ref.traces.validation.rules.logs import UNLOGGED, Log, Logs
from raft_ref.traces.validation.rules.protocol import Protocol
from tests.support.files import RECORDED
from tests.support.schedules import recorded, thinned
from tests.support.streams import HEADER, stored
from tests.traces.validation.test_latitudes import LATITUDES

Line = dict[str, Any]

REMEMBERED = 100
"""How many messages are remembered, so that some are forgotten, too."""


def followed(
    lines: Iterable[Line], *, forgets: bool, profile: str = "raft-ref", most: int = 50_000
) -> Following:
    recording = PROFILES[profile](Lines(deepcopy([*lines])))
    liberties = replace(recording.liberties, remembers=REMEMBERED)
    recording = replace(recording, liberties=liberties)
    following = Following(Path("a stream"), recording, is_thorough=True)
    for event in recording.events:
        if not following.follows(event):
            break
        if forgets:
            following.forget(most)
    return following


def found(following: Following) -> tuple[Outcome, int | None, str]:
    return following.verdict.outcome, following.verdict.line, following.verdict.reason


def forgotten(following: Following) -> int:
    return min(state.log.forgotten for state in following.states.values())


@cache
def run(compact_after: int, count: int = 420) -> tuple[Line, ...]:
    """Return the lines of a store whose leader crashes every two seconds."""
    return tuple(itertools.islice(stored(compact_after=compact_after, crash_every=2.0), count))


COMPACTING, NEVER = 20, 10**6


@pytest.mark.parametrize("compact_after", [COMPACTING, NEVER])
def test_what_is_right_is_accepted(compact_after: int) -> None:
    lines = [HEADER, *run(compact_after)]
    following = followed(lines, forgets=True)
    assert following.verdict.outcome is Outcome.ACCEPTED
    assert forgotten(following) > 0
    assert any(line["step"] == "Restart" for line in lines[1:])


def with_state(name: str, by: int) -> Any:
    def change(line: Line) -> bool:
        line["state"][name] += by
        return True

    return change


def with_log(name: str, by: int) -> Any:
    def change(line: Line) -> bool:
        line["state"]["log"][name] += by
        return bool(line["state"]["log"][name] > 0)

    return change


def votes_again(line: Line) -> bool:
    line["state"]["votedFor"] = "s1" if line["state"]["votedFor"] != "s1" else "s2"
    return True


def log_is_lost(line: Line) -> bool:
    line["state"]["log"] = {"lastIndex": line["state"]["snapshot"]["lastIncludedIndex"]}
    return bool(line["step"] == "Restart")


def of_nobody(line: Line) -> bool:
    """Let a server receive what nobody has sent."""
    if line.get("message", {}).get("type") != "AppendEntriesResponse":
        return False
    line["message"]["matchIndex"] += 1
    return True


WRONG = {
    "a term ahead": with_state("currentTerm", 1),
    "a commit too many": with_state("commitIndex", 50),
    "an entry too many": with_log("lastIndex", 1),
    "a log of another term": with_log("lastTerm", 1),
    "a vote for another": votes_again,
    "a log that a crash has lost": log_is_lost,
    "an answer that nobody gave": of_nobody,
}


QUICK = (("a term ahead", COMPACTING), ("an answer that nobody gave", NEVER))


@pytest.mark.parametrize(
    ("wrong", "compact_after"),
    [
        pytest.param(wrong, after, marks=() if (wrong, after) in QUICK else pytest.mark.long)
        for wrong in WRONG
        for after in (COMPACTING, NEVER)
    ],
)
def test_what_is_wrong_is_refused(wrong: str, compact_after: int) -> None:
    lines = deepcopy([HEADER, *run(compact_after)])
    first = 100 if wrong == "a log that a crash has lost" else 330
    place = next(n for n, line in enumerate(lines) if n > first and WRONG[wrong](line))
    kept = lines[: place + 20]
    as_ever, forgetting = followed(kept, forgets=False), followed(kept, forgets=True)
    assert found(forgetting) == found(as_ever)
    assert forgetting.verdict.outcome is Outcome.REFUSED
    assert forgotten(forgetting) > 0 or first < 330


@pytest.mark.long
@pytest.mark.parametrize("name", LATITUDES)
def test_latitudes_are_what_they_were(name: str) -> None:
    for lines in LATITUDES[name]:
        assert found(followed(lines, forgets=True)) == found(followed(lines, forgets=False))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_readings_beside_each_other_are_as_they_were(seed: int) -> None:
    lines = thinned(recorded(seed, 120))
    as_ever, forgetting = followed(lines, forgets=False), followed(lines, forgets=True)
    assert found(forgetting) == found(as_ever)
    assert forgetting.verdict.readings == as_ever.verdict.readings > 1


@pytest.mark.long
@pytest.mark.parametrize("is_wrong", [False, True])
def test_where_there_are_too_many_readings_one_is_followed(is_wrong: bool) -> None:
    lines = deepcopy(thinned(recorded(0, 120)))
    most = followed(lines, forgets=False).verdict.readings
    if is_wrong:
        # Nothing that another line stands against by itself.
        place = next(n for n, line in enumerate(lines) if n > 100 and "log" in told(line))
        told(lines[place])["log"]["lastIndex"] += 1
    recording = PROFILES["raft-ref"](Lines(lines))
    liberties = replace(recording.liberties, candidates=most - 1)
    given = replace(recording, liberties=liberties)
    following = Following(Path("a stream"), given, is_thorough=True, falls_back=True)
    assert following.is_thorough
    outcome = following.to_the_end().outcome
    # With so few readings nobody can say, where all of them would be needed.
    assert outcome is (Outcome.INCONCLUSIVE if is_wrong else Outcome.ACCEPTED)
    assert not following.is_thorough


def told(line: Line) -> Any:
    return line.get("state", {})


@pytest.mark.long
@pytest.mark.parametrize("name", ["joint", "membership"])
def test_features_are_judged_as_they_were(name: str) -> None:
    text = (RECORDED / "etcd_features" / f"{name}.ndjson").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()][:400]
    as_ever = followed(lines, forgets=False, profile="etcd")
    assert found(followed(lines, forgets=True, profile="etcd")) == found(as_ever)


def test_who_lacks_more_than_is_kept_is_no_reason_to_keep_more() -> None:
    protocol = Protocol(["s1", "s2"])
    log = log_of(protocol.logs, *([1] * 20))
    terms = log_of(protocol.logs, *([1] * 20))
    has_all = protocol.first._replace(log=log, commit_index=20)
    nothing = ((), ())
    world = World((has_all, None), nothing, committed=Committed(log, terms), left=nothing)
    assert beginning([world], [], most=100) is None
    begins = beginning([world], [], most=5)
    assert begins is not None
    assert begins[0] is log.at(15)


# ---- Logs


def log_of(logs: Logs, *terms: int) -> Log:
    log = logs.empty
    for index, term in enumerate(terms, 1):
        log = log.append(term, f"v{index}")
    return log


def test_of_entries_that_are_forgotten_the_terms_are_known() -> None:
    logs = Logs()
    log = log_of(logs, 1, 1, 2, 2, 3)
    logs.forget(log.at(2))
    logs.forget(log.at(4))
    assert (log.first, log.forgotten) == (4, 4)
    assert [log.at(index).term for index in range(6)] == [0, 1, 1, 2, 2, 3]
    assert log.at(2).entry is None
    assert [entry[1:] for entry in log.entries(1)] == [
        (1, UNLOGGED), (2, UNLOGGED), (2, UNLOGGED), (3, "v5"),
    ]  # fmt: skip
    assert log.continued(1, log.entries(1)) is log


def test_logs_stay_one_where_they_are_one() -> None:
    logs = Logs()
    log, other = log_of(logs, 1, 1, 1, 2), log_of(logs, 1, 1, 1, 3)
    logs.forget(log.at(2))
    assert log.at(3) is other.at(3)
    assert log.at(3).append(2, "v4") is log


def test_what_was_before_is_let_go() -> None:
    logs = Logs()
    log = log_of(logs, *([1] * 500))
    logs.forget(log.at(490))
    gc.collect()
    assert len([each for each in gc.get_objects() if isinstance(each, Log)]) < 200 + 490
    assert len(logs.empty.followers()) == 1
    assert len(log.at(490).followers()) == 11


def test_of_messages_that_are_forgotten_none_is_denied() -> None:
    protocol, network = Protocol(["s1", "s2"]), Network(10)
    answers: list[Line] = [
        {
            "type": "AppendEntriesResponse", "source": "s1", "dest": "s2", "term": 1,
            "success": True, "matchIndex": index,
        }
        for index in range(30)
    ]  # fmt: skip
    for each in answers[:20]:
        message = as_message(protocol, each)
        assert message is not None
        network.add(message)
    assert all(network.may_have_forgotten(each) for each in answers[:10])
    assert not any(network.may_have_forgotten(each) for each in answers[20:])
    assert network.may_have_forgotten({**answers[20], "matchIndex": None})
