"""Jobs that run several at a time, and of which the first in their order to find anything counts.

So what is found does not depend on which process is faster: a later job that finds something waits
for those before it, and what comes after it is given up.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from raft_ref.verify.ladder.forked import Forked, Tell, heard

_PATIENCE = 5.0
_LOOK = 0.2


@dataclass(frozen=True, slots=True)
class Job:
    """What is done in a process of its own, until a time of `time.monotonic` at most.

    `rank` is its place in the order that counts, which need not be that in which jobs begin.
    """

    rank: int
    name: str
    work: Callable[[Tell], Any]
    until: float


@dataclass(slots=True)
class Race:
    """What became of jobs: their results by rank, None of those that had to be ended.

    `on_progress` is called with the names of those that run, each with what it told last. Raises
    in `run` what a job raises.
    """

    processes: int
    is_found: Callable[[Any], bool]
    on_progress: Callable[[Mapping[str, Any]], None]
    results: dict[int, Any] = field(default_factory=dict)
    is_interrupted: bool = False
    _running: dict[int, tuple[Job, Forked]] = field(default_factory=dict)
    _told: dict[int, Any] = field(default_factory=dict)
    _first: int | None = None

    def run(self, jobs: Iterator[Job]) -> None:
        """Run the jobs, in their order, until all have ended or one has found something."""
        try:
            self._run(jobs)
        except KeyboardInterrupt:
            self.is_interrupted = True
            self._stop()
        finally:
            for _, forked in self._running.values():
                forked.end()
            self._running.clear()

    def _run(self, waiting: Iterator[Job]) -> None:
        is_over = False
        while True:
            while not is_over and self._first is None and len(self._running) < self.processes:
                job = next(waiting, None)
                if job is None:
                    is_over = True
                else:
                    self._running[job.rank] = job, Forked(job.work, job.until)
            if not self._running:
                return
            self._listen()
            self._end_what_is_late()
            names = {self._running[n][0].name: told for n, told in self._told.items()}
            self.on_progress(names)

    def _listen(self) -> None:
        by_process = {id(forked): number for number, (_, forked) in self._running.items()}
        for forked in heard([forked for _, forked in self._running.values()], _LOOK):
            number = by_process[id(forked)]
            if number not in self._running:
                continue  # given up since
            said = forked.receive()
            if said.kind == "progress":
                self._told[number] = said.what
                continue
            self._forget(number)
            if said.kind == "error":
                raise said.what
            self.results[number] = said.what
            if self.is_found(said.what) and (self._first is None or number < self._first):
                self._first = number
                for later in [each for each in self._running if each > number]:
                    self._forget(later)

    def _forget(self, number: int) -> None:
        _, forked = self._running.pop(number)
        self._told.pop(number, None)
        forked.end()

    def _end_what_is_late(self) -> None:
        """End what should have stopped by itself: a search that waits for a node cannot."""
        now = time.monotonic()
        for number in [n for n, (job, _) in self._running.items() if now > job.until + _PATIENCE]:
            self._forget(number)
            self.results[number] = None

    def _stop(self) -> None:
        """Ask all to stop, and take what they say."""
        for _, forked in self._running.values():
            forked.interrupt()
        deadline = time.monotonic() + _PATIENCE
        while self._running and time.monotonic() < deadline:
            self._listen()
        self.results.update(dict.fromkeys(self._running))
