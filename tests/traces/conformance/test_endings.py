"""A signal ends a hunt whatever it is at: with what was found by then, which is followed again.

In one process the signal comes at a request of a number; with processes, once a phase is reached.
"""

import contextlib
import json
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from raft_ref.bugs import BUGS
from raft_ref.cli import main
from raft_ref.traces.conformance import ConformanceReport, FollowRequest, HuntRequest, schedule
from raft_ref.traces.conformance.adapter import Reply, words_of
from raft_ref.traces.conformance.hunting.database import Database
from raft_ref.traces.conformance.hunting.departures import kind
from raft_ref.traces.conformance.hunting.findings import is_of
from raft_ref.traces.conformance.report import Conformance
from raft_ref.traces.conformance.run import Runner, following
from raft_ref.traces.conformance.schedule import as_written
from raft_ref.traces.profiles import PROFILES
from tests.support import processes
from tests.traces.conformance.test_conformance import REFERENCE, InProcess
from tests.traces.conformance.test_findings import FORGETS_ITS_VOTE

RAFT_REF = PROFILES["raft-ref"]


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
    adapter = Interrupted(bug, {*at})
    where = "raft_ref.traces.conformance"
    monkeypatch.setattr(f"{where}.driving.adapter_of", lambda *_, **__: adapter)
    monkeypatch.setattr(f"{where}.hunting.jobs.adapter_of", lambda *_, **__: InProcess(BUGS[bug].node))
    return HuntRequest(make, RAFT_REF, seed=1, **more).run(), adapter


@pytest.mark.parametrize(
    ("at", "is_shrunk", "is_sought"),
    [(1, False, False), (30, False, False), (200, True, False), (3_000, True, True)],
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
