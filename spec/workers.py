"""Processes that work beside this one, and end with what they work for."""

import os
import signal
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
        initializer=signal.signal,  # an interrupt is ours alone to handle
        initargs=(signal.SIGINT, signal.SIG_IGN),
    ) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                process.terminate()
            raise
