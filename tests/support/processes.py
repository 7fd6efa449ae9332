"""Processes that tests start: they can be interrupted, and they end with the test.

In a background job of a shell SIGINT is ignored from the start, and whatever is started there
inherits that. So the tests have Python's own handler again (see tests/conftest.py), and with it all
that they start.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-c", "import sys; from raft_ref.cli import main; sys.exit(main())"]
"""What runs `raft-ref`, whatever is on the path."""

_started: list["subprocess.Popen[Any]"] = []
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_libc = ctypes.CDLL(None)


def can_be_interrupted() -> None:
    """Let SIGINT interrupt this process, and what it starts, if it was ignored from the start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def start(
    command: Sequence[str | Path],
    *,
    text: bool = True,
    ignoring: Sequence[signal.Signals] = (),
    limited: Callable[[], None] = lambda: None,
    **options: Any,
) -> "subprocess.Popen[Any]":
    """Start a process, in a group of its own, that is killed with its group after the test.

    Arguments: the command; whether its pipes carry text; signals that it ignores from the start;
    what it does before the command begins; the other options of `subprocess.Popen`.
    """
    tests = os.getpid()

    def prepare() -> None:
        for number in ignoring:
            signal.signal(number, signal.SIG_IGN)
        if sys.platform == "linux":
            _libc.prctl(_END_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != tests:
            os.kill(os.getpid(), signal.SIGKILL)  # the tests ended meanwhile
        limited()

    process = subprocess.Popen(
        command,
        text=text,
        start_new_session=True,
        preexec_fn=prepare,  # noqa: PLW1509  # it takes no lock that a thread of pytest's may hold
        **options,
    )
    _started.append(process)
    return process


def said_when_nobody_reads(adapter: Sequence[str], request: str) -> str:
    """Return what an adapter says on standard error whose answer nobody reads."""
    reads, writes = os.pipe()
    os.close(reads)
    process = start(adapter, stdin=subprocess.PIPE, stdout=writes, stderr=subprocess.PIPE)
    os.close(writes)
    return str(process.communicate(request, timeout=60)[1])


def let_work(process: "subprocess.Popen[Any]", seconds: float) -> None:
    """Wait until a process has worked for so long by the processor's clock, or has ended.

    So it is as far whatever else the machine does.
    """
    ticks = os.sysconf("SC_CLK_TCK")
    while process.poll() is None:
        # What stands in parentheses, the program's name, may have spaces in it.
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        if (int(fields[11]) + int(fields[12])) / ticks >= seconds:
            return
        time.sleep(0.05)


def let_start(process: "subprocess.Popen[Any]") -> None:
    """Wait until a process has started another one, or has ended."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and not children.read_text():
        time.sleep(0.05)


def is_at_work(process: "subprocess.Popen[Any]") -> bool:
    """Tell whether anything is left of a process that was waited for, or of what it started."""
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def end_all() -> None:
    """Kill whatever is left of the processes that were started, and what they started."""
    while _started:
        process = _started.pop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
