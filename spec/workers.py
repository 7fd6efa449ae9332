"""Processes that work beside this one, and end with what they work for."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context


@contextmanager
def workers(processes: int | None) -> Iterator[ProcessPoolExecutor]:
    """Yield processes that work (default: one for each core); an interrupt ends them at once."""
    with ProcessPoolExecutor(
        processes or os.cpu_count() or 1,
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(os.getpid(),),
    ) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                process.terminate()
            raise


def end_with(parent: int) -> None:
    """End this process when the process `parent` has ended, however it did."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def _begin(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's alone to handle
    end_with(parent)
