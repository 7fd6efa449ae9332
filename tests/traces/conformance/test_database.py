"""What a hunt has found is kept, followed first the next time, and removed once it is mended."""

import sys
import time
from pathlib import Path

import pytest

from raft_ref.traces.conformance import Conformance, HuntRequest
from raft_ref.traces.conformance.hunting.database import Database
from raft_ref.traces.conformance.schedule import Command, Schedule, read
from raft_ref.traces.profiles import profile_of

REFERENCE = (sys.executable, "-m", "raft_ref.traces.conformance.reference")
FORGETS_ITS_VOTE = "Restart: RestartAt differs in votedFor"
TWO = Schedule(("s1", "s2"), (Command("Timeout", "s1"), Command("Restart", "s1")))


def hunt(
    folder: Path, *command: str, runs: int = 8, seconds: float | None = None, known: str = ""
) -> HuntRequest:
    return HuntRequest(
        command, profile_of("raft-ref"), seed=1, runs=runs, tries=0, sought=0, seconds=seconds,
        database=folder, known=frozenset({known}),
    )  # fmt: skip


def test_of_each_kind_one_schedule_is_kept(tmp_path: Path) -> None:
    database, other = Database(tmp_path, ["a"]), Database(tmp_path, ["b"])
    path = database.keep("Restart: differs in votedFor", TWO, "a")
    assert database.keep("Restart: differs in votedFor", TWO, "a") == path
    second = database.keep("Restart: differs in log", TWO, "a")
    assert database.entries() == sorted([path, second])
    assert other.entries() == []
    assert [each.step for each in read(path).commands] == ["Timeout", "Restart"]
    Database.remove(path)
    assert database.entries() == [second]


@pytest.mark.long
def test_what_is_mended_is_removed(tmp_path: Path) -> None:
    path = Database(tmp_path, REFERENCE).keep("Restart: differs in votedFor", TWO, "")
    report = hunt(tmp_path, *REFERENCE).run()
    assert [(each.path, each.fails) for each in report.replayed] == [(path, False)]
    assert report.runs == 8
    assert not path.exists()


@pytest.mark.long
def test_what_is_known_by_now_is_kept(tmp_path: Path) -> None:
    """The spec goes on behind it; that is not mended."""
    command = (*REFERENCE, "--bug", "vote-not-persisted")
    path = Database(tmp_path, command).keep(FORGETS_ITS_VOTE, TWO, "")
    report = hunt(tmp_path, *command, runs=1, known=FORGETS_ITS_VOTE).run()
    assert [(each.path, each.fails) for each in report.replayed] == [(path, True)]
    assert (report.findings, report.runs, path.exists()) == ([], 1, True)


@pytest.mark.long
def test_what_fails_still_ends_the_hunt_before_it_begins(tmp_path: Path) -> None:
    command = (*REFERENCE, "--bug", "vote-not-persisted")
    path = Database(tmp_path, command).keep("Restart: differs in votedFor", TWO, "")
    report = hunt(tmp_path, *command).run()
    assert (report.outcome, report.runs) == (Conformance.REFUSED, 0)
    assert report.worst is not None
    assert report.worst.kept == path
    assert path.exists()


@pytest.mark.long
def test_what_is_found_is_kept(tmp_path: Path) -> None:
    command = (*REFERENCE, "--bug", "vote-not-persisted")
    report = hunt(tmp_path, *command).run()
    assert report.worst is not None
    assert Database(tmp_path, command).entries() == [report.worst.kept]


@pytest.mark.long
def test_a_hunt_may_last_for_a_time(tmp_path: Path) -> None:
    started = time.monotonic()
    report = hunt(tmp_path, *REFERENCE, runs=10**6, seconds=2).run()
    assert time.monotonic() - started < 60
    assert report.runs == report.of_runs > 0
    assert report.outcome is not Conformance.STOPPED
