"""Two requests with one face: to drive an implementation through scenarios, or through a hunt.

The rule: the first run that something stands against ends it, unless all kinds are asked for; what
is found is shrunk, replayed and followed up. What was not exercised is no verdict.
"""

from __future__ import annotations

import random
import shlex
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from raft_ref.spec.requests import RequestError
from raft_ref.traces.conformance import schedule
from raft_ref.traces.conformance.adapter import Adapter, AdapterCommand, adapter_of, words_of
from raft_ref.traces.conformance.hunting.alone import SOUGHT
from raft_ref.traces.conformance.hunting.database import Database, Replayed
from raft_ref.traces.conformance.hunting.departures import behind_known, kind
from raft_ref.traces.conformance.hunting.draws import WEIGHTS, WEIGHTS_OF_FEATURES, Likely
from raft_ref.traces.conformance.hunting.findings import Finding, Settling, met
from raft_ref.traces.conformance.hunting.hunt import Hunted
from raft_ref.traces.conformance.hunting.jobs import Found, Task, hunted_by, record
from raft_ref.traces.conformance.hunting.shrinking import TRIES
from raft_ref.traces.conformance.report import ConformanceReport
from raft_ref.traces.conformance.run import Run, Runner, following
from raft_ref.traces.conformance.schedule import Schedule
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.validation.lines.profile import Profile

Network = Literal["set", "fifo"]

RUNS, STEPS, SERVERS = 1_000, 60, ("s1", "s2", "s3")
"""What a hunt is of if nothing is said."""
RUNS_IN_TIME = 1_000_000
"""How many schedules there are at most where something else ends a hunt."""

OTHERS, OTHER_RUNS = 3, 40
"""How many more schedules with the same against them are made short, of how many at most."""

OnProgress = Callable[[ConformanceReport], None]
"""What to call before the first run and after each, with what was done so far."""


