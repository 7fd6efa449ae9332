"""Reads and leases in traces: what is allowed, what is forbidden, and what a line leaves open."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from raft_ref.features import Feature
from raft_ref.features.bugs import READ_BUGS
from raft_ref.traces import TraceError
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.refusals.refusal import explained
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support import recordings
from tests.support.files import GALLERY, RECORDED
from tests.support.recordings import lines_in
from tests.traces.validation.test_features import (
    Line,
    elected,
    log,
    message,
    step,
    takes,
    verdict_on,
    whole,
)
from tests.traces.validation.test_metamorphic import outcomes_without_facts

ACCEPTED, REFUSED, INCONCLUSIVE = Outcome.ACCEPTED, Outcome.REFUSED, Outcome.INCONCLUSIVE
READS = (Feature.READ_INDEX,)
LEASES = (*READS, Feature.LEASES)

SAID = {
    "leader-reads-alone": "reads at index 1, and does not ask whether it still leads (6.4)",
    "read-before-first-commit": "takes a read, and has committed nothing in term 2 (6.4)",
    "earlier-read-answered": "takes the answer to its read 1 for that to its read 2",
    "read-before-applied": "serves a read of index 1, and has committed up to 0 (6.4)",
    "follower-reads-alone": "by its own commit index 1, and does not ask the leader (6.4)",
    "earlier-round-counted": "counts an answer to round 1 in round 2 (6.4)",
    "acknowledgements-kept": "begins a round with the acknowledgements of the last (6.4)",
    "refusal-taken-for-acknowledgement": "sends round 1, where the spec sends 0",
    "promise-shortened": "shortens its promise of round 2 to that of round 1 (6.4.1)",
    "clock-drifts-beyond-bound": "ends, and s1 still trusts in it (6.4.1)",
    "promise-forgotten-by-restart": "restarts and forgets that it has promised its vote to s1",
    "lease-outlives-transfer": "tells a server to stand, and does not give up its lease (3.10)",
    "late-timeout-now-breaks-lease": "tells a server to stand, and does not give up its lease",
}
"""What the refusal of each known bug of reads says."""


@pytest.mark.parametrize("name", READ_BUGS)
def test_each_known_bug_is_refused_where_it_shows(name: str) -> None:
    verdict = validate(GALLERY / f"{name}.ndjson", PROFILES["raft-ref"])
    assert verdict.outcome is REFUSED
    assert SAID[name] in explained(verdict).why


# ---- What implementations log

COMMITS = [
    step("ClientRequest", "a", state={"log": {"lastIndex": 1}}),
    step(
        "Send", "a", message=message(
            "AppendEntriesRequest", "a", "b", 1,
            prevLogIndex=0, prevLogTerm=0, entries=1, leaderCommit=0,
        ),
    ),
    takes("b", message("AppendEntriesRequest", "a", "b", 1), log={"lastIndex": 1}),
    takes("a", message("AppendEntriesResponse", "b", "a", 1, matchIndex=1), commitIndex=1),
]  # fmt: skip
"""The leader commits an entry of its term."""
LEADS = [each for each in elected("a", "b") if each["step"] != "RequestPreVotes"]
LEADS = [each for each in LEADS if not each.get("message", {}).get("type", "").startswith("Pre")]


def beat(source: str, dest: str, number: int, is_answered: bool = True) -> list[Line]:
    """Return a heartbeat that arrives, and its answer."""
    asks = message("HeartbeatRequest", source, dest, 1, round=number)
    answer = message("HeartbeatResponse", dest, source, 1, round=number)
    lines = [step("Send", source, message=asks), takes(dest, asks)]
    return [*lines, takes(source, answer)] if is_answered else lines


def of_reads(*lines: Line, **header: Any) -> list[Line]:
    return log(*LEADS, *lines, features=("ReadIndex",), **header)


ASKS = message("ReadIndexRequest", "c", "a", 0, number=1)
RIGHT: dict[str, list[Line]] = {
    "a leader reads": of_reads(
        *COMMITS, step("Read", "a"), step("BeginRound", "a"), *beat("a", "b", 1),
        step("AnswerReads", "a", state={"readIndex": 1}),
        step("ServeRead", "a", state={"readIndex": None}),
    ),
    "nobody tells when a round begins, and what it answers": of_reads(
        *COMMITS, step("Read", "a"), *beat("a", "b", 1), step("ServeRead", "a"),
    ),
    "a follower reads": of_reads(
        *COMMITS, step("RequestReadIndex", "c", arguments={"peer": "a"}), takes("a", ASKS),
        *beat("a", "b", 1), step("AnswerReads", "a"),
        takes("c", message("ReadIndexResponse", "a", "c", 1, number=1, index=1), readIndex=1),
    ),
    "nobody tells that it asks": of_reads(
        *COMMITS, takes("a", ASKS), *beat("a", "b", 1),
        takes("c", message("ReadIndexResponse", "a", "c", 1, number=1, index=1), readIndex=1),
    ),
    "a leader is asked before it has committed": of_reads(
        step("Read", "a"), *COMMITS, *beat("a", "b", 1),
        step("AnswerReads", "a", arguments={"number": 1, "index": 1}),
    ),
    "two reads beside each other, and an answer to the round of the first": of_reads(
        *COMMITS, step("Read", "a", arguments={"number": 3}), *beat("a", "b", 1, False),
        step("Read", "a", arguments={"number": 4}), *beat("a", "c", 2, False),
        takes("a", message("HeartbeatResponse", "b", "a", 1, round=1)),
        step("AnswerReads", "a", arguments={"number": 3, "index": 1}),
        takes("a", message("HeartbeatResponse", "c", "a", 1, round=2)),
        step("AnswerReads", "a", arguments={"number": 4}),
        step("ServeRead", "a", arguments={"number": 3}),
    ),
    "a read of which nothing comes": of_reads(*COMMITS, step("Read", "a"), *beat("a", "b", 1)),
    "the log of a follower is missing": of_reads(
        *COMMITS, step("Read", "a"),
        takes("a", message("HeartbeatResponse", "c", "a", 1, round=1)),
        step("AnswerReads", "a"), unlogged=["c"],
    ),
    "a read by a clock of which no line tells": of_reads(
        *COMMITS, step("Read", "a"), step("AnswerReads", "a", arguments={"index": 1}),
        allowed=["TrustClock"],
    ),
    "a follower's, which comes twice": of_reads(
        *COMMITS, step("RequestReadIndex", "c", arguments={"peer": "a"}), takes("a", ASKS),
        step("AnswerReads", "a"), takes("a", ASKS), step("AnswerReads", "a"),
        takes("c", message("ReadIndexResponse", "a", "c", 1, number=1, index=1), readIndex=1),
        allowed=["TrustClock"],
    ),
    "a read by lease": log(
        *LEADS, *COMMITS, step("BeginRound", "a"), *beat("a", "b", 1),
        step("LeaseRead", "a", state={"readIndex": 1}), features=("ReadIndex", "Leases"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("lines", RIGHT.values(), ids=RIGHT)
def test_a_right_read_is_accepted(lines: list[Line], tmp_path: Path) -> None:
    verdict = verdict_on(lines, tmp_path)
    why = "" if verdict.outcome is not REFUSED else explained(verdict).why
    assert (verdict.outcome, why) == (ACCEPTED, "")


ANSWERS = step("AnswerReads", "a")
BY_CLOCK = {"allowed": ["TrustClock"]}
"""No line tells of the clocks by which a lease is kept."""
B_COMMITS = [
    step("Timeout", "b", state={"currentTerm": 2}),
    takes("c", message("RequestVoteRequest", "b", "c", 2), votedFor="b"),
    takes("b", message("RequestVoteResponse", "c", "b", 2), role="Leader"),
    step("ClientRequest", "b", state={"log": {"lastIndex": 2}}),
    step(
        "Send", "b", message=message(
            "AppendEntriesRequest", "b", "c", 2,
            prevLogIndex=0, prevLogTerm=0, entries=2, leaderCommit=0,
        ),
    ),
    takes("c", message("AppendEntriesRequest", "b", "c", 2), log={"lastIndex": 2}),
    takes("b", message("AppendEntriesResponse", "c", "b", 2, matchIndex=2), commitIndex=2),
]  # fmt: skip
"""Another leads, and the leader of before does not know of it."""
WRONG: dict[str, tuple[list[Line], str]] = {
    "no quorum": (
        of_reads(*COMMITS, step("Read", "a"), ANSWERS),
        "a answers a read, and nobody has acknowledged a round of heartbeats since it noted that, "
        "of 3 servers (6.4)",
    ),
    "a round of before": (
        of_reads(*COMMITS, *beat("a", "b", 1), step("Read", "a"), ANSWERS),
        "a answers a read, and nobody has acknowledged a round of heartbeats since it noted that, "
        "of 3 servers (6.4)",
    ),
    "nothing is committed": (
        of_reads(step("Read", "a"), *beat("a", "b", 1), ANSWERS),
        "a answers a read, and has committed nothing in term 1 (6.4)",
    ),
    "by a clock, and another has committed more": (
        of_reads(*COMMITS, *B_COMMITS, step("Read", "a"), ANSWERS, **BY_CLOCK),
        "a answers a read by its clock with index 1, and b has committed up to 2 by then (6.4.1)",
    ),
    "by a clock, with nothing committed": (
        of_reads(step("Read", "a"), ANSWERS, **BY_CLOCK),
        "a answers a read, and has committed nothing in term 1 (6.4)",
    ),
    "a lower index": (
        of_reads(
            *COMMITS, step("RequestReadIndex", "c", arguments={"peer": "a"}), takes("a", ASKS),
            *beat("a", "b", 1),
            step("Send", "a", message=message(
                "ReadIndexResponse", "a", "c", 1, number=1, index=0,
            )),
        ),
        "a answers a read of c with index 0, and had committed up to 1 when it noted that (6.4)",
    ),
    "served too early": (
        of_reads(
            *COMMITS, step("RequestReadIndex", "c", arguments={"peer": "a"}), takes("a", ASKS),
            *beat("a", "b", 1), ANSWERS,
            takes("c", message("ReadIndexResponse", "a", "c", 1, number=1, index=1)),
            step("ServeRead", "c", state={"commitIndex": 0}),
        ),
        "c serves a read of index 1, and has committed up to 0 (6.4)",
    ),
    "served unasked": (
        of_reads(*COMMITS, step("Read", "a"), step("ServeRead", "a")),
        "a serves a read of which it does not know the index (6.4)",
    ),
    "no lease": (
        log(
            *LEADS, *COMMITS, step("BeginRound", "a"), step("LeaseRead", "a"),
            features=("ReadIndex", "Leases"),
        ),
        "a reads by a lease, and nobody has acknowledged its round, of 3 servers (6.4.1)",
    ),
    "a lease that has ended": (
        log(
            *LEADS, *COMMITS, step("BeginRound", "a"), *beat("a", "b", 1),
            step("EndLease", "a"), step("LeaseRead", "a"), features=("ReadIndex", "Leases"),
        ),
        "a reads by a lease, and trusts in no round of heartbeats any more (6.4.1)",
    ),
    "a promise that ends too early": (
        log(
            *LEADS, *COMMITS, step("BeginRound", "a"), *beat("a", "b", 1),
            step("EndPromise", "b"), features=("ReadIndex", "Leases"), silent={"Send": 1},
        ),
        "the promise of b to a ends, and a still trusts in it (6.4.1)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "why"), WRONG.values(), ids=WRONG)
def test_a_wrong_read_is_refused_at_its_line(lines: list[Line], why: str, tmp_path: Path) -> None:
    verdict = verdict_on(lines, tmp_path)
    assert verdict.outcome is REFUSED
    assert explained(verdict).why == why
    assert verdict.line == len(lines)


BEATS_C = message("HeartbeatRequest", "a", "c", 1, round=7)
TWO_THINGS: dict[str, Line] = {
    "a heartbeat to itself": step("Heartbeat", "a", arguments={"peer": "a"}),
    "a heartbeat, and another of no round": step(
        "Heartbeat", "a", arguments={"peer": "b"}, sends=[BEATS_C],
    ),
    "a read that it asks itself for": step(
        "RequestReadIndex", "c", arguments={"peer": "c"}, sends=[ASKS],
    ),
    "a read of two numbers": step(
        "RequestReadIndex", "c", arguments={"peer": "a", "number": 2}, sends=[ASKS],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TWO_THINGS)
def test_a_line_that_says_two_things_is_refused(name: str, tmp_path: Path) -> None:
    """What it sends is held against it as well as what it names."""
    silent = {"Send": 1, "MoveNextIndex": 1}
    lines = of_reads(*COMMITS, step("BeginRound", "a"), TWO_THINGS[name], silent=silent)
    verdict = verdict_on(lines, tmp_path)
    assert (verdict.outcome, verdict.line) == (REFUSED, len(lines))
    right = {**TWO_THINGS[name], "arguments": {}, "sends": []}
    assert verdict_on([*lines[:-1], right], tmp_path).outcome is ACCEPTED


def test_leases_are_for_reads(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="Leases needs ReadIndex"):
        verdict_on(log(features=("Leases",)), tmp_path)


@pytest.mark.parametrize("features", [READS, LEASES], ids=["reads", "leases"])
@pytest.mark.parametrize("seed", range(2))
def test_a_fact_left_out_refuses_nothing(
    seed: int, features: tuple[Feature, ...], tmp_path: Path
) -> None:
    lines = whole(tmp_path, seed, 60, features)
    lines[0]["logged"] = "some"
    found = outcomes_without_facts(lines, seed, 8, tmp_path)
    assert found[REFUSED] == 0
    assert found[ACCEPTED] > found[INCONCLUSIVE]


# ---- What etcd's library does, as tests/peers/etcd has recorded it

RECORDING = RECORDED / "etcd_features" / "reads.ndjson"
BY_LEASE = RECORDED / "etcd_features" / "leases.ndjson"


etcd = partial(recordings.verdict_on, profile="etcd")


def lines_of_etcd(recording: Path = RECORDING) -> list[Line]:
    return lines_in(recording)


def test_the_reads_of_etcd_are_accepted(tmp_path: Path) -> None:
    verdict = etcd(lines_of_etcd(), tmp_path)
    assert verdict.outcome is ACCEPTED
    assert verdict.actions["AnswerRead"] >= 3
    assert {"ReadBeside", "AskAgain", "BeginRoundAs", "Heartbeat"} <= {*verdict.actions}


def test_what_nobody_calls_safe_is_not_judged(tmp_path: Path) -> None:
    config, *lines = lines_of_etcd()
    del config["config"]["ReadOnlyOption"]
    verdict = etcd([config, *lines], tmp_path)
    assert verdict.outcome is INCONCLUSIVE
    assert "knows nothing of a read" in verdict.reason


def test_its_reads_by_lease_are_held_to_what_is_committed(tmp_path: Path) -> None:
    verdict = etcd(lines_of_etcd(BY_LEASE), tmp_path)
    assert verdict.outcome is ACCEPTED
    assert verdict.actions["TrustClock"] >= 3
    config, *lines = lines_of_etcd(BY_LEASE)
    config["config"]["ReadOnlyOption"] = "ReadOnlySafe"
    verdict = etcd([config, *lines], tmp_path)
    assert verdict.outcome is REFUSED
    assert "answers a read" in explained(verdict).why


def test_a_read_by_lease_with_a_lower_index_is_refused(tmp_path: Path) -> None:
    verdict = etcd([lowered(line) for line in lines_of_etcd(BY_LEASE)], tmp_path)
    assert verdict.outcome is REFUSED
    assert "answers a read" in explained(verdict).why


def told(line: Line, name: str) -> Line:
    event: Line = line.get("event", {})
    return event if event.get("name") == name else {}


def lowered(line: Line) -> Line:
    event = told(line, "ReadState") or told(line, "SendReadIndexResponse")
    if "readIndex" in event.get("prop", {}):
        event["prop"]["readIndex"] -= 1
    elif event:
        event["msg"]["index"] -= 1
    return line


def without_answers(line: Line) -> Line | None:
    event = line.get("event", {})
    is_answer = (event.get("msg") or {}).get("type") == "MsgHeartbeatResp"
    return None if is_answer and event["name"].startswith("Receive") else line


BROKEN: dict[str, tuple[Callable[[Line], Line | None], str]] = {
    "the index is lower": (lowered, "when it noted that (6.4)"),
    "nobody has answered": (without_answers, "and nobody has acknowledged a round of heartbeats"),
}


@pytest.mark.parametrize(("broken", "why"), BROKEN.values(), ids=BROKEN)
def test_a_broken_copy_is_refused(
    broken: Callable[[Line], Line | None], why: str, tmp_path: Path
) -> None:
    lines = [line for each in lines_of_etcd() if (line := broken(each)) is not None]
    verdict = etcd(lines, tmp_path)
    assert verdict.outcome is REFUSED
    assert verdict.event is not None
    assert verdict.event.name in ("ReadState", "SendReadIndexResponse")
    assert why in explained(verdict).why


def test_lines_that_etcd_need_not_write_may_be_missing(tmp_path: Path) -> None:
    """What is forwarded and answered is told by who drives the library, not by itself."""
    draw, extra = random.Random(1), ("SendReadIndex", "ReadState", "ReceiveReadIndexResponse")
    for _ in range(3):
        lines = [
            line
            for line in lines_of_etcd()
            if line.get("event", {}).get("name") not in extra or draw.random() < 0.5
        ]
        assert etcd(lines, tmp_path).outcome is ACCEPTED
