"""Two requests with one face: to drive an implementation through scenarios, or through a hunt.

The rule: the first run that something stands against ends it; what a hunt finds is shrunk.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Literal

from raft_ref.spec.requests import RequestError
from raft_ref.traces.conformance import schedule
from raft_ref.traces.conformance.adapter import Adapter
from raft_ref.traces.conformance.hunt import Hunt, Hunted
from raft_ref.traces.conformance.run import Run, Runner
from raft_ref.traces.conformance.schedule import Schedule
from raft_ref.traces.conformance.shrinking import following, shrunk
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.validation.lines.profile import Profile
from raft_ref.traces.validation.refusal import Refusal, explained
from raft_ref.traces.validation.validate import Outcome

Network = Literal["set", "fifo"]

RUNS, STEPS, SERVERS = 1_000, 60, ("s1", "s2", "s3")
"""What a hunt is of if nothing is said."""


class Conformance(StrEnum):
    """What became of an implementation: stopped is before anything stood against it."""

    CONFORMS = "conforms"
    REFUSED = "refused"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass
class ConformanceReport:
    """What was done, and the first run that something stands against.

    `runs` of `of_runs` were made, of `steps` in all; `departed` steps of `departing_runs` could not
    be taken, for want of the message; `inconclusive` runs came to no verdict. `actions` says how
    often each action of the spec was taken. `found` is that run, by its `name`, in that `network`;
    `shrunk_from` so many steps. A hunt has its `seed`, `seconds`, and how many `states` of the spec
    it saw, told apart by their shape.
    """

    of_runs: int = 0
    runs: int = 0
    steps: int = 0
    departed: int = 0
    departing_runs: int = 0
    inconclusive: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    found: Run | None = None
    name: str = ""
    network: str = "set"
    shrunk_from: int | None = None
    is_interrupted: bool = False
    seed: int | None = None
    states: int | None = None
    seconds: float = 0.0

    @property
    def outcome(self) -> Conformance:
        """What became of the implementation."""
        if self.found is not None:
            return Conformance.FAILED if self.found.failure else Conformance.REFUSED
        return Conformance.STOPPED if self.is_interrupted else Conformance.CONFORMS

    @property
    def reason(self) -> str:
        """What stands against it, in a few words; "" for nothing."""
        if self.found is None:
            return ""
        assert self.found.verdict is not None
        reason = self.found.failure or self.found.verdict.reason
        return reason or "no step of the spec explains its last line"

    @cached_property
    def refusal(self) -> Refusal | None:
        """Why the run is refused; None where it was not, or failed."""
        found = self.found
        if found is None or found.failure or found.verdict is None:
            return None
        return explained(found.verdict) if found.verdict.outcome is Outcome.REFUSED else None

    @property
    def schedule(self) -> Schedule | None:
        """What happened in the run that was found, to be followed again."""
        if self.found is None:
            return None
        return Schedule(self.found.servers, tuple(self.found.commands), self.network)


OnProgress = Callable[[ConformanceReport], None]
"""What to call before the first run and after each, with what was done so far."""


@dataclass(frozen=True)
class FollowRequest:
    """Drive the implementation behind an adapter through scenarios.

    `command` starts the adapter; `profile` reads its lines; `scenarios` are traces, and folders of
    them; the trace of every run is written into `record`, if that is given. Raises `RequestError`
    for no command.
    """

    command: tuple[str, ...]
    profile: Profile
    scenarios: tuple[Path, ...]
    record: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be started."""
        _demand_command(self.command)

    def run(self, on_progress: OnProgress = lambda report: None) -> ConformanceReport:
        """Follow the scenarios until something is found, or on Ctrl-C.

        Raises `TraceError` for what is no scenario, `AdapterError` where the adapter makes no
        sense.
        """
        _make(self.record)
        paths = [*self._files()]
        report = ConformanceReport(len(paths))
        on_progress(report)
        with Adapter(self.command) as adapter:
            runners = {
                network: Runner(adapter, self.profile, is_fifo=network == "fifo")
                for network in ("set", "fifo")
            }
            try:
                for path in paths:
                    scenario = schedule.read(path)
                    run = _follow(runners[scenario.network], scenario, report)
                    _record(run, report.runs, self.record)
                    on_progress(report)
                    if report.found is not None:
                        break
            except KeyboardInterrupt:
                report.is_interrupted = True
        return report

    def _files(self) -> Iterator[Path]:
        for path in self.scenarios:
            if not path.is_dir():
                yield path
                continue
            inside = sorted(path.glob("*.ndjson"))
            if not inside:
                raise TraceError(f"{path}: there are no scenarios in it (*.ndjson)")
            yield from inside


