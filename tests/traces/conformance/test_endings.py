"""A signal ends a hunt whatever it is at: with what was found by then, which is followed again.

In one process the signal comes at a request of a number; with processes, once a phase is reached.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from raft_ref.bugs import BUGS
from raft_ref.cli import main
from raft_ref.traces.conformance import ConformanceReport, FollowRequest, HuntRequest, schedule
from raft_ref.traces.conformance.adapter import Adapter, Reply, words_of
from raft_ref.traces.conformance.hunting.database import Database
from raft_ref.traces.conformance.hunting.findings import is_of
from raft_ref.traces.conformance.report import Conformance
from raft_ref.traces.conformance.run import Runner, following
from raft_ref.traces.conformance.schedule import Command, Schedule, as_written
from raft_ref.traces.profiles import PROFILES
from tests.cli.test_signals import until
from tests.support import processes
from tests.traces.conformance.test_conformance import REFERENCE, InProcess
from tests.traces.conformance.test_findings import FORGETS_ITS_VOTE

RAFT_REF, WHERE = PROFILES["raft-ref"], "raft_ref.traces.conformance"
TWO = Schedule(("s1", "s2"), (Command("Timeout", "s1"), Command("Restart", "s1")))


class Interrupted(InProcess):
    """A mutant that is asked for much; at requests of these numbers Ctrl-C comes."""

    def __init__(self, bug: str, at: set[int]) -> None:
        super().__init__(BUGS[bug].node)
        self.at, self.asked = at, 0

    def ask(self, request: Mapping[str, Any]) -> Reply:
        self.asked += 1
        if self.asked in self.at:
            raise KeyboardInterrupt
        return super().ask(request)


def make() -> Any:
    """Stand for the adapter, which is given otherwise."""


def hunted(
    monkeypatch: pytest.MonkeyPatch, bug: str, *at: int, **more: Any
) -> tuple[ConformanceReport, Interrupted]:
    """Return the report of a hunt that is interrupted while it settles what it found."""
    adapter, node = Interrupted(bug, {*at}), BUGS[bug].node
    monkeypatch.setattr(f"{WHERE}.driving.adapter_of", lambda *_, **__: adapter)
    monkeypatch.setattr(f"{WHERE}.hunting.jobs.adapter_of", lambda *_, **__: InProcess(node))
    return HuntRequest(make, RAFT_REF, seed=1, **more).run(), adapter


@pytest.mark.parametrize(
    ("at", "is_shrunk", "is_sought"),
    [(1, False, False), (30, False, False), (200, True, False), (2_000, True, True)],
    ids=["as it replays", "as it replays again", "as it shrinks", "as it is followed up"],
)
def test_an_interrupt_ends_whatever_is_done_with_a_finding(
    at: int, is_shrunk: bool, is_sought: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug = "match-index-moved-back"  # of which nothing comes
    report, adapter = hunted(monkeypatch, bug, at, tries=60, sought=10**6)
    (found,) = report.findings
    assert (report.is_interrupted, report.outcome) == (True, Conformance.REFUSED)
    assert (found.is_interrupted, found.is_cut_short, found.replays) == (True, True, True)
    assert ((found.shrunk_from or 0) > len(found.run.commands), found.sought > 0) == (
        is_shrunk, is_sought
    )  # fmt: skip
    # What it has come to was followed again twice, and nothing else was done.
    assert adapter.asked - at <= 2 * 61 + 2
    written = as_written(found.schedule)
    again = Runner(InProcess(BUGS[bug].node), RAFT_REF).run(
        written.servers, following(written.commands)
    )
    assert is_of(again, found.kind)


def test_what_is_interrupted_before_it_was_followed_again_is_no_verdict_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second signal ends that as well."""
    report, adapter = hunted(monkeypatch, "vote-not-persisted", 2, 5)
    (found,) = report.findings
    assert adapter.asked == 5
    assert (found.replays, report.outcome) == (None, Conformance.INCONCLUSIVE)
    assert found.reason == found.kind
    assert found.schedule.commands


@pytest.mark.long
def test_of_all_kinds_that_were_met_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    report, _ = hunted(monkeypatch, "server-wiped", 500, goes_on=True, runs=16)
    assert len(report.findings) > 1
    assert all(each.is_interrupted and each.replays for each in report.findings)
    report, _ = hunted(monkeypatch, "server-wiped", 2, 4, goes_on=True, runs=16)
    assert len(report.findings) > 1
    assert {each.replays for each in report.findings} == {None}


