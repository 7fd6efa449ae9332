"""What etcd's library does with its features on, as tests/peers/etcd has recorded it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from raft_ref.traces.validation.refusals.refusal import explained
from raft_ref.traces.validation.verdict import Outcome
from tests.support import recordings
from tests.support.files import RECORDED
from tests.support.recordings import Line, lines_in

FOLDER = RECORDED / "etcd_features"
ACTIONS = {
    "pre-vote": {"RequestPreVotes", "MissLeader"},
    "check-quorum": {"Timeout"},
    "transfer": {"TransferLeadership", "TellToStand"},
    "all": {"RequestPreVotes", "TellToStand"},
}
"""What a trace shows, among other things."""


def lines_of(name: str) -> list[Line]:
    return lines_in(FOLDER / f"{name}.ndjson")


verdict_on = partial(recordings.verdict_on, profile="etcd")


@pytest.mark.parametrize("name", ACTIONS)
def test_what_etcd_does_is_accepted(name: str, tmp_path: Path) -> None:
    verdict = verdict_on(lines_of(name), tmp_path)
    assert verdict.outcome is Outcome.ACCEPTED
    assert ACTIONS[name] <= {*verdict.actions}


def test_without_its_configuration_nothing_is_known_of_features(tmp_path: Path) -> None:
    lines = [line for line in lines_of("pre-vote") if line["tag"] != "config"]
    with pytest.raises(Exception, match='"name" must be one of'):
        verdict_on(lines, tmp_path)


def event_of(line: Line) -> Line:
    event: Line = line.get("event", {})
    return event


def without(name: str) -> Callable[[Line], Line | None]:
    return lambda line: None if event_of(line).get("name") == name else line


def refused(line: Line) -> Line:
    """Return a line in which every pre-vote is refused."""
    message = event_of(line).get("msg") or {}
    if message.get("type") == "MsgPreVoteResp":
        message["reject"] = True
    return line


STANDS = "of 3 servers, and was not told to stand (9.6)"
BROKEN: dict[str, tuple[str, Callable[[Line], Line | None], str, str]] = {
    "no answer arrives": ("pre-vote", without("ReceivePreVoteResponse"), "BecomeCandidate", STANDS),
    "no is said": ("pre-vote", refused, "BecomeCandidate", STANDS),
    "nobody is told to stand": (
        "all", without("ReceiveTimeoutNowRequest"), "BecomeCandidate", STANDS,
    ),
    "nobody is sent word to stand": (
        "transfer", without("SendTimeoutNowRequest"), "ReceiveTimeoutNowRequest", "TimeoutNow",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "broken", "at", "why"), BROKEN.values(), ids=BROKEN)
def test_a_broken_copy_is_refused(
    name: str, broken: Callable[[Line], Line | None], at: str, why: str, tmp_path: Path
) -> None:
    lines = [line for each in lines_of(name) if (line := broken(each)) is not None]
    verdict = verdict_on(lines, tmp_path)
    assert verdict.outcome is Outcome.REFUSED
    assert verdict.event is not None
    assert verdict.event.name == at
    assert why in explained(verdict).why


def test_who_is_behind_is_not_told_to_stand(tmp_path: Path) -> None:
    """The leader tells the one of which it has heard nothing, and not the one that it asked."""
    lines = lines_of("transfer")
    for line in lines:
        event = event_of(line)
        if event.get("name") == "SendTimeoutNowRequest":
            event["msg"]["to"] = ({"1", "2", "3"} - {event["nid"], event["msg"]["to"]}).pop()
            event["log"] += 1
            break
    verdict = verdict_on(lines, tmp_path)
    assert verdict.outcome is Outcome.REFUSED
