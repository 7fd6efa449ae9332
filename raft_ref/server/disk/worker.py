"""What is done beside the event loop, in a thread of its own: one thing after the other."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

_Work = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Worker:
    """Does what it is given in order, and nothing at the same time."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._waiting = 0
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)
        self._thread.start()

    def do(self, call: Callable[[], Any]) -> "asyncio.Future[Any]":
        """Do something; the future has what it returns or raises. It is done even if cancelled."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        self._waiting += 1
        self._queue.put((call, loop, done))
        return done

    @property
    def is_idle(self) -> bool:
        """Whether all is done that was given, and its futures know."""
        return not self._waiting

    def end(self) -> None:
        """Do what was given, and nothing more."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            call, loop, done = work
            result, error = None, None
            try:
                result = call()
            except BaseException as raised:
                error = raised
            loop.call_soon_threadsafe(self._settle, done, result, error)

    def _settle(
        self, done: "asyncio.Future[Any]", result: Any, error: BaseException | None
    ) -> None:
        self._waiting -= 1
        if done.cancelled():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)