def test_an_interrupt_while_more_schedules_are_drawn_ends_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bug = "vote-not-persisted"
    hunts = iter([InProcess(BUGS[bug].node), Interrupted(bug, {100})])
    monkeypatch.setattr(f"{WHERE}.driving.adapter_of", lambda *_, **__: InProcess(BUGS[bug].node))
    monkeypatch.setattr(f"{WHERE}.hunting.jobs.adapter_of", lambda *_, **__: next(hunts))
    (found,) = HuntRequest(make, RAFT_REF, seed=1).run().findings
    assert (found.is_interrupted, found.replays, found.fatal) == (True, True, None)
    assert len(found.run.commands) < (found.shrunk_from or 0)


@pytest.mark.parametrize("at", [2, 7])
def test_an_interrupt_while_what_was_kept_is_followed(
    at: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As it is followed first, and as it is replayed; nothing of the folder is lost."""
    path = Database(tmp_path, words_of(make)).keep(FORGETS_ITS_VOTE, TWO, "")
    report, adapter = hunted(monkeypatch, "vote-not-persisted", at, database=tmp_path)
    assert (report.is_interrupted, adapter.asked, path.exists()) == (True, at, True)
    assert [(each.kept, each.replays) for each in report.findings] == [(path, None)][: at > 3]


def test_an_interrupt_while_scenarios_are_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "two.ndjson"
    schedule.write(TWO, path)
    for at, told in ((2, []), (5, [None])):
        adapter = Interrupted("vote-not-persisted", {at})
        monkeypatch.setattr(f"{WHERE}.driving.adapter_of", lambda *_, of=adapter, **__: of)
        report = FollowRequest(make, RAFT_REF, (path,)).run()
        assert report.is_interrupted
        assert [each.replays for each in report.findings] == told


def test_an_interrupt_leaves_no_adapter_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[subprocess.Popen[bytes]] = []
    wait = subprocess.Popen.wait

    def interrupted(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        closed.append(process)
        if len(closed) == 1:
            raise KeyboardInterrupt
        return wait(process, timeout)

    adapter = Adapter(["cat"])
    assert adapter.ask({"step": "Init", "servers": []}) == Reply((), ())
    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        adapter.close()
    assert closed[0].returncode == -signal.SIGKILL


# ---- Processes


def test_an_adapter_whose_answer_nobody_reads_ends_without_a_word() -> None:
    """As when the job that asked was killed."""
    begins = '{"step": "Init", "servers": ["s1"]}\n'
    assert processes.said_when_nobody_reads(shlex.split(REFERENCE), begins) == ""


HUNTS = {
    "as it shrinks": ("--shrink 1000000", "an interrupt came before a consequence was looked for"),
    "as it is followed up": ("--shrink 0 --consequence 1000000000", r"no consequence .* [1-9]"),
    "as two jobs hunt": ("--jobs 2 --shrink 1000000", "shrinking was cut short"),
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("phase", "number"),
    [*((phase, signal.SIGTERM) for phase in HUNTS), ("as it shrinks", signal.SIGINT)],
)
def test_a_signal_ends_a_hunt_with_a_finding(
    phase: str, number: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more, said = HUNTS[phase]
    found = tmp_path / "found.ndjson"
    bug = f"{REFERENCE} --bug match-index-moved-back"
    words = ["conform", "--cmd", bug, "--random", "--seed", "1", "--schedule", str(found)]
    hunting = processes.start(
        [*processes.COMMAND, *words, *more.split()], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    processes.let_work(hunting, 2)
    assert hunting.poll() is None
    hunting.send_signal(number)
    out, err = hunting.communicate(timeout=60)
    assert hunting.returncode == 1, (out, err)
    assert "Traceback" not in err
    assert out.startswith("REFUSED schedule"), out
    assert re.search(said, out), out
    again = next(line for line in out.splitlines() if line.startswith("to see it again: "))
    assert main(shlex.split(again)[5:]) == 1
    kind = next(line for line in out.splitlines() if line.startswith("kind: "))
    assert kind in capsys.readouterr().out


@pytest.mark.long
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["it alone", "its group"])
def test_a_signal_while_several_jobs_hunt_ends_them_all(
    send: Callable[[int, int], None], tmp_path: Path
) -> None:
    """`timeout` signals a command, and its group."""
    words = ["conform", "--cmd", REFERENCE, "--random", "--jobs", "2", "--runs", "100000", "--json"]
    hunting = processes.start(
        [*processes.COMMAND, *words, "--record", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not any(tmp_path.iterdir()):
        assert hunting.poll() is None
        time.sleep(0.1)
    send(hunting.pid, signal.SIGTERM)
    out, err = hunting.communicate(timeout=60)
    assert (hunting.returncode, err) == (3, "")
    assert json.loads(out)["verdict"] == "stopped"
    until(lambda: not processes.is_at_work(hunting))