@dataclass(frozen=True)
class HuntRequest:
    """Drive the implementation behind an adapter through schedules drawn by chance.

    `command`, `profile` and `record` as in `FollowRequest`; `runs` schedules of `steps` each are
    drawn for these servers and this network from a seed (None: a new one). Raises `RequestError`
    for no command, and for numbers that cannot be.
    """

    command: tuple[str, ...]
    profile: Profile
    servers: tuple[str, ...] = SERVERS
    network: Network = "set"
    seed: int | None = None
    runs: int = RUNS
    steps: int = STEPS
    record: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be counted or started."""
        for name, number, least in (
            ("seed", self.seed, 0), ("runs", self.runs, 1), ("steps", self.steps, 1),
        ):  # fmt: skip
            if number is not None and number < least:
                raise RequestError(f"{name}: expected {least} or more")
        _demand_command(self.command)

    def run(self, on_progress: OnProgress = lambda report: None) -> ConformanceReport:
        """Hunt until something is found and shrunk, or all schedules are done, or on Ctrl-C.

        Raises `AdapterError` where the adapter makes no sense.
        """
        _make(self.record)
        seed = random.randrange(1 << 32) if self.seed is None else self.seed
        on_progress(ConformanceReport(self.runs, seed=seed))

        def on_run(hunted: Hunted, run: Run) -> None:
            _record(run, hunted.runs, self.record)
            on_progress(self._report(hunted, seed))

        with Adapter(self.command) as adapter:
            hunt = Hunt(
                adapter, self.profile, self.servers, seed, self.runs, self.steps, on_run,
                is_fifo=self.network == "fifo",
            )  # fmt: skip
            hunted = hunt.run()
            report = self._report(hunted, seed)
            report.is_interrupted = hunted.found is None and hunted.runs < self.runs
            if hunted.found is not None:
                report.shrunk_from = len(hunted.found.commands)
                report.found = shrunk(hunt.runner, hunted.found)
                report.name = f"schedule {hunted.runs} of seed {seed}"
                report.states = len(hunted.seen)  # shrinking has seen some more
        return report

    def _report(self, hunted: Hunted, seed: int) -> ConformanceReport:
        return ConformanceReport(
            of_runs=self.runs, runs=hunted.runs, steps=hunted.steps,
            inconclusive=hunted.inconclusive, actions=hunted.actions, network=self.network,
            seed=seed, states=len(hunted.seen), seconds=hunted.seconds,
        )  # fmt: skip


def _demand_command(command: tuple[str, ...]) -> None:
    if not command:
        raise RequestError("cmd: there is no command")


def _follow(runner: Runner, scenario: Schedule, report: ConformanceReport) -> Run:
    """Follow a scenario, and add it to the report."""
    run = runner.run(scenario.servers, following([*scenario.commands]), scenario.name)
    assert run.verdict is not None
    report.runs += 1
    report.steps += len(run.commands)
    report.departed += len(run.departed)
    report.departing_runs += bool(run.departed)
    report.actions += run.verdict.actions
    report.inconclusive += run.verdict.outcome is Outcome.INCONCLUSIVE
    if not run.is_good:
        report.found, report.name, report.network = run, scenario.name, scenario.network
    return run


def _make(folder: Path | None) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)


def _record(run: Run, number: int, folder: Path | None) -> None:
    if folder is not None:
        run.write(folder / f"{number:04}.ndjson")
