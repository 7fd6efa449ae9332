"""Runs with features, each broken in one way: refused at the line that tells it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from raft_ref.features import Feature
from raft_ref.traces.validation.verdict import Outcome
from tests.support.extended_schedules import JUDGED, recorded
from tests.support.recordings import Line, lines_of, verdict_on

MEMBERSHIP = (Feature.MEMBERSHIP,)
JOINT = (Feature.MEMBERSHIP, Feature.JOINT_CONSENSUS)
APPLIED = (Feature.MEMBERSHIP, Feature.APPLIED_MEMBERSHIP)
Break = Callable[[list[Line], int], bool]
"""Breaks a run at a line; says whether there was anything to break."""


def told(name: str, change: Callable[[Any], Any], step: str = "") -> Break:
    """Change what a line says of a variable, if that makes it another."""

    def apply(lines: list[Line], place: int) -> bool:
        line = lines[place]
        changes = line.get("changes", {})
        if name not in changes or step not in ("", line["step"]):
            return False
        was, changes[name] = changes[name], change(changes[name])
        return bool(changes[name] != was)

    return apply


def untold(name: str, value: Any, step: str) -> Break:
    """Leave out that a step has made this of a variable."""

    def apply(lines: list[Line], place: int) -> bool:
        changes = lines[place].get("changes", {})
        return (
            lines[place]["step"] == step
            and changes.get(name) == value
            and bool(changes.pop(name) or True)
        )

    return apply


def of_message(part: str, kind: str, name: str, change: Callable[[Any], Any]) -> Break:
    """Change a field of what is received (`message`), or of the first that is sent (`sends`)."""

    def apply(lines: list[Line], place: int) -> bool:
        found = lines[place].get(part) or {}
        message = found[0] if isinstance(found, list) else found
        if message.get("type") != kind or lines[place]["step"] == "DropMessage":
            return False
        was = message.get(name, False)  # a mark that is not there is none
        message[name] = change(was)
        return bool(message[name] != was)

    return apply


def adopts_the_term_asked(lines: list[Line], place: int) -> bool:
    line = lines[place]
    if line["step"] != "Receive" or line["message"]["type"] != "PreVoteRequest":
        return False
    line["changes"]["currentTerm"] = line["message"]["term"]
    return True


def to_another(lines: list[Line], place: int) -> bool:
    """Let another server be told to stand than the one that is to lead."""
    line = lines[place]
    if line["step"] != "TimeoutNow" or not line["sends"]:
        return False
    message = line["sends"][0]
    names = {*lines[0]["servers"]} - {message["source"], message["dest"]}
    message["dest"] = sorted(names)[0]
    return True


def left_early(lines: list[Line], place: int) -> bool:
    """Let C_old,new be left as soon as it is entered."""
    entered = lines[place]
    if entered["step"] != "EnterJoint":
        return False
    for later in range(place + 1, len(lines)):
        line = lines[later]
        if (line["step"], line.get("server")) == ("LeaveJoint", entered["server"]):
            lines.insert(place + 1, lines.pop(later))
            return later > place + 1
    return False


def of_last_entry(change: Callable[[Any], Any]) -> Break:
    """Change the configuration that a leader appends."""

    def apply(lines: list[Line], place: int) -> bool:
        log = lines[place].get("changes", {}).get("log")
        changes = ("AddServer", "RemoveServer", "AddLearner", "PromoteLearner", "EnterJoint")
        if not log or lines[place]["step"] not in changes:
            return False
        log[-1] = {**log[-1], "value": change(log[-1]["value"])}
        return True

    return apply


def asked_twice(lines: list[Line], place: int) -> bool:
    """Let a leader begin the same change once more."""
    if lines[place]["step"] not in ("AddServer", "RemoveServer"):
        return False
    lines.insert(place + 1, lines[place])
    return True


def less(number: Any) -> Any:
    return number - 1 if isinstance(number, int) and number else number


def everybody(servers: Sequence[str]) -> list[str]:
    return ["s1", "s2", "s3"]


BROKEN: dict[str, tuple[Sequence[Feature], Break]] = {
    "a pre-vote that was refused is given": (
        (Feature.PRE_VOTE,),
        of_message("sends", "PreVoteResponse", "voteGranted", lambda given: True),
    ),
    "a pre-vote is given for another term": (
        (Feature.PRE_VOTE,), of_message("sends", "PreVoteResponse", "term", lambda term: term + 1),
    ),
    "the term asked for begins": ((Feature.PRE_VOTE,), adopts_the_term_asked),
    "pre-votes of all": ((Feature.PRE_VOTE,), told("preVotesGranted", everybody)),
    "who has not answered was heard": (
        (Feature.CHECK_QUORUM,), told("heardFrom", everybody, "Receive"),
    ),
    "a leader leads on alone": (
        (Feature.CHECK_QUORUM,), untold("role", "Follower", "CheckQuorum"),
    ),
    "another is told to stand": ((Feature.LEADERSHIP_TRANSFER,), to_another),
    "a vote is asked for with no mark": (
        (Feature.LEADERSHIP_TRANSFER,),
        of_message("sends", "RequestVoteRequest", "isForced", lambda mark: not mark),
    ),
    "a read is answered with less": (
        JUDGED, of_message("sends", "ReadIndexResponse", "index", less),
    ),
    "an earlier commit index is noted": (
        JUDGED, told("pendingReads", lambda reads: [{**e, "index": e["index"] - 1} for e in reads]),
    ),
    "a read waits for less": (JUDGED, told("readIndex", less)),
    "another round is acknowledged": (
        JUDGED, of_message("message", "HeartbeatResponse", "round", lambda number: number + 1),
    ),
    "all acknowledge": (JUDGED, told("roundAcks", everybody)),
    "a lease is kept too long": (JUDGED, untold("isTrusting", False, "EndLease")),
    "a lease is not given up": (JUDGED, untold("isLeaseGivenUp", True, "TimeoutNow")),
    "a promise is of an earlier round": (
        JUDGED, told("promise", lambda kept: kept and {**kept, "round": kept["round"] - 1}),
    ),
    "another configuration is appended": (
        MEMBERSHIP, of_last_entry(lambda value: {**value, "voters": ["s1", "s2", "s3"][::-1][:1]}),
    ),
    "nothing is appended that changes": (MEMBERSHIP, of_last_entry(lambda value: "v")),
    "a change begins while one is open": (MEMBERSHIP, asked_twice),
    "C_old,new is left early": (JOINT, left_early),
    "what is not committed is applied": (
        APPLIED, told("configurationIndex", lambda index: index + 1, "ApplyConfiguration"),
    ),
}  # fmt: skip


def broken(name: str, folder: Path) -> tuple[list[Line], int]:
    """Return a run that is broken in such a way, and at which of its lines."""
    features, change = BROKEN[name]
    for seed in range(12):
        lines = lines_of(recorded(seed, 150, features), folder)
        for place in range(1, len(lines)):
            if change(lines, place):
                return lines, place
    raise AssertionError(f"nothing to break: {name}")


@pytest.mark.long
@pytest.mark.parametrize("name", BROKEN)
def test_a_run_that_is_broken_is_refused(name: str, tmp_path: Path) -> None:
    lines, place = broken(name, tmp_path)
    verdict = verdict_on(lines, tmp_path)
    assert verdict.outcome is Outcome.REFUSED
    # Of two lines that are put beside each other it is the second.
    assert verdict.line in (place + 1, place + 2)
