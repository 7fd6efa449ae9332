"""Who hunts: one process or several, each with an adapter of its own.

The rule: a job has whole islands of the hunt, so that schedules do not depend on how many jobs
there are; what is found first is what has the lowest number, whoever came to it first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from raft_ref.explorer.engines.memory import rarely_collected
from raft_ref.spec.workers import workers
from raft_ref.traces.conformance.adapter import Adapter, AdapterCommand, adapter_of
from raft_ref.traces.conformance.hunting.departures import kind
from raft_ref.traces.conformance.hunting.draws import Likely
from raft_ref.traces.conformance.hunting.hunt import ISLANDS, Hunt, Hunted
from raft_ref.traces.conformance.run import Run
from raft_ref.traces.conformance.schedule import Schedule, as_written
from raft_ref.traces.validation.lines.profile import Profile

AT_A_TIME = 4
"""How many schedules a job follows before it tells of them."""


class Found(NamedTuple):
    """What stands against an implementation: its kind, in the schedule of which number."""

    number: int
    kind: str
    schedule: Schedule


@dataclass(frozen=True)
class Task:
    """What is to be hunted: the arguments of `Hunt`; where the trace of each run is written.

    With `goes_on`, after something was found as well; no more is begun after `until`, by the
    monotonic clock, or, `until_enough`, once what was met is enough; `has_answered` is as in
    `Adapter`.
    """

    command: AdapterCommand
    profile: Profile
    servers: tuple[str, ...]
    seed: int
    runs: int
    steps: int
    is_fifo: bool = False
    likely: Likely = field(default_factory=Likely)
    known: frozenset[str] = frozenset()
    goes_on: bool = False
    record: Path | None = None
    has_answered: bool = False
    until: float | None = None
    until_enough: bool = False

    def is_over(self, hunted: Hunted) -> bool:
        """Say whether its time is up, or what was done is enough."""
        if self.until_enough and hunted.coverage.is_enough(hunted.runs):
            return True
        return self.until is not None and time.monotonic() >= self.until


@dataclass
class Portion:
    """What a job has done since it told last, and found; `is_last` if it has no more to do."""

    hunted: Hunted
    found: list[Found]
    is_last: bool


class Share:
    """The share that one job has of a hunt.

    Arguments: the task; which of how many jobs; an adapter.
    """

    def __init__(self, task: Task, job: int, jobs: int, adapter: Adapter) -> None:
        self._task = task
        self._hunt = Hunt(
            adapter, task.profile, task.servers, task.seed, task.runs, task.steps,
            is_fifo=task.is_fifo, likely=task.likely, known=task.known,
        )  # fmt: skip
        self._hunt.probe()
        self._numbers = [n for n in range(task.runs) if n % ISLANDS % jobs == job][::-1]

    def portion(self, before: int) -> Portion:
        """Follow some schedules, of those with a number `before` which there is something to do.

        On Ctrl-C those that were done are the last.
        """
        found = list[Found]()
        self._hunt.begin_anew()
        try:
            with rarely_collected():
                for _ in range(AT_A_TIME):
                    if not self._numbers or self._numbers[-1] >= before or not self._one(found):
                        return Portion(self._hunt.hunted, found, is_last=True)
        except KeyboardInterrupt:
            self._hunt.hunted.is_interrupted = True
            return Portion(self._hunt.hunted, found, is_last=True)
        return Portion(self._hunt.hunted, found, is_last=False)

    def _one(self, found: list[Found]) -> bool:
        """Follow the next schedule; say whether to go on."""
        hunt, number = self._hunt, self._numbers.pop()
        run = hunt.one(number)
        record(run, number + 1, self._task.record)
        if hunt.hunted.found is None:
            return True
        hunt.hunted.found = None
        found.append(Found(number, kind(run), _schedule(run, hunt.runner.is_fifo)))
        return self._task.goes_on


def _schedule(run: Run, is_fifo: bool) -> Schedule:
    network = "fifo" if is_fifo else "set"
    commands = tuple(run.commands)
    return as_written(Schedule(run.servers, commands, network, features=run.features))


def record(run: Run, number: int, folder: Path | None) -> None:
    """Write the trace of a run into a folder, if there is one."""
    if folder is not None:
        run.write(folder / f"{number:04}.ndjson")


def hunted_by(
    jobs: int, task: Task, on_portion: Callable[[Hunted], None], hunted: Hunted
) -> list[Found]:
    """Hunt in one process or several; return what was found, the lowest number first.

    What was done is added to `hunted`, and `on_portion` called with it now and then; on Ctrl-C it
    ends with what was done so far, of fewer runs, and says so there.
    """
    found: list[Found] = []
    started = time.monotonic()
    portions = _here(task, found, hunted) if jobs == 1 else _there(jobs, task, found, hunted)
    try:
        for portion in portions:
            found += portion.found
            hunted.merge(portion.hunted)
            hunted.seconds = time.monotonic() - started
            on_portion(hunted)
    except KeyboardInterrupt:
        hunted.is_interrupted = True
    hunted.seconds = time.monotonic() - started
    return sorted(found)[: None if task.goes_on else 1]


def _before(task: Task, found: Sequence[Found], hunted: Hunted) -> int:
    """Return below which number there is something to do."""
    if task.is_over(hunted):
        return 0
    return task.runs if task.goes_on or not found else min(found).number


def _here(task: Task, found: list[Found], hunted: Hunted) -> Iterator[Portion]:
    with adapter_of(task.command, has_answered=task.has_answered) as adapter:
        adapter.features = task.likely.features
        share = Share(task, 0, 1, adapter)
        before, is_last = task.runs, False
        while not is_last:
            portion = share.portion(before)
            is_last = portion.is_last
            yield portion
            before = _before(task, found, hunted)


def _there(jobs: int, task: Task, found: list[Found], hunted: Hunted) -> Iterator[Portion]:
    with ExitStack() as stack:
        pools = [stack.enter_context(workers(1)) for _ in range(jobs)]

        def asked(job: int, before: int) -> Future[Portion]:
            return pools[job].submit(_portion, task, job, jobs, before)

        waiting = {asked(job, task.runs): job for job in range(jobs)}
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for each in done:
                job, portion = waiting.pop(each), each.result()
                yield portion
                if not portion.is_last:
                    waiting[asked(job, _before(task, found, hunted))] = job
        for pool in pools:
            pool.submit(_end).result()


_shares: dict[int, Share] = {}
_adapters: list[Adapter] = []


def _portion(task: Task, job: int, jobs: int, before: int) -> Portion:
    """Do some more of a share; what a process has begun it goes on with."""
    if job not in _shares:
        _adapters.append(adapter_of(task.command, has_answered=task.has_answered))
        _adapters[-1].features = task.likely.features
        _shares[job] = Share(task, job, jobs, _adapters[-1])
    return _shares[job].portion(before)


def _end() -> None:
    for adapter in _adapters:
        adapter.close()