@dataclass(frozen=True)
class FollowRequest:
    """Drive the implementation behind an adapter through scenarios.

    `command` starts the adapter; `profile` reads its lines; `scenarios` are traces, and folders of
    them; the trace of every run is written into `record`, if that is given. Kinds that are `known`
    stand against nobody; with `goes_on` the others are all told. The steps `without` are left out;
    the `features` are on where a scenario does not say which. Raises `RequestError` for no command.
    """

    command: AdapterCommand
    profile: Profile
    scenarios: tuple[Path, ...]
    record: Path | None = None
    known: frozenset[str] = frozenset()
    goes_on: bool = False
    without: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what cannot be started, and steps that there are not."""
        _demand_steps(self.without)
        _demand_command(self.command)

    def run(self, on_progress: OnProgress = lambda report: None) -> ConformanceReport:
        """Follow the scenarios until something is found, or on Ctrl-C.

        Raises `TraceError` for what is no scenario, `AdapterError` where the adapter makes no
        sense.
        """
        _make(self.record)
        paths = [*self._files()]
        report = ConformanceReport(len(paths), without=self.without)
        on_progress(report)
        try:
            self._follow_all(paths, report, on_progress)
        except KeyboardInterrupt:
            report.is_interrupted = True
        return report

    def _follow_all(
        self, paths: list[Path], report: ConformanceReport, on_progress: OnProgress
    ) -> None:
        adopted = behind_known(self.known)
        with adapter_of(self.command) as adapter:
            runners = {
                network: Runner(adapter, self.profile, is_fifo=network == "fifo", adopted=adopted)
                for network in ("set", "fifo")
            }
            for path in paths:
                scenario = schedule.read(path)
                adapter.features = scenario.features or self.features
                self._follow(runners[scenario.network], scenario, report)
                on_progress(report)
                if report.findings and not self.goes_on:
                    break

    def _follow(self, runner: Runner, scenario: Schedule, report: ConformanceReport) -> None:
        """Follow a scenario, and add it to the report."""
        asked = [each for each in scenario.commands if each.step not in self.without]
        run = runner.run(scenario.servers, following(asked), scenario.name, goes_on=True)
        report.add(run, len(asked))
        record(run, report.runs, self.record)
        if run.is_good:
            return
        found = kind(run)
        if found in self.known and run.consequence is None:
            report.known[found] += 1
        elif same := next((each for each in report.findings if each.kind == found), None):
            same.times += 1
        else:
            _add_as_it_is(report, runner, run, found, scenario)

    def _files(self) -> Iterator[Path]:
        for path in self.scenarios:
            if not path.is_dir():
                yield path
                continue
            inside = sorted(path.glob("*.ndjson"))
            if not inside:
                raise TraceError(f"{path}: there are no scenarios in it (*.ndjson)")
            yield from inside


def _add_as_it_is(
    report: ConformanceReport,
    runner: Runner,
    run: Run,
    found: str,
    followed: Schedule,
    kept: Path | None = None,
) -> None:
    """Add to the report what a schedule shows, which may be one that is kept; then replay it."""
    finding = Finding(found, run, followed.name, followed.network, kept=kept)
    if run.consequence is not None:
        finding.fatal = run
    report.findings.append(finding)
    finding.replays = Settling(runner).does_replay(run, found)


@dataclass(frozen=True)
class HuntRequest:
    """Drive the implementation behind an adapter through schedules drawn by chance.

    `command`, `profile`, `record`, `known` and `goes_on` as in `FollowRequest`; `runs` schedules of
    `steps` each are drawn for these servers and this network from a seed (None: a new one), by
    `jobs` processes with an adapter each (one for what answers in this process); `likely` says
    which steps are left out or weighed. What is found is followed `tries` times at most to be
    shrunk, and `sought` steps further for a consequence. No schedule is begun after `seconds`, or,
    `until_enough`, once hardly one would meet a branch of the spec that is new. What is found is
    kept in a `database`, a folder, and followed first the next time; what is there and no longer
    fails is removed. Raises `RequestError` for no command, and for numbers that cannot be.
    """

    command: AdapterCommand
    profile: Profile
    servers: tuple[str, ...] = SERVERS
    network: Network = "set"
    seed: int | None = None
    runs: int = RUNS
    steps: int = STEPS
    record: Path | None = None
    jobs: int = 1
    likely: Likely = field(default_factory=Likely)
    known: frozenset[str] = frozenset()
    goes_on: bool = False
    tries: int = TRIES
    sought: int = SOUGHT
    seconds: float | None = None
    database: Path | None = None
    until_enough: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be counted or started."""
        for name, number, least in (
            ("seed", self.seed, 0), ("runs", self.runs, 1), ("steps", self.steps, 1),
            ("jobs", self.jobs, 1), ("tries", self.tries, 0), ("sought", self.sought, 0),
            ("time", self.seconds, 0),
        ):  # fmt: skip
            if number is not None and number < least:
                raise RequestError(f"{name}: expected {least} or more")
        if callable(self.command) and self.jobs > 1:
            raise RequestError("jobs: what answers in this process has one")
        _demand_steps((*self.likely.without, *self.likely.times))
        _demand_command(self.command)

    def run(self, on_progress: OnProgress = lambda report: None) -> ConformanceReport:
        """Hunt until something is found and shrunk, or all schedules are done, or on Ctrl-C.

        What was found by then is followed again, whatever it is that Ctrl-C ends; on the second it
        is told as it is. Raises `AdapterError` where the adapter makes no sense.
        """
        _make(self.record)
        seed = random.randrange(1 << 32) if self.seed is None else self.seed
        report = ConformanceReport(
            self.runs, seed=seed, without=self.likely.without, servers=len(self.servers)
        )
        report.count(Hunted())
        on_progress(report)
        try:
            self._follow_kept(report)
            if self.goes_on or not report.findings:
                self._hunt(report, seed, on_progress)
        except KeyboardInterrupt:
            report.is_interrupted = True
        self._keep(report)
        return report

    def _hunt(self, report: ConformanceReport, seed: int, on_progress: OnProgress) -> None:
        def on_portion(hunted: Hunted) -> None:
            report.count(hunted)
            on_progress(report)

        hunted, task = Hunted(), self._task(seed)
        found = hunted_by(self.jobs, task, on_portion, hunted)
        report.count(hunted)
        if task.is_over(hunted) and hunted.runs:
            report.of_runs = hunted.runs
        is_short = hunted.runs < report.of_runs and (self.goes_on or not found)
        report.is_interrupted = hunted.is_interrupted or is_short
        self._settle(found, seed, report, on_progress)

    def _follow_kept(self, report: ConformanceReport) -> None:
        """Follow what was found before, and remove what no longer fails."""
        database = self._database
        entries = [] if database is None else database.entries()
        if database is None or not entries:
            return
        with adapter_of(self.command) as adapter:
            runner = self._runner(adapter)
            for path in entries:
                kept = schedule.read(path)
                adapter.features = kept.features or self.likely.features
                runner.is_fifo = kept.network == "fifo"
                run = runner.run(kept.servers, following(kept.commands), kept.name, goes_on=True)
                is_known = path in map(database.path, run.adopted)
                report.replayed.append(Replayed(path, is_known or not run.is_good))
                if not report.replayed[-1].fails:
                    database.remove(path)
                elif not run.is_good and (found := kind(run)) not in self.known:
                    _add_as_it_is(report, runner, run, found, kept, path)

    def _keep(self, report: ConformanceReport) -> None:
        """Keep what was found, of each kind one schedule."""
        if self._database is None:
            return
        for each in report.findings:
            if each.replays and each.kept is None:
                source = shlex.join(words_of(self.command))
                each.kept = self._database.keep(each.kind, each.schedule, source)

    @property
    def _database(self) -> Database | None:
        return None if self.database is None else Database(self.database, words_of(self.command))

    def _task(self, seed: int) -> Task:
        return Task(
            self.command, self.profile, self.servers, seed, self.runs, self.steps,
            self.network == "fifo", self.likely, self.known, self.goes_on, self.record,
            until=None if self.seconds is None else time.monotonic() + self.seconds,
            until_enough=self.until_enough,
        )  # fmt: skip

    def _runner(self, adapter: Adapter) -> Runner:
        """Return what follows schedules as the hunt does, behind what is known, too."""
        adopted = behind_known(self.known)
        return Runner(adapter, self.profile, is_fifo=self.network == "fifo", adopted=adopted)

    def _settle(
        self, found: list[Found], seed: int, report: ConformanceReport, on_progress: OnProgress
    ) -> None:
        """Make each kind that was found short, the first of each kind first."""
        told = {each.kind for each in report.findings}
        new = [each for each in found if each.kind not in told]
        of_kinds = {each.kind: [one for one in new if one.kind == each.kind] for each in new}
        findings: dict[str, Finding] = {}
        for name, (first, *more) in of_kinds.items():
            called = f"schedule {first.number + 1} of seed {seed}"
            findings[name] = met(first.schedule, name, called)
            findings[name].times += len(more)
        # Whatever comes, what was met is told.
        report.findings += findings.values()
        with adapter_of(self.command, has_answered=True) as adapter:
            adapter.features = self.likely.features
            settling = Settling(
                self._runner(adapter), seed, self.tries, self.sought, self.likely.without
            )
            for name, finding in findings.items():
                report.shrinks = name
                on_progress(report)
                if report.is_interrupted:
                    settling.cut_short(finding)
                    continue
                others = of_kinds[name][1 : OTHERS + 1]
                settling.settle(finding, partial(self._others, others, name, seed))
                report.is_interrupted = finding.is_interrupted

    def _others(self, others: list[Found], name: str, seed: int) -> list[Schedule]:
        """Return more schedules with the same against them: those met, or of another seed."""
        if others or not self.tries:
            return [each.schedule for each in others]
        task = Task(
            self.command, self.profile, self.servers, seed + 1, OTHER_RUNS, self.steps,
            self.network == "fifo", self.likely, self.known, goes_on=True, has_answered=True,
        )  # fmt: skip
        hunted = Hunted()
        found = hunted_by(self.jobs, task, lambda _: None, hunted)
        if hunted.is_interrupted:
            raise KeyboardInterrupt
        return [each.schedule for each in found if each.kind == name][:OTHERS]


def _demand_steps(names: Iterable[str]) -> None:
    for name in names:
        if name not in (*WEIGHTS, *WEIGHTS_OF_FEATURES):
            raise RequestError(f"step {name}: expected one of {', '.join(WEIGHTS)}")


def _demand_command(command: AdapterCommand) -> None:
    if not command:
        raise RequestError("cmd: there is no command")


def _make(folder: Path | None) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
