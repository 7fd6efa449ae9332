"""Walks by several processes, each of which takes the next walk that nobody has taken.

What is new is asked of Python, of which a process does one thing at a time: so processes, and not
threads. Each knows what it has met itself. Their walks are handed on in the order of the seeds, so
that nothing depends on who is faster.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from raft_ref.explorer.engines.memory import resident_bytes
from raft_ref.explorer.model.actor import ActorError
from raft_ref.explorer.model.watch import watch
from raft_ref.explorer.walks.walker import Walked, Walker

_FORK = multiprocessing.get_context("fork")

Make = Callable[[], Walker]


class _Said(NamedTuple):
    """What a process sends: of which walk (-1: of none), and the walk or what went wrong.

    None instead of them says that it ends: for want of walks, or because its memory is full.
    """

    number: int
    what: Walked | Exception | None


class Crew:
    """Processes that walk. They are ended by `end`.

    Arguments: how many; what makes a walker, in each of them; the seeds of the walks, and how many
    steps each has; how many bytes each process may use. One that uses more is followed by another,
    that begins with nothing.
    """

    def __init__(self, jobs: int, make: Make, seeds: range, steps: int, memory: int) -> None:
        self._make, self._seeds, self._steps, self._memory = make, seeds, steps, memory
        self._next = _FORK.Value("q", 0)
        self._processes: dict[Connection, Any] = {}
        for _ in range(min(jobs, len(seeds))):
            self._begin()

    def walks(self) -> Iterator[Walked]:
        """Yield the walks in the order of their seeds. Raises what a walk raises, in its turn."""
        waiting: dict[int, Walked | Exception] = {}
        for number in range(len(self._seeds)):
            while number not in waiting:
                for connection in wait([*self._processes]):
                    assert isinstance(connection, Connection)
                    self._hear(connection, waiting)
            walked = waiting.pop(number)
            if isinstance(walked, Exception):
                raise walked
            yield walked

    def end(self) -> None:
        """End all processes."""
        for connection, process in self._processes.items():
            process.kill()
            process.join()
            connection.close()
        self._processes.clear()

    def _begin(self) -> None:
        ours, theirs = _FORK.Pipe(duplex=False)
        others = [ours, *self._processes]
        process = _FORK.Process(target=self._work, args=(theirs, others), daemon=True)
        process.start()
        theirs.close()
        self._processes[ours] = process

    def _hear(self, connection: Connection, waiting: dict[int, Walked | Exception]) -> None:
        try:
            said: _Said = connection.recv()
        except (EOFError, OSError):
            process = self._processes[connection]
            process.join()
            raise ActorError(
                f"a process that walks was ended (exit code {process.exitcode})"
            ) from None
        if isinstance(said.what, Exception) and said.number < 0:
            raise said.what
        if said.what is not None:
            waiting[said.number] = said.what
            return
        self._processes.pop(connection).join()
        connection.close()
        if self._next.value < len(self._seeds):
            self._begin()

    # ---- In a process of the crew

    def _work(self, connection: Connection, others: list[Connection]) -> None:
        for other in others:
            other.close()  # so that they end when the parent does
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's alone to handle
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        watch(lambda what: self._give_up(connection, what))
        try:
            try:
                self._walk(connection)
                connection.send(_Said(-1, None))
            except ActorError as error:
                connection.send(_Said(-1, error))
        except OSError:
            os._exit(1)  # there is nobody to tell

    def _walk(self, connection: Connection) -> None:
        walker = self._make()
        while (number := self._take()) < len(self._seeds):
            try:
                walked: Walked | Exception = walker.walk(self._seeds[number], self._steps)
            except Exception as error:
                walked = _portable(error)
            connection.send(_Said(number, walked))
            if isinstance(walked, Exception) or resident_bytes() > self._memory:
                return

    def _take(self) -> int:
        """Return the number of the next walk that nobody has taken."""
        with self._next.get_lock():
            number: int = self._next.value
            self._next.value = number + 1
        return number

    @staticmethod
    def _give_up(connection: Connection, what: str) -> None:
        connection.send(_Said(-1, ActorError(what)))
        os._exit(2)


def _portable(error: Exception) -> Exception:
    """Return an error as it can be sent: of one of the user's own, the text."""
    return error if type(error) is ActorError else ActorError(f"{type(error).__name__}: {error}")
