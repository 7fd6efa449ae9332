"""Traces that hypothesis changes: refused where no behaviour of the spec says the same.

What is right is decided by brute force on short traces: all readings are followed at every line,
with all silent moves that the profile allows. `pytest --hypothesis-show-statistics` tells by rule
how many were refused, and how many still are behaviours.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.following import Following, Rules
from raft_ref.traces.validation.lines.profile import Lines
from raft_ref.traces.validation.verdict import Outcome
from tests.support.files import RECORDED
from tests.support.recordings import lines_in, lines_of, verdict_on
from tests.support.schedules import recorded, thinned

Line = dict[str, Any]
Change = Callable[[list[Line], int], bool]
"""Changes the line at a place; says whether there was anything to change."""


def of_state(name: str, change: Callable[[Any], Any]) -> Change:
    def apply(lines: list[Line], place: int) -> bool:
        state: Line = lines[place].get("state") or lines[place].get("changes") or {}
        if name not in state:
            return False
        before = json.dumps(state[name])
        state[name] = change(state[name])
        return json.dumps(state[name]) != before

    return apply


def of_message(kind: str, name: str, change: Callable[[Any], Any]) -> Change:
    def apply(lines: list[Line], place: int) -> bool:
        message: Line = lines[place].get("message") or {}
        if message.get("type") != kind or name not in message:
            return False
        message[name] = change(message[name])
        return True

    return apply


def forgotten(lines: list[Line], place: int) -> bool:
    """Let a server forget its vote as it restarts."""
    if lines[place].get("step") != "Restart":
        return False
    state: Line = lines[place].get("state") or lines[place].setdefault("changes", {})
    state["votedFor"] = None
    return True


def unsent(lines: list[Line], place: int) -> bool:
    """Let nobody have sent what is received."""
    if not str(lines[place].get("step")).startswith("Receive"):
        return False
    message = lines[place]["message"]
    source = next(s for s in ("s1", "s2", "s3") if s not in (message["source"], message["dest"]))
    message["source"] = source
    return True


def longer(log: Any) -> Any:
    if isinstance(log, dict):
        return {**log, "lastIndex": log["lastIndex"] + 1}
    return [*log, {"term": 1, "value": "x"}]


def shorter(log: Any) -> Any:
    if isinstance(log, dict):
        return {**log, "lastIndex": max(log["lastIndex"] - 1, 0)}
    return log[:-1]


def rewritten(log: Any) -> Any:
    return [{**each, "value": "x"} for each in log] if isinstance(log, list) else log


RULES: dict[str, Change] = {
    "a term goes back": of_state("currentTerm", lambda term: max(term - 1, 0)),
    "a term from nowhere": of_state("currentTerm", lambda term: term + 1),
    "two votes in a term": of_state("votedFor", lambda vote: "s3" if vote != "s3" else "s1"),
    "a vote forgotten over a restart": forgotten,
    "a leader without a majority": of_state("role", lambda _: "Leader"),
    "a commit without a quorum": of_state("commitIndex", lambda index: index + 1),
    "a commit index that goes back": of_state("commitIndex", lambda index: max(index - 1, 0)),
    "an entry from nowhere": of_state("log", longer),
    "a log cut without conflict": of_state("log", shorter),
    "an entry rewritten": of_state("log", rewritten),
    "matchIndex beyond the acknowledged": of_state(
        "matchIndex", lambda numbers: [number + 1 for number in numbers]
    ),
    "a vote that was refused": of_message("RequestVoteResponse", "voteGranted", lambda v: not v),
    "an acknowledgement of more": of_message(
        "AppendEntriesResponse", "matchIndex", lambda index: index + 1
    ),
    "another entry before": of_message("AppendEntriesRequest", "prevLogIndex", lambda i: i + 1),
    "a request of another term": of_message("AppendEntriesRequest", "term", lambda term: term + 1),
    "what is received was not sent": unsent,
}  # fmt: skip


def by_brute_force(lines: list[Line], rules: Rules) -> bool:
    """Say whether the spec has a behaviour that says the same, within the profile's bounds."""
    recording = PROFILES["raft-ref"](Lines(iter(lines)))
    following = Following(Path("trace"), recording, rules, is_thorough=True)
    return following.to_the_end().outcome is Outcome.ACCEPTED


RULES_OF_THREE = Rules(("s1", "s2", "s3"))


