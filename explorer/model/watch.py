"""Calls of the user's code that do not end, noticed and told.

A search waits for each answer of a node. One that loops is interrupted, and becomes an `ActorError`
like any other fault; one that sleeps, or waits in C, cannot be, and whoever started the watch says
what becomes of the process.
"""

import ctypes
import sys
import threading
import time
from collections.abc import Callable

from raft_ref.explorer.model import actor
from raft_ref.explorer.model.actor import Call, DoesNotEnd, running

LIMIT = 10.0
"""How many seconds one call may last."""

_PATIENCE = 2.0
_GUARDED = actor.__file__
_NAME = "watch of calls"


def watch(give_up: Callable[[str], None], limit: float = LIMIT) -> None:
    """Watch the calls of this process from now on, in a thread of their own; once is enough.

    `give_up` is called with a line that names the call where it cannot be interrupted.
    """
    if all(thread.name != _NAME for thread in threading.enumerate()):
        threading.Thread(target=_look, args=(give_up, limit), daemon=True, name=_NAME).start()


def _look(give_up: Callable[[str], None], limit: float) -> None:
    interrupted: Call | None = None
    while True:
        time.sleep(min(1.0, limit / 4))
        try:
            last = running[-1]
        except IndexError:
            continue
        lasted = time.monotonic() - last.since
        if lasted < limit or not _is_within(last):
            continue
        if last is not interrupted:
            interrupted = last
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(last.thread), ctypes.py_object(DoesNotEnd)
            )
        elif lasted > limit + _PATIENCE:
            arguments = ", ".join(map(repr, last.arguments))
            give_up(f"{last.what} does not end (after {lasted:.0f} s) on {arguments}")


def _is_within(call: Call) -> bool:
    """Whether a thread is in a call indeed: an interrupt may have left a record of one behind."""
    frame = sys._current_frames().get(call.thread)
    while frame is not None:
        if frame.f_code.co_filename == _GUARDED and frame.f_code.co_name == "call":
            return True
        frame = frame.f_back
    return False
