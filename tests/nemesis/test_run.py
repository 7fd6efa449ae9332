"""A short run, in which disks are damaged more often than in others."""

import asyncio
from pathlib import Path

import pytest

from raft_ref.server.disk import journal
from tests.nemesis.run import Nemesis


@pytest.mark.long
@pytest.mark.parametrize("seconds", [8.0, pytest.param(60.0, marks=pytest.mark.deep)])
def test_nothing_is_lost_in_a_short_run(seconds: float, tmp_path: Path) -> None:
    nemesis = Nemesis(tmp_path, 1)
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