@given(
    seed=st.integers(0, 50),
    rule=st.sampled_from(sorted(RULES)),
    start=st.integers(0, 10),
    is_sparing=st.booleans(),
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_refused_is_no_behaviour_and_what_is_accepted_is_one(
    seed: int, rule: str, start: int, is_sparing: bool, tmp_path: Path
) -> None:
    trace = recorded(seed, 16)
    lines = thinned(trace) if is_sparing else lines_of(trace, tmp_path)
    changed = next(
        (place for place in range(1 + start, len(lines)) if RULES[rule](lines, place)), None
    )
    verdict = verdict_on(lines, tmp_path)
    is_behaviour = by_brute_force(lines, RULES_OF_THREE)
    assert (verdict.outcome is Outcome.ACCEPTED) == is_behaviour
    if changed is None:
        assert is_behaviour
    else:
        how = "sparing" if is_sparing else "fully logged"
        event(f"{rule}, {how}: {'still a behaviour' if is_behaviour else 'refused'}")


@pytest.mark.parametrize("rule", sorted(RULES))
def test_each_rule_can_be_broken(rule: str, tmp_path: Path) -> None:
    """On fully logged traces most changes leave no behaviour; none is refused without a reason."""
    changed = refused = 0
    for seed in range(40):
        lines = lines_of(recorded(seed, 60), tmp_path)
        if any(RULES[rule](lines, place) for place in range(1 + seed % 20, len(lines))):
            changed += 1
            refused += verdict_on(lines, tmp_path).outcome is Outcome.REFUSED
        if changed == 4:
            break
    assert changed == 4
    assert refused >= 3


# ---- What etcd has recorded


def of_etcd(name: str, role: str, way: tuple[str, ...], more: int) -> Callable[[list[Line]], int]:
    """Return what changes a number in the first line of a name that has one; it says where."""

    def change(lines: list[Line]) -> int:
        for place, line in enumerate(lines):
            found: Any = line.get("event", {})
            message = found.get("msg") or {}
            if (found.get("name"), found.get("role")) != (name, role):
                continue
            if message.get("from", 0) == message.get("to"):
                continue  # What a server tells itself is no message of Raft.
            *outer, last = way
            for key in outer:
                found = found[key]
            if found[last] > 0:
                found[last] += more
                return place
        raise AssertionError(f"no {name} of a {role}")

    return change


def without_votes(lines: list[Line]) -> int:
    """Let the first candidate lead at once."""
    place = next(n for n, line in enumerate(lines) if line["event"]["name"] == "BecomeCandidate")
    event = lines[place]["event"]
    led = {**event, "name": "BecomeLeader", "role": "StateLeader"}
    lines.insert(place + 1, {**lines[place], "event": led})
    return place + 1


def for_another(lines: list[Line]) -> int:
    """Let a server that grants a vote have given it to another."""
    for place, line in enumerate(lines):
        event = line["event"]
        if event["name"] == "SendRequestVoteResponse" and not event["msg"].get("reject"):
            given = event["state"]["vote"]
            if event["msg"]["from"] != event["msg"]["to"]:
                event["state"]["vote"] = next(
                    each for each in "123" if each not in (given, event["msg"]["to"])
                )
                return place
    raise AssertionError("no vote is granted")


LEADER, FOLLOWER = "StateLeader", "StateFollower"
OF_ETCD: dict[str, Callable[[list[Line]], int]] = {
    "a leader without votes": without_votes,
    "a vote for another": for_another,
    "a commit of a leader too high": of_etcd("Commit", LEADER, ("state", "commit"), 1),
    "a commit of a follower too high": of_etcd(
        "SendAppendEntriesResponse", FOLLOWER, ("state", "commit"), 9
    ),
    "another term before the entries": of_etcd(
        "SendAppendEntriesRequest", LEADER, ("msg", "logTerm"), 1
    ),
    "an acknowledgement of too much": of_etcd(
        "SendAppendEntriesResponse", FOLLOWER, ("msg", "index"), 9
    ),
    "a log too long": of_etcd("SendAppendEntriesResponse", FOLLOWER, ("log",), 9),
    "a term that goes back": of_etcd(
        "SendAppendEntriesRequest", LEADER, ("state", "term"), -1
    ),
    "a term from nowhere": of_etcd("SendAppendEntriesResponse", FOLLOWER, ("state", "term"), 1),
}  # fmt: skip


@pytest.mark.parametrize("broken", OF_ETCD)
def test_what_etcd_has_recorded_is_refused_at_the_line_that_is_broken(
    broken: str, tmp_path: Path
) -> None:
    lines = lines_in(RECORDED / "etcd" / "seed-1.ndjson")
    place = OF_ETCD[broken](lines)
    verdict = verdict_on(lines, tmp_path, "etcd")
    assert (verdict.outcome, verdict.line) == (Outcome.REFUSED, place + 1)
