"""What raft-rs does with its features on, as hunts by tests/peers/rust/raft-rs have recorded it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.refusals.refusal import explained
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support import recordings
from tests.support.files import RECORDED
from tests.support.recordings import Line, lines_in

FOLDER = RECORDED / "raft_rs_features"
ACTIONS = {
    "pre-vote": {"RequestPreVotes", "GrantInSpiteOfLeader", "Timeout"},
    "check-quorum": {"CheckQuorum", "MissLeader", "Timeout"},
    "transfer": {"TransferLeadership", "ChangeTarget", "TellToStand", "AbortTransfer"},
    "reads": {"ReadBeside", "RequestBeside", "BeginRoundAs", "Heartbeat", "AnswerRead"},
    "leases": {"ReadBeside", "RequestBeside", "TrustClock", "AnswerRead", "CheckQuorum"},
}
"""What a trace shows, among other things."""

Change = Callable[[list[Line]], int]
"""Breaks the lines, and returns the place of the one that is to be refused."""


def lines_of(name: str) -> list[Line]:
    return lines_in(FOLDER / f"{name}.ndjson")


verdict_on = partial(recordings.verdict_on, profile="raft-ref")


@pytest.mark.parametrize("name", ACTIONS)
def test_what_raft_rs_does_is_accepted(name: str) -> None:
    verdict = validate(FOLDER / f"{name}.ndjson", PROFILES["raft-ref"])
    assert verdict.outcome is Outcome.ACCEPTED
    assert ACTIONS[name] <= {*verdict.actions}


def kind_of(line: Line) -> str:
    return str(line.get("message", {}).get("type"))


def first(lines: list[Line], step: str, of: str = "", **arguments: Any) -> int:
    """Return the place of the first such step, about a message of a type if one is named."""
    return next(
        place
        for place, line in enumerate(lines)
        if line.get("step") == step
        and (not of or kind_of(line) == of)
        and arguments.items() <= line.get("arguments", {}).items()
    )


def without_answers(kind: str, step: str) -> Change:
    """Return what leaves out such answers, without which the first such step is none."""

    def change(lines: list[Line]) -> int:
        lines[:] = [
            line for line in lines if line.get("step") != "Receive" or kind_of(line) != kind
        ]
        return first(lines, step)

    return change


def leads_on(lines: list[Line]) -> int:
    """Let a leader of whom no majority has heard stay one."""
    place = next(
        place
        for place, line in enumerate(lines)
        if line.get("step") == "CheckQuorum" and line["state"]["role"] == "Follower"
    )
    lines[place]["state"]["role"] = "Leader"
    return place


def tells_who_is_behind(lines: list[Line]) -> int:
    """Let a leader tell the other one to stand, of whom it knows that its log is shorter."""
    known: dict[str, Line] = {}
    for place, line in enumerate(lines[1:], 1):
        known[line["server"]] = line.get("state", known.get(line["server"], {}))
        state = known[line["server"]]
        if line["step"] != "Send" or kind_of(line) != "TimeoutNowRequest":
            continue
        (other,) = {*state["matchIndex"]} - {line["message"]["dest"]}
        last = state["snapshot"]["lastIncludedIndex"] + len(state["log"])
        if state["matchIndex"][other] < last:
            line["message"]["dest"] = other
            return place
    raise AssertionError


def of_another_index(lines: list[Line]) -> int:
    place = first(lines, "AnswerReads")
    lines[place]["arguments"]["index"] += 1
    return place


def without_trust(lines: list[Line]) -> int:
    """Do not say in the header that a clock is trusted in."""
    lines[0]["allowed"].remove("TrustClock")
    return first(lines, "AnswerReads")


ALONE = "nobody has acknowledged a round of heartbeats since it noted that"
BROKEN: dict[str, tuple[str, Change, str]] = {
    "no answer arrives": (
        "pre-vote", without_answers("PreVoteResponse", "Timeout"), "was not told to stand (9.6)",
    ),
    "it leads on without a quorum": (
        "check-quorum", leads_on, "leads on, and nobody has answered it",
    ),
    "who is behind is told to stand": (
        "transfer", tells_who_is_behind, "whose log is known to match up to",
    ),
    "nobody is told to follow": (
        "reads", without_answers("HeartbeatResponse", "AnswerReads"), ALONE,
    ),
    "it answers with another index": ("reads", of_another_index, "index"),
    "its clock is not to be trusted": ("leases", without_trust, ALONE),
}  # fmt: skip


@pytest.mark.parametrize(("name", "broken", "why"), BROKEN.values(), ids=BROKEN)
def test_a_broken_copy_is_refused_at_its_line(
    name: str, broken: Change, why: str, tmp_path: Path
) -> None:
    lines = lines_of(name)
    place = broken(lines)
    verdict = verdict_on(lines, tmp_path)
    assert (verdict.outcome, verdict.line) == (Outcome.REFUSED, place + 1)
    assert why in explained(verdict).why
