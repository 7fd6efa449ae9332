"""What a history forbids is a step of no behaviour, whoever searches."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from raft_ref.explorer import (
    FORBIDDEN,
    Bounds,
    Disk,
    EngineName,
    Property,
    Report,
    System,
    Verdict,
    WalkLimits,
    random_search,
    search,
)
from tests import toys
from tests.support.reports import content

SERVERS = ("s1", "s2", "s3")
ALIKE = Property("NeverFarAhead", lambda view: _spread(view.states.values()) <= 1)


def _spread(states: Any) -> int:
    said: list[int] = [state.said for state in states]
    return max(said) - min(said)


class InStep:
    """Assumes that nobody says two things more than another, as clocks that drift little."""

    name = "said"
    initial = (0, 0, 0)

    def observe(self, history: tuple[int, ...], before: Any, after: Any) -> Any:
        at = SERVERS.index(after.me)
        said = (*history[:at], after.said, *history[at + 1 :])
        return FORBIDDEN if max(said) - min(said) > 1 else said

    def rename(self, history: tuple[int, ...], renaming: Mapping[str, str]) -> tuple[int, ...]:
        places = {renaming[server]: at for at, server in enumerate(SERVERS)}
        return tuple(history[places[server]] for server in SERVERS)


def system(history: Any = None) -> System:
    bounds = Bounds(3, 1, 0, 0, measures={"max_said": 2})
    return System(toys.Counting(SERVERS), SERVERS, bounds, history=history)


def searched(engine: EngineName, history: Any = None) -> Report:
    return search(system(history), [ALIKE], True, engine=engine)


@pytest.mark.parametrize("engine", ["plain", "native"])
def test_no_step_that_is_forbidden_is_taken(engine: EngineName) -> None:
    assert searched(engine).verdict is Verdict.VIOLATED
    report = searched(engine, InStep())
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert content(report) == content(searched("plain", InStep()))


def test_at_random() -> None:
    limits = WalkLimits("plain"), WalkLimits("native")
    walks = [random_search(system(InStep()), [ALIKE], 1, 20, 100, limits=each) for each in limits]
    assert [walk.found for walk in walks] == [None, None]
    plain, native = (replace(walk.report, seconds=0, engine="") for walk in walks)
    assert plain == native


def test_on_disk(tmp_path: Any) -> None:
    report = search(system(InStep()), [ALIKE], True, disk=Disk(tmp_path))
    assert report.distinct_states == searched("plain", InStep()).distinct_states
