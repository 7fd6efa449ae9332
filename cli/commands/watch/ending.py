"""How a watch is asked to end: by the first signal when all is judged, by the second at once."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

AT_ONCE = 0.3
"""Within how many seconds two signals are one: `timeout` signals a command and its group."""


@contextmanager
def ending() -> Iterator[Callable[[], bool]]:
    """Yield what says whether Ctrl-C or SIGTERM has come; the second one interrupts."""
    came: list[float] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def notes(number: int, frame: Any) -> None:
        now = time.monotonic()
        if came and now - came[0] > AT_ONCE:
            raise KeyboardInterrupt
        came.append(now)

    for number in before:
        signal.signal(number, notes)
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
