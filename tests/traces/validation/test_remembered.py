"""What is remembered of other traces changes no verdict."""

from pathlib import Path
from typing import Any

import pytest

from raft_ref.bugs import BUGS
from raft_ref.node import Node
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.following import Following, Rules
from raft_ref.traces.validation.lines.profile import Lines
from raft_ref.traces.validation.rules.invariants import Invariants
from raft_ref.traces.validation.rules.protocol import Protocol
from raft_ref.traces.validation.verdict import Outcome
from tests.support.recordings import Line, lines_of
from tests.support.schedules import recorded

NAMES = ("s1", "s2", "s3")


def found(lines: list[Line], rules: Rules) -> tuple[Any, ...]:
    following = Following(Path("trace"), PROFILES["raft-ref"](Lines(lines)), rules)
    verdict = following.to_the_end()
    said = verdict.outcome, verdict.line, verdict.reason, verdict.lines
    return said, verdict.actions, verdict.checked, following.states


@pytest.mark.long
def test_a_trace_is_judged_as_if_it_were_the_first(tmp_path: Path) -> None:
    plain, kept = Rules(NAMES), Rules(NAMES, is_kept=True)
    outcomes = set()
    for node in (
        Node,
        BUGS["vote-forgotten-in-same-term"].node,
        BUGS["log-not-compared-before-vote"].node,
    ):
        for seed in range(3):
            lines = lines_of(recorded(seed, 80, node=node), tmp_path)
            alone = found(lines, plain)
            outcomes.add(alone[0][0])
            for _ in range(2):
                (said, *rest), (as_said, *as_rest) = found(lines, kept), alone
                assert said == as_said
                # The logs of each are its own, so that states are compared by what they show.
                assert rest[:2] == as_rest[:2]
                assert repr(rest[2]) == repr(as_rest[2])
    assert outcomes == {Outcome.ACCEPTED, Outcome.REFUSED}


def test_what_is_known_is_not_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules, lines = Rules(NAMES, is_kept=True), lines_of(recorded(1, 60), tmp_path)
    once = found(lines, rules)
    monkeypatch.setattr(Protocol, "take", None)
    monkeypatch.setattr(Invariants, "broken", None)
    assert found(lines, rules)[:3] == once[:3]
