"""Where SIGINT is ignored from the start, as in a background job, SIGTERM ends every command.

It does so as an interrupt does elsewhere: with a report of what was covered and exit code 3, and
nothing that the command has started is left at work. A server stops, and was asked for no more.
"""

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from raft_ref.traces import write
from tests.support import processes
from tests.support.files import ROOT
from tests.support.schedules import recorded


class Case(NamedTuple):
    """A command that takes long, what it shows once it is at work, and how it ends."""

    command: str
    shown: str
    printed: str
    code: int = 3
    on_terminal: bool = False


STATES = r"[1-9][\d,]* states"
STEPS = r"[1-9][\d,]* steps"
BAR = r"\d+/\d+|\d+%"

CASES = {
    "check": Case("check --max-messages 5 --max-log 2", STATES, "INCOMPLETE"),
    "check --engine plain": Case("check --engine plain", STATES, "INCOMPLETE"),
    "check --random": Case("check --random --runs 1000000", STEPS, "INCOMPLETE: stopped in walk"),
    "check --conjuncts": Case("check --conjuncts", STATES, "INCOMPLETE"),
    "bugs": Case("bugs", STATES, "found in .* s; interrupted, .* not searched"),
    "spec check": Case("spec check MCRAFT", STATES, "INCOMPLETE"),
    "spec check --tlc": Case("spec check MCRAFT --tlc", STATES, ""),
    "prove": Case("prove", r"[1-9]\d*/\d+", "interrupted"),  # a question is answered
    "prove --bounded": Case("prove --bounded 100", STEPS, "INCOMPLETE"),
    "validate": Case("validate LARGE", BAR, "0 of 1 traces: none; interrupted, 1 not judged"),
    "validate of several": Case("validate PIPE LARGE", BAR, "0 of 2 traces.*2 not judged"),
    "generate": Case("generate -o NEW --cover transitions --max-messages 4", STATES, ""),
    "conform --random": Case("conform --cmd REFERENCE --random --runs 1000000", STEPS, "STOPPED"),
    "demo": Case("demo", "leads", "", on_terminal=True),
    "serve": Case("serve --bootstrap --id 1 --peers PEERS --data NEW", "listens", "", 0),
}


# One of each way of working: a search here, in threads, in processes; a command that goes on with
# the next; a loop of events.
QUICK = {"check", "check --random", "bugs", "prove", "validate of several", "serve"}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a trace that takes seconds to be judged."""
    path = tmp_path_factory.mktemp("large") / "large.ndjson"
    write(recorded(1, 3_000), path)
    return path


def until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something; fail if it takes too long."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long]) for name in CASES],
)
def test_sigterm_ends_it_where_sigint_is_ignored(name: str, large: Path, tmp_path: Path) -> None:
    case = CASES[name]
    meant = {
        "MCRAFT": str(ROOT / "spec" / "MCRaft.tla"),
        "LARGE": str(large),
        "PIPE": str(tmp_path / "pipe"),
        "NEW": str(tmp_path / "new"),
        "PEERS": f"1=unix:{tmp_path}/1.sock,2=unix:{tmp_path}/2.sock",
        "REFERENCE": f"{shlex.quote(sys.executable)} -m raft_ref.traces.conformance.reference",
    }
    words = [meant.get(word, word) for word in case.command.split()]
    os.mkfifo(tmp_path / "pipe")
    ours, theirs = pty.openpty()
    process = processes.start(
        [*processes.COMMAND, *words],
        stdin=theirs if case.on_terminal else subprocess.DEVNULL,
        stdout=theirs if case.on_terminal else subprocess.PIPE,
        stderr=theirs,
        ignoring=[signal.SIGINT],
    )
    os.close(theirs)
    shown = b""
    while not re.search(case.shown.encode(), shown):
        assert select.select([ours], [], [], 60)[0], shown
        shown += os.read(ours, 65536)
    # A worker reads the pipe from here on.
    pipe = os.open(tmp_path / "pipe", os.O_WRONLY) if "PIPE" in case.command else None
    process.send_signal(signal.SIGINT)  # in vain
    process.send_signal(signal.SIGTERM)
    out = process.communicate(timeout=60)[0] or ""
    for each in (ours, pipe):
        if each is not None:
            os.close(each)
    assert process.returncode == case.code
    assert re.search(case.printed, out)
    assert b"Traceback" not in shown
    until(lambda: not processes.is_at_work(process))


@pytest.mark.parametrize("command", ["check", "prove --processes 2"])
def test_what_a_command_has_started_ends_with_it_when_it_is_killed(command: str) -> None:
    process = processes.start(
        [*processes.COMMAND, *command.split()],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    processes.let_start(process)
    time.sleep(1)
    process.kill()
    process.wait()
    for _ in range(100):
        if not processes.is_at_work(process):
            break
        time.sleep(0.1)
    assert not processes.is_at_work(process)
